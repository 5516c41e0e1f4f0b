"""MCP server over HTTP: Streamable HTTP for every protocol revision, and SSE for older clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import orjson
from mcp.server import MCPServer
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.services.current_principal import acting_as
from slotmcp.tools.gate import CallGate

_CALL_TOOL: Final = "tools/call"

STREAMABLE_PATH: Final = "/mcp"
SSE_PATH: Final = "/sse"
MESSAGES_PATH: Final = "/messages/"

_NO_HOST_CHECK: Final = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""HostOriginMiddleware checks hosts and origins on every route before a request arrives here."""


class McpHttpApp:
    """ASGI app of a server. It can run only once."""

    def __init__(self, server: MCPServer, gate: CallGate, *, max_body_bytes: int) -> None:
        streamable = server.streamable_http_app(
            streamable_http_path=STREAMABLE_PATH,
            json_response=True,
            stateless_http=True,
            max_request_body_size=max_body_bytes,
            transport_security=_NO_HOST_CHECK,
        )
        sse = server.sse_app(
            sse_path=SSE_PATH,
            message_path=MESSAGES_PATH,
            max_request_body_size=max_body_bytes,
            transport_security=_NO_HOST_CHECK,
        )
        self._app: ASGIApp = Router(routes=[*streamable.routes, *map(_without_head, sse.routes)])
        self._sessions = server.session_manager
        self._gate = gate

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests until the block ends."""
        async with self._sessions.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. An SSE stream belongs to the credential that opened it."""
        principal = self._gate.principal
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=principal.credential, scopes=[]))
        with acting_as(replace(principal, connection=sse_session(scope))):
            await self._app(scope, receive, send)


def sse_session(scope: Scope) -> str:
    """Return the SSE session of a message; empty for every other request. The SDK refuses sessions of other clients."""
    if not scope["path"].endswith(MESSAGES_PATH):
        return ""
    return QueryParams(scope["query_string"]).get("session_id", "")


def requested_tool(body: bytes) -> str:
    """Return the name of the tool that a message calls; empty for every other message."""
    try:
        message = orjson.loads(body)
        return str(message["params"]["name"]) if message["method"] == _CALL_TOOL else ""
    except (ValueError, LookupError, TypeError):
        return ""


def _without_head(route: BaseRoute) -> BaseRoute:
    """Return the route without HEAD: the stream of a HEAD request has no reader and would fail when it ends."""
    if isinstance(route, Route) and route.methods:
        route.methods.discard("HEAD")
    return route
