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


def error_response(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **fields: object
) -> JSONResponse:
    """Return an HTTP error with a stable code, a message and further fields."""
    body = {"error": code, "message": message, **fields}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


def retry_response(status: int, code: str, message: str, *, after_ms: int) -> JSONResponse:
    """Return an HTTP error that asks the client to retry; `Retry-After` has whole seconds, rounded up."""
    return error_response(status, code, message, headers=retry_headers(after_ms), retryAfterMs=after_ms)


def retry_headers(after_ms: int) -> Mapping[str, str]:
    """Return the header `Retry-After`, unless the time is 0."""
    return {"Retry-After": str(-(-after_ms // MS_PER_SECOND))} if after_ms else {}


def try_later_response(error: TryLater) -> JSONResponse:
    """Return a 503 with the error's delay."""
    return retry_response(503, error.code, error.message, after_ms=error.retry_after_ms)
