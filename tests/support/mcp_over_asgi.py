"""MCP over HTTP in this process, with numbered ids and a clock that a test moves."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from starlette.types import Message, Scope

from slotmcp.bootstrap import build_app
from slotmcp.domain.access import Principal
from slotmcp.ports import Rate
from slotmcp.services.current_principal import acting_as
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.in_memory import MemoryRateLimiter
from slotmcp.services.open_streams import STREAM_KEY, OpenStream
from slotmcp.store.sqlite import SqliteStore
from slotmcp.tools.gate import CallGate, CallRateLimits, Toolset
from slotmcp.tools.http import McpHttpApp
from slotmcp.tools.server import SlotmcpServer, create_server
from slotmcp.tools.streams import StreamLimits, Streams
from slotmcp.tools.subscriptions import create_bus
from slotmcp.web.responses import retry_response
from support.clock import HandClock
from support.http_server import running
from support.new_file import new_file
from support.plain_requests import CallRequest

MAX_BYTES: Final = 1_000_000


class NumberedIds:
    """Implementation of the port Ids that counts."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def new_id(self) -> str:
        return f"{next(self._numbers):026}"

    def new_token(self) -> str:
        return f"token-{next(self._numbers):026}"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Response, with its headers in their order."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class McpOverAsgi:
    """Running MCP app."""

    app: McpHttpApp
    server: SlotmcpServer
    gate: CallGate
    clock: HandClock

    async def send(self, request: CallRequest, principal: Principal) -> HttpResponse:
        """Return the response to a request of a principal."""
        with acting_as(principal):
            return await self.send_to(self.app, request, {STREAM_KEY: OpenStream(principal=principal)})

    @staticmethod
    async def send_to(app: Any, request: CallRequest, scope: dict[str, object]) -> HttpResponse:  # noqa: ANN401  any ASGI app
        """Return the response of an ASGI app."""
        sent: list[Message] = []
        messages = messages_of(request)

        async def receive() -> Message:
            return next(messages)

        async def send(message: Message) -> None:
            sent.append(message)

        await app({**scope_of(request), **scope}, receive, send)
        body = b"".join(message["body"] for message in sent[1:])
        return HttpResponse(sent[0]["status"], list(sent[0]["headers"]), body)


def messages_of(request: CallRequest) -> Iterator[Message]:
    """Yield the messages of a request, and then that the client disconnects."""
    body = request.body
    size = len(body) // request.parts
    for part in range(request.parts):
        is_last = part == request.parts - 1
        end = len(body) if is_last else (part + 1) * size
        yield {"type": "http.request", "body": body[part * size : end], "more_body": not is_last}
    while True:
        yield {"type": "http.disconnect"}


def scope_of(request: CallRequest) -> Scope:
    """Return the ASGI scope of a request."""
    return {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
    }


@asynccontextmanager
async def open_mcp(path: Path, plan: ProjectPlan, *, fast_calls: bool, per_minute: int) -> AsyncIterator[McpOverAsgi]:
    """Open the app of a new database with a project, a tool of an extension, and a rate limit."""
    clock = HandClock()
    async with SqliteStore.open(new_file(path), clock=clock) as store:
        app = build_app(store, ids=NumberedIds())
        await app.projects.import_project(plan, prune=False)
        rate = Rate(per_minute=per_minute)
        limits = CallRateLimits(limits=MemoryRateLimiter(clock.seconds), per_credential=rate, per_call_id=rate)
        gate = CallGate(rate_limits=limits)
        server = create_server(app, create_bus(), toolset=Toolset.OPERATOR, gate=gate)
        server.add_tool(extra)
        mcp = McpHttpApp(
            server,
            gate,
            streams=Streams(StreamLimits(), abort=lambda _scope: None),
            refuse=lambda status, code, message, after_ms: retry_response(status, code, message, after_ms=after_ms),
            max_body_bytes=MAX_BYTES,
            fast_calls=fast_calls,
        )
        async with running(mcp):
            yield McpOverAsgi(mcp, server, gate, clock)


async def extra() -> str:
    """Respond, as a tool of an extension."""
    return "extra"
