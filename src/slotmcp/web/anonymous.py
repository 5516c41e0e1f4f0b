"""Requests without a credential, to a server that is open."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.access import Principal
from slotmcp.domain.errors import Forbidden
from slotmcp.services.current_principal import acting_as
from slotmcp.services.open_access import FIRST_KEY, FORWARDED, OpenAccess
from slotmcp.web.authentication import within_call
from slotmcp.web.late_bodies import run_while_valid
from slotmcp.web.responses import error_response

_FORWARDING_HEADERS: Final = ("forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip")
_FORWARDING_PREFIX: Final = "x-forwarded-"


class AnonymousAccess:
    """Middleware that admits every request as one principal while access is open, and then authenticates."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        open_access: OpenAccess,
        principal: Principal,
        authenticate: Callable[[ASGIApp], ASGIApp],
    ) -> None:
        self._app = app
        self._open_access = open_access
        self._principal = principal
        self._authenticated = authenticate(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if not self._open_access.is_open:
            await self._authenticated(scope, receive, send)
            return
        try:
            require_direct(self._open_access, Headers(scope=scope))
        except Forbidden as error:
            await error_response(403, "forwarded", error.message)(scope, receive, send)
            return
        with acting_as(within_call(self._principal, scope)):
            await run_while_valid(self._app, scope, receive, send, self._check_again)

    async def _check_again(self) -> Response | None:
        if self._open_access.is_open:
            return None
        return error_response(401, "unauthorized", FIRST_KEY)


def require_direct(open_access: OpenAccess, headers: Headers) -> None:
    """Reject a forwarded request to a server that is open to this machine only.

    A server that was started with --no-auth admits it: its operator knows the proxy.

    Raises:
        Forbidden.
    """
    if open_access.may_close and is_forwarded(headers):
        open_access.log_forwarded()
        raise Forbidden(FORWARDED)


def is_forwarded(headers: Headers) -> bool:
    """Return whether a proxy or a tunnel forwarded a request, by its headers."""
    names = headers.keys()
    return any(name.startswith(_FORWARDING_PREFIX) or name in _FORWARDING_HEADERS for name in names)
