"""Host and origin checks, which protect against DNS rebinding and cross-site requests."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.telemetry.logs import RepeatedWarning
from slotmcp.web.responses import error_response

WRONG_HOST: Final = "Host not allowed: see SLOTMCP_PUBLIC_URL and SLOTMCP_ALLOWED_HOSTS."
WRONG_ORIGIN: Final = "Origin not allowed: see SLOTMCP_ALLOWED_ORIGINS."
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPolicy:
    """Allowed hosts and origins, each exact or with `:*` for any port. An empty `hosts` allows every host."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]

    def allows_host(self, host: str) -> bool:
        """Check a Host header."""
        return not self.hosts or _matches(host, self.hosts)

    def allows_origin(self, origin: str, host: str) -> bool:
        """Check an Origin header: it is listed, or it is this server's own and the hosts are known."""
        is_own = bool(self.hosts) and origin in {f"http://{host}", f"https://{host}"}
        return is_own or _matches(origin, self.origins)


LOOPBACK: Final = HostPolicy(
    hosts=tuple(name + port for name in _LOOPBACK for port in ("", ":*")),
    origins=tuple(f"http://{name}{port}" for name in _LOOPBACK for port in ("", ":*")),
)
"""Policy for this machine only. It rejects other sites' names that resolve to this machine."""


class HostOriginMiddleware:
    """Middleware that rejects requests with another host or a foreign origin."""

    def __init__(self, app: ASGIApp, policy: HostPolicy) -> None:
        self._app = app
        self._policy = policy
        self._wrong_host = RepeatedWarning("wrong_host")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if not self._policy.allows_host(host):
            self._wrong_host.log(problem=_unknown_host(host))
            await error_response(421, "wrong_host", WRONG_HOST)(scope, receive, send)
        elif origin and not self._policy.allows_origin(origin, host):
            await error_response(403, "wrong_origin", WRONG_ORIGIN)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _unknown_host(host: str) -> str:
    """Describe a refused host. Other text than a name or address could contain anything, and is omitted."""
    name = host if re.fullmatch(r"[\w.:\[\]-]{1,255}", host, re.ASCII) else "another host"
    return f"refused a request for {name}; if clients use this host, set SLOTMCP_PUBLIC_URL or SLOTMCP_ALLOWED_HOSTS"


def _matches(name: str, allowed: Collection[str]) -> bool:
    if name in allowed:
        return True
    bare, _, port = name.rpartition(":")
    return port.isdigit() and f"{bare}:*" in allowed
