"""Static files: each has its content's hash in its URL and is cached indefinitely."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slotmcp.web.dashboard.pages import SECURITY_HEADERS
from slotmcp.web.dashboard.timeline import stylesheet
from slotmcp.web.responses import error_response

STATIC_PATH: Final = "/dashboard/static/{digest}/{name:path}"
NAMES: Final = (
    "dashboard.css",
    "panels.css",
    "board.css",
    "timeline.css",
    "dashboard.js",
    "board.js",
    "icon.svg",
    "vendor/htmx.min.js",
    "vendor/htmx-sse.min.js",
)
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HASH_DIGITS: Final = 12
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    digest: str


class StaticFiles:
    """Files of the package's `static` folder, read once."""

    def __init__(self) -> None:
        self._files = {name: _read(name) for name in NAMES}

    def url(self, name: str) -> str:
        """Return the URL path of a file, below the path where the app is mounted."""
        return f"/dashboard/static/{self._files[name].digest}/{name}"

    async def serve(self, http: Request) -> Response:
        """Serve a file. A URL with an old hash gets the current content, uncached."""
        file = self._files.get(http.path_params["name"])
        if file is None:
            return error_response(404, "not_found", "File not found.")
        is_current = http.path_params["digest"] == file.digest
        caching = {"Cache-Control": _IMMUTABLE if is_current else "no-cache"}
        return Response(file.content, media_type=file.media_type, headers={**SECURITY_HEADERS, **caching})


def _read(name: str) -> _File:
    if name == "timeline.css":  # 600 generated rules
        content = stylesheet().encode()
    else:
        content = files("slotmcp.web.dashboard").joinpath("static", *name.split("/")).read_bytes()
    return _File(content, _TYPES[name[name.rindex(".") :]], sha256(content).hexdigest()[:_HASH_DIGITS])
