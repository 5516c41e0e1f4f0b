"""Tests of graceful shutdown: calls are served until the server stops listening, and no response is cut."""

import asyncio
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest
import uvicorn
from mcp import Client
from mcp.client.sse import sse_client
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.cli.http import connection_limits
from slotmcp.settings import Settings
from slotmcp.web import wire
from slotmcp.web.serving import listen
from slotmcp.web.shutdown import GracefulShutdown, ShutdownMiddleware
from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, headers_of, serving, write_database
from support.server import body_of
from support.sqlite_file import rows
from support.streams import KINDS, drain, opened
from support.until import is_open, until

CALLERS = 120
ENOUGH = 12
ANSWERED = {200, 409}
"""Statuses of bookings that were made, and of those that lost the race for their time over plain HTTP."""
LONG, TIMEOUT_SECONDS = 1000, 20
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SIZE = 65_536
LONGER_THAN_A_POLL_SECONDS = 1
"""Longer than the time after which sse-starlette sees by itself that a server stops."""
WAITING = 300
"""Number of connections that wait to be accepted: more than a server accepts at once."""


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_shutdown_under_load_loses_no_call_and_leaves_none_incomplete(tmp_path: Path, workers: str) -> None:
    path = tmp_path / "slotmcp.db"
    await write_database(path, PLAN)
    with serving(path, "--workers", workers) as server:
        starts = [slot["start"] for slot in body_in(await server.post(call_of("get_slots", limit=100)))["slots"]]
        answers = await rush(server, starts)
        code, log = await asyncio.to_thread(server.stop)
    bodies = [_body_in(one) for one in answers if one is not None and one.status_code == 200]
    booked = {body["booking"]["bookingId"] for body in bodies if "booking" in body}
    refused = [one for one in answers if one is None or one.status_code not in ANSWERED]
    assert len(booked) >= ENOUGH
    assert refused == [None] * len(refused), "the server no longer listens"
    assert {claim for (claim,) in rows(path, "SELECT claim_id FROM bookings")} == booked
    assert {claim for (claim,) in rows(path, "SELECT id FROM claims WHERE state = 'booked'")} == booked
    assert rows(path, "SELECT id FROM claims WHERE state = 'held'") == []
    assert (code, log) == (0, "")


async def rush(server: HttpServer, starts: list[str]) -> list[httpx2.Response | None]:
    """Book concurrently over MCP and plain HTTP, and stop the server after some responses.

    None: the server was unreachable.
    """
    answered = asyncio.Semaphore(0)

    async def book(customer: int) -> httpx2.Response | None:
        booking = {
            "start": starts[customer % len(starts)],
            "customerName": "X",
            "customerEmail": f"c{customer}@example.com",
        }
        plain = ("/v1/tools/book_slot", booking)
        path, body = plain if customer % 2 else ("/mcp", call_of("book_slot", **booking))
        try:
            return await client.post(path, json=body, headers=headers_of())
        except httpx2.TransportError:
            return None
        finally:
            answered.release()

    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        calls = [asyncio.create_task(book(customer)) for customer in range(CALLERS)]
        for _ in range(ENOUGH):
            await answered.acquire()
        server.process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*calls)


def _body_in(answer: httpx2.Response) -> Mapping[str, Any]:
    """Return a tool's response over either interface."""
    return body_in(answer) if "jsonrpc" in answer.json() else answer.json()


async def test_open_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    await write_database(path, PLAN)
    with serving(path) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client, AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(opened(client, how)) for how in KINDS]
            code, log = await asyncio.to_thread(server.stop)
            for chunks in streams:
                await drain(chunks)
    assert (code, log) == (0, "")


async def test_a_call_over_sse_gets_its_response_from_a_stopping_server(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    await write_database(path, PLAN)
    with serving(path, database_timeout_seconds="60", drain_seconds="0", stop_seconds="60") as server:
        port = urlsplit(server.url).port or 0
        async with Client(sse_client(f"{server.url}/sse"), mode="legacy") as client:
            (slot,) = body_of(await client.call_tool("get_slots", {"limit": 1}))["slots"]
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                received = messages_received(server)
                held = asyncio.create_task(client.call_tool("create_hold", {"start": slot["start"]}))
                await asyncio.to_thread(until, lambda: messages_received(server) > received, "the call arrives")
                server.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(until, lambda: not is_open(port), "the server stops listening")
                await asyncio.wait({held}, timeout=LONGER_THAN_A_POLL_SECONDS)
                assert not held.done()
            assert "holdToken" in body_of(await held)
        code, log = await asyncio.to_thread(server.stop)
    assert (code, log) == (0, "")


def messages_received(server: HttpServer) -> int:
    """Return the number of messages that SSE clients have sent."""
    counters = httpx2.get(f"{server.url}/metrics", timeout=TIMEOUT_SECONDS).text
    return sum(int(float(line.split()[-1])) for line in counters.splitlines() if 'route="/messages' in line)


async def given_up_on(ended: asyncio.Event) -> bool:
    """Return True if the event comes within several times its usual duration."""
    try:
        async with asyncio.timeout(0.5):
            return await ended.wait()
    except TimeoutError:
        return False


class Gate:
    """ASGI app whose response waits for an event."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.entered.set()
        await self.let_go.wait()
        await PlainTextResponse("done")(scope, receive, send)


async def call(app: ASGIApp, path: str = "/mcp") -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        return await client.post(path)


async def finished(shutdown: GracefulShutdown) -> asyncio.Event:
    """Return an event of the shutdown's end."""
    ended = asyncio.Event()

    async def wait() -> None:
        await shutdown.wait()
        ended.set()

    ended_task = asyncio.create_task(wait())
    ended_task.add_done_callback(lambda task: task.result())
    return ended


async def test_a_draining_server_serves_calls_on_connections_that_end() -> None:
    gate, stopped = Gate(), asyncio.Event()
    gate.let_go.set()
    shutdown = GracefulShutdown(is_busy=lambda: False, timeout_seconds=LONG, drain_seconds=LONG)
    app = ShutdownMiddleware(gate, shutdown)
    assert "connection" not in (await call(app)).headers
    shutdown.begin(stopped.set)
    served = await call(app)
    assert (served.text, served.headers["connection"]) == ("done", "close")
    assert (shutdown.has_begun, shutdown.is_drained) == (True, False)
    assert not (await given_up_on(stopped))
    shutdown.begin(drains=False)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await stopped.wait()
        await shutdown.wait()


async def test_the_server_stops_listening_while_running_calls_finish() -> None:
    gate, stopped = Gate(), asyncio.Event()
    shutdown = GracefulShutdown(is_busy=lambda: False, timeout_seconds=LONG)
    ended = await finished(shutdown)
    running = asyncio.create_task(call(ShutdownMiddleware(gate, shutdown)))
    await gate.entered.wait()
    shutdown.begin(stopped.set)
    await stopped.wait()
    assert not (await given_up_on(ended))
    gate.let_go.set()
    assert (await running).headers["connection"] == "close"
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await ended.wait()


async def test_calls_beyond_the_shutdown_timeout_are_abandoned() -> None:
    gate = Gate()
    shutdown = GracefulShutdown(is_busy=lambda: True, timeout_seconds=0)
    running = asyncio.create_task(call(ShutdownMiddleware(gate, shutdown)))
    await gate.entered.wait()
    shutdown.begin()
    await shutdown.wait()
    assert not running.done()
    gate.let_go.set()
    await running


async def test_a_stream_does_not_delay_the_shutdown() -> None:
    busy = [True]
    shutdown = GracefulShutdown(is_busy=lambda: busy[0], timeout_seconds=LONG)
    ended = await finished(shutdown)
    sent: list[Message] = []
    began = asyncio.Event()

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        began.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"too late", "more_body": False})

    inbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/sse", "headers": []}
    running = asyncio.create_task(ShutdownMiddleware(stream, shutdown)(scope, inbox.get, send))
    await began.wait()
    shutdown.begin()
    assert not (await given_up_on(ended))
    assert not running.done()
    busy[0] = False
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await ended.wait()
    await running
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


@asynccontextmanager
async def stopping_server() -> AsyncIterator[tuple[uvicorn.Server, socket.socket]]:
    """Serve a short text at a listening socket until the block has told the server to stop, and it has."""
    listener = listen("127.0.0.1", 0)
    protocol: Any = wire.LimitedHttpProtocolFactory(connection_limits(Settings()))
    config = uvicorn.Config(PlainTextResponse("served"), http=protocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    stopped = asyncio.create_task(server.serve([listener]))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        yield server, listener
        await stopped


async def connect(server: uvicorn.Server, listener: socket.socket) -> socket.socket:
    """Open a connection, and wait until the server has accepted it."""
    client = socket.create_connection(listener.getsockname(), TIMEOUT_SECONDS)
    while not server.server_state.connections:  # noqa: ASYNC110  uvicorn's
        await asyncio.sleep(0.01)
    return client


async def read_response(client: socket.socket) -> None:
    received = b""
    while not received.endswith(b"served"):
        received += (part := await asyncio.to_thread(client.recv, SIZE))
        assert part, received


@pytest.mark.parametrize("seconds", [LONG, 0])
@pytest.mark.parametrize("is_new", [True, False])
async def test_a_connection_without_a_request_has_a_moment_to_send_one(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, is_new: bool
) -> None:
    monkeypatch.setattr(wire, "LAST_REQUEST_SECONDS", seconds)
    async with stopping_server() as (server, listener):
        with await connect(server, listener) as client:
            if not is_new:
                client.sendall(REQUEST)
                await read_response(client)
            server.should_exit = True
            while listener.fileno() >= 0:  # noqa: ASYNC110  uvicorn's
                await asyncio.sleep(0.01)
            if seconds:
                client.sendall(LAST_REQUEST)
                await read_response(client)
            assert await asyncio.to_thread(client.recv, SIZE) == b""


async def test_a_request_that_the_event_loop_has_not_read_in_time_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LAST_REQUEST_SECONDS", 0)
    async with stopping_server() as (server, listener):
        with await connect(server, listener) as client:
            (connection,) = server.server_state.connections
            assert isinstance(connection, wire.LimitedHttpProtocol)
            for part in (REQUEST[:5], REQUEST[5:]):
                client.sendall(part)
                connection._shut_down_unused()  # noqa: SLF001  as after a pause of the event loop
                while connection._has_unread_input():  # noqa: ASYNC110, SLF001  the event loop's
                    await asyncio.sleep(0)
                connection._shut_down_unused()  # noqa: SLF001  while the rest of the request is missing
            await read_response(client)
        server.should_exit = True


async def test_a_stop_answers_the_requests_that_wait_to_be_accepted(tmp_path: Path) -> None:
    await write_database(tmp_path / "slotmcp.db", PLAN)
    with serving(tmp_path / "slotmcp.db", drain_seconds="0") as server, ExitStack() as stack:
        server.process.send_signal(signal.SIGSTOP)
        clients = [stack.enter_context(_call(server)) for _ in range(WAITING)]
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        answers = [await asyncio.to_thread(client.recv, SIZE) for client in clients]
        assert Counter(answer[:13] for answer in answers) == {b"HTTP/1.1 200 ": WAITING}
        assert server.stop() == (0, "")


def _call(server: HttpServer) -> socket.socket:
    """Send a call on a new connection, which no worker has accepted yet."""
    address = urlsplit(server.url)
    client = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
    body = orjson.dumps(call_of("get_slots", limit=1))
    headers = {**headers_of(), "Host": address.netloc, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    client.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + body)
    return client
