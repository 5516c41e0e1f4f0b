"""MCP server over HTTP: Streamable HTTP for every protocol revision, and SSE for older clients."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from math import inf
from typing import Final
from uuid import UUID

import anyio
import orjson
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.sse import SseServerTransport
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.errors import ErrorCode
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.fast_calls import FastToolCalls, offers_fast_calls, replay
from slotmcp.tools.gate import CallGate
from slotmcp.tools.server import CALL_TOOL, TOOL_NAMES, SlotmcpServer
from slotmcp.tools.streams import MAX_MESSAGE_BYTES, CountedWrites, Streams, TooManyStreams

_LISTEN: Final = (b"mcp-method", b"subscriptions/listen")
_LIMITED: Final = "slotmcp.limited_stream"
"""Key of the limited stream in the scope of its request."""
RETRY_STREAM_MS: Final = 5_000

STREAMABLE_PATH: Final = "/mcp"
SSE_PATH: Final = "/sse"
MESSAGES_PATH: Final = "/messages/"

_NO_HOST_CHECK: Final = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""HostOriginMiddleware checks hosts and origins on every route before a request arrives here."""


Refuse = Callable[[int, str, str, int], ASGIApp]
"""Returns the response with a status, an error code, a message, and the milliseconds after which to retry."""


class McpHttpApp:
    """ASGI app of a server. It can run only once.

    Every request counts against the rate of its credential, and every event stream against the number of its streams.
    """

    def __init__(  # noqa: PLR0913  one parameter per option
        self,
        server: SlotmcpServer,
        gate: CallGate,
        *,
        streams: Streams,
        refuse: Refuse,
        max_body_bytes: int,
        fast_calls: bool = True,
    ) -> None:
        streamable = server.streamable_http_app(
            streamable_http_path=STREAMABLE_PATH,
            json_response=True,
            stateless_http=True,
            max_request_body_size=max_body_bytes,
            transport_security=_NO_HOST_CHECK,
        )
        sse = SseServerTransport(MESSAGES_PATH, _NO_HOST_CHECK, min(max_body_bytes, MAX_MESSAGE_BYTES))
        sse_route = Route(SSE_PATH, _SseEndpoint(server, sse), methods=["GET"])
        messages = Mount(MESSAGES_PATH, app=sse.handle_post_message)
        self._sdk: ASGIApp = Router(routes=[*streamable.routes, _without_head(sse_route), messages])
        self._app: ASGIApp = self._sdk
        self._has_fast_calls = fast_calls and offers_fast_calls(version("mcp"))
        self.server: Final = server
        self._gate = gate
        self._refuse = refuse
        self._streams = streams
        server.add_own_middleware(self._streams.count_message)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests until the block ends."""
        async with self.server.session_manager.run():
            if self._has_fast_calls:
                self._app = FastToolCalls(self._sdk, self.server, path=STREAMABLE_PATH)
            try:
                yield
            finally:
                self._app = self._sdk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. An SSE stream belongs to the credential that opened it."""
        principal = self._gate.principal
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=principal.credential, scopes=[]))
        wait_ms = await self._gate.count_message(principal)
        with acting_as(replace(principal, connection=sse_session(scope))):
            if wait_ms:
                await self._limited(wait_ms, scope, receive, send)
            elif _opens_stream(scope):
                await self._open_stream(principal.credential, scope, receive, send)
            elif session_id := sse_session(scope):
                await self._post_message(session_id, principal.credential, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _limited(self, wait_ms: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request above the rate. The tools respond themselves, so that an agent can read the response."""
        body = await _read_body(receive) if scope["method"] == "POST" else b""
        if requested_tool(body) in TOOL_NAMES:
            with self._gate.refusing(wait_ms):
                await self._app(scope, _replay(body, receive), send)
            return
        message = "Too many requests in a short time; nothing was done."
        await self._refuse(429, ErrorCode.RATE_LIMITED, message, wait_ms)(scope, receive, send)

    async def _open_stream(self, credential: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._streams.open(credential, scope) as stream:
                if scope["method"] == "POST":
                    receive = _replay(await _read_body(receive, MAX_MESSAGE_BYTES), receive)
                await self._app({**scope, _LIMITED: stream}, receive, partial(stream.send, send))
        except TooManyStreams as error:
            status, whose = (503, "this server") if error.is_server_full else (429, "this credential")
            message = f"Too many event streams of {whose} are open. Close one, or retry later."
            await self._refuse(status, "too_many_streams", message, RETRY_STREAM_MS)(scope, receive, send)
        except _BodyTooLargeError:
            message = f"Send at most {MAX_MESSAGE_BYTES} bytes to open a subscription."
            await self._refuse(413, "too_large", message, 0)(scope, receive, send)

    async def _post_message(self, session_id: str, credential: str, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._streams.session(session_id, credential)
        if stream is None:
            await self._app(scope, receive, send)
            return
        stream.touch()
        with stream.counted(), suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._app(scope, receive, send)


class _SseEndpoint:
    """ASGI app that serves one SSE session."""

    def __init__(self, server: SlotmcpServer, transport: SseServerTransport) -> None:
        self._server = server
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the session until its stream ends."""
        async with self._transport.connect_sse(scope, receive, send) as (messages, responses):
            await self._server.serve_connection(messages, CountedWrites(responses, scope[_LIMITED]))


class _BodyTooLargeError(Exception):
    """Body above the limit of a subscription."""


async def _read_body(receive: Receive, max_bytes: float = inf) -> bytes:
    """Return the body of a request.

    Raises:
        _BodyTooLargeError.
    """
    body, has_more = b"", True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise _BodyTooLargeError
        has_more = message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    return replay({"type": "http.request", "body": body, "more_body": False}, receive)


def _opens_stream(scope: Scope) -> bool:
    """Return whether the response can be an event stream. The SDK refuses a subscription without its header."""
    if scope["method"] == "GET":
        return bool(scope["path"].endswith((STREAMABLE_PATH, SSE_PATH)))
    return _LISTEN in scope["headers"]


def sse_session(scope: Scope) -> str:
    """Return the SSE session of a message; empty for every other request. The SDK refuses sessions of other clients.

    The SDK accepts several spellings of an id, such as capital letters or dashes. They all name one session.
    """
    if not scope["path"].endswith(MESSAGES_PATH):
        return ""
    try:
        return UUID(hex=QueryParams(scope["query_string"]).get("session_id", "")).hex
    except ValueError:
        return ""


def requested_tool(body: bytes) -> str:
    """Return the name of the tool that a message calls; empty for every other message."""
    try:
        message = orjson.loads(body)
        return str(message["params"]["name"]) if message["method"] == CALL_TOOL else ""
    except (ValueError, LookupError, TypeError):
        return ""


def _without_head(route: BaseRoute) -> BaseRoute:
    """Return the route without HEAD: the stream of a HEAD request has no reader and would fail when it ends."""
    if isinstance(route, Route) and route.methods:
        route.methods.discard("HEAD")
    return route
