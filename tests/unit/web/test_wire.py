"""Work that one connection causes at once: parsed bytes, requests that wait for an earlier answer, and writes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from slotmcp.web.connections import ConnectionLimits, Connections
from slotmcp.web.wire import PIECE_BYTES, SLICE_BYTES, LimitedHttpProtocol

pytestmark = pytest.mark.anyio
REQUEST: Final = b"GET /x HTTP/1.1\r\n\r\n"
LIMITS: Final = ConnectionLimits(
    max_total=10, max_per_peer=0, max_body_bytes=1_000_000, timeout_seconds=30, trusted_proxies=()
)


@dataclass(slots=True)
class _Observed:
    """Observations of one connection."""

    turn: int = 0
    """Number of iterations of the event loop."""
    body_bytes: Counter[int] = field(default_factory=Counter)
    """Bytes of bodies that were parsed, by iteration."""
    requests: int = 0
    """Number of requests whose head was parsed."""
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_closed: asyncio.Event = field(default_factory=asyncio.Event)
    writes: list[bytes] = field(default_factory=list)
    writes_of_app: list[bytes] = field(default_factory=list)
    """Writes until the app had sent its answer."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when it is allowed to, after the body is complete; at /early, send the head of the answer before."""
        while (await receive()).get("more_body"):
            pass
        if scope["path"] == "/early":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await self.may_answer.wait()
            await send({"type": "http.response.body", "body": b"done"})
            return
        await self.may_answer.wait()
        await PlainTextResponse("done")(scope, receive, send)
        self.writes_of_app = list(self.writes)

    async def count_turns(self) -> None:
        """Count the iterations of the event loop."""
        while True:
            self.turn += 1
            await asyncio.sleep(0)


class _ObservedTransport:
    """Transport of asyncio whose writes are recorded."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport = transport
        self._writes = writes

    def write(self, data: bytes) -> None:
        self._writes.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class _ObservedProtocol(LimitedHttpProtocol):
    observed: _Observed

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as uvicorn
        super().connection_made(_ObservedTransport(transport, self.observed.writes))

    def on_headers_complete(self) -> None:
        self.observed.requests += 1
        self.observed.has_begun.set()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.observed.body_bytes[self.observed.turn] += len(body)
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.observed.is_closed.set()


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, _Observed]]:
    """Connect to a server whose side of the connection is observed."""
    observed = _Observed()
    config = Config(observed.app, interface="asgi3", ws="none", lifespan="off", log_config=None)
    config.load()
    connections = Connections(LIMITS)

    def protocol() -> LimitedHttpProtocol:
        arguments: dict[str, Any] = {"config": config, "server_state": ServerState(), "app_state": {}}
        created = _ObservedProtocol(connections=connections, **arguments)
        created.observed = observed
        return created

    counting = asyncio.create_task(observed.count_turns())
    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer, observed
        writer.close()
        await writer.wait_closed()
        await observed.is_closed.wait()
    counting.cancel()


@pytest.mark.parametrize("count", [500, 20_000])
async def test_few_requests_wait_for_an_earlier_answer_and_all_are_answered(count: int) -> None:
    async with connection() as (reader, writer, observed):
        writer.write(REQUEST * count)
        await observed.has_begun.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert observed.requests <= 1 + PIECE_BYTES // len(REQUEST)
        observed.may_answer.set()
        answers = 0
        while answers < count:
            answers += (await reader.readuntil(b"done")).count(b"HTTP/1.1 200")
        assert observed.requests == count


async def test_a_large_body_is_parsed_in_slices_of_which_each_leaves_the_event_loop_to_others() -> None:
    size = 30 * SLICE_BYTES
    async with connection() as (reader, writer, observed):
        observed.may_answer.set()
        writer.write(b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size)
        assert b"HTTP/1.1 200" in await reader.readuntil(b"done")
        assert observed.body_bytes.total() == size
        assert max(observed.body_bytes.values()) <= SLICE_BYTES


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("kept", ["keep-alive", "close"])
async def test_a_response_is_written_at_once(method: str, kept: str) -> None:
    async with connection() as (reader, writer, observed):
        observed.may_answer.set()
        writer.write(f"{method} /x HTTP/1.1\r\nContent-Length: 0\r\nConnection: {kept}\r\n\r\n".encode())
        response = await reader.readuntil(b"\r\n\r\n")
        if method != "HEAD":
            response += await reader.readexactly(len(b"done"))
        assert response.startswith(b"HTTP/1.1 200")
        assert observed.writes == observed.writes_of_app == [response]


async def test_the_head_of_a_response_does_not_wait_for_its_body() -> None:
    async with connection() as (reader, writer, observed):
        writer.write(b"GET /early HTTP/1.1\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        observed.may_answer.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"4\r\ndone\r\n0\r\n\r\n"


async def test_a_client_that_asks_is_told_to_continue_before_its_response() -> None:
    async with connection() as (reader, writer, observed):
        observed.may_answer.set()
        writer.write(b"POST /x HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"a")
        assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200")
        assert len(observed.writes) == 2
