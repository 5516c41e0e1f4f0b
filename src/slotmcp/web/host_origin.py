"""From where a request may come: the names this server goes by, and the web pages that may call it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.web.answers import refusal

WRONG_HOST: Final = "This server does not go by that name: see SLOTMCP_ALLOWED_HOSTS."
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Names and origins, each exact or with `:*` for any port. No names: any."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]

    def is_known_host(self, host: str) -> bool:
        """Whether this server goes by a name."""
        return not self.hosts or _is_among(host, self.hosts)

    def is_known_origin(self, origin: str, host: str) -> bool:
        """Whether a web page may call: it is listed, or this server's own, if that can be told."""
        own = bool(self.hosts) and origin in {f"http://{host}", f"https://{host}"}
        return own or _is_among(origin, self.origins)


LOOPBACK: Final = Places(
    hosts=tuple(name + port for name in _LOOPBACK for port in ("", ":*")),
    origins=tuple(f"http://{name}{port}" for name in _LOOPBACK for port in ("", ":*")),
)
"""This machine alone: a web page elsewhere that has its name resolved to here is refused."""


class HostOriginMiddleware:
    """Refuses requests for another host, and those of web pages that are not listed."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if not self._places.is_known_host(host):
            told = refusal(421, "wrong_host", WRONG_HOST)
            await told(scope, receive, send)
        elif origin and not self._places.is_known_origin(origin, host):
            told = refusal(403, "wrong_origin", "Web pages of that origin may not call: see SLOTMCP_ALLOWED_ORIGINS.")
            await told(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_among(name: str, known: Collection[str]) -> bool:
    if name in known:
        return True
    bare, _, port = name.rpartition(":")
    return port.isdigit() and f"{bare}:*" in known
