"""JSON error responses of the HTTP interface."""

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Scope

from slotmcp.domain.errors import TryLater
from slotmcp.domain.interval import MS_PER_SECOND


def path_in_app(scope: Scope) -> str:
    """Return the request path below the path where the app is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def error_response(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an HTTP error with a stable code and a message."""
    return JSONResponse({"error": code, "message": message}, status, {"Cache-Control": "no-store", **(headers or {})})


def retry_response(status: int, code: str, message: str, *, after_seconds: int) -> JSONResponse:
    """Return an HTTP error that asks the client to retry."""
    return error_response(status, code, message, headers={"Retry-After": str(after_seconds)})


def try_later_response(error: TryLater) -> JSONResponse:
    """Return a 503 with the error's delay in whole seconds, rounded up."""
    return retry_response(503, error.code, error.message, after_seconds=-(-error.retry_after_ms // MS_PER_SECOND))
