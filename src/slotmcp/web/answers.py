"""What is answered before anybody gets to a tool: plain JSON, a code and a sentence."""

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Scope


def path_of(scope: Scope) -> str:
    """The path of a request within the app, wherever that is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def refusal(status: int, code: str, sentence: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An HTTP error that says what to do about it."""
    return JSONResponse({"error": code, "message": sentence}, status, {"Cache-Control": "no-store", **(headers or {})})


def retry(status: int, code: str, sentence: str, *, after_seconds: int) -> JSONResponse:
    """An HTTP error that the same request may not meet again."""
    return refusal(status, code, sentence, headers={"Retry-After": str(after_seconds)})
