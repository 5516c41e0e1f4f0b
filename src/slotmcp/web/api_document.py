"""`GET /openapi.json`, which needs no credential.

Platforms import the document without one. It describes only the program's own tools, which are public. A request with
a credential gets those of its scopes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain import access
from slotmcp.domain.access import ANONYMOUS
from slotmcp.services.current_principal import acting_as, current_principal
from slotmcp.web.authentication import CREDENTIAL_HEADERS
from slotmcp.web.json_bodies import JSON

WriteDocument = Callable[[frozenset[access.Scope]], bytes]
"""Returns the document of the tools of some scopes."""

ANONYMOUS_CALLER: Final = replace(ANONYMOUS, scopes=access.Scope.CALLER.included)
"""Principal of a request without a credential: it reads about the callers' tools, and reaches no project."""


class DocumentEndpoint:
    """ASGI app that serves the document of the current principal."""

    def __init__(self, write: WriteDocument) -> None:
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        scopes = current_principal(ANONYMOUS).scopes
        response = Response(self._write(scopes), headers={"Cache-Control": "no-store"}, media_type=JSON)
        await response(scope, receive, send)


class OptionalAuthentication:
    """Middleware that authenticates only requests with a credential. On an open server, all are authenticated."""

    def __init__(
        self, app: ASGIApp, *, authenticate: Callable[[ASGIApp], ASGIApp], is_open: Callable[[], bool]
    ) -> None:
        self._app = app
        self._authenticated = authenticate(app)
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        headers = Headers(scope=scope)
        if self._is_open() or any(name in headers for name in CREDENTIAL_HEADERS):
            await self._authenticated(scope, receive, send)
            return
        with acting_as(ANONYMOUS_CALLER):
            await self._app(scope, receive, send)
