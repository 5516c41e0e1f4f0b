"""What pages load besides themselves: each file at an address with its content's hash, to be kept for ever."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slotmcp.web.answers import refusal
from slotmcp.web.dashboard.security import SECURITY
from slotmcp.web.dashboard.timeline import stylesheet

STATIC_PATH: Final = "/dashboard/static/{digest}/{name:path}"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HASH_DIGITS: Final = 12
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()[:_HASH_DIGITS]


class StaticFiles:
    """The files of the package's folder `static`, read once."""

    def __init__(self) -> None:
        self._files = {name: _read(name) for name in NAMES}

    def url(self, name: str) -> str:
        """Where a file is to be had, below where the app is mounted."""
        return f"/dashboard/static/{self._files[name].digest}/{name}"

    async def serve(self, request: Request) -> Response:
        """A file. An address with an old hash has the newest content, which is not to be kept."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return refusal(404, "not_found", "There is no such file.")
        is_newest = request.path_params["digest"] == found.digest
        caching = {"Cache-Control": _FOR_EVER if is_newest else "no-cache"}
        return Response(found.content, media_type=found.media_type, headers={**SECURITY, **caching})


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


def _read(name: str) -> _File:
    if name == "timeline.css":  # six hundred rules that differ by a number
        content = stylesheet().encode()
    else:
        content = files("slotmcp.web.dashboard").joinpath("static", *name.split("/")).read_bytes()
    return _File(content, _TYPES[name[name.rindex(".") :]])
