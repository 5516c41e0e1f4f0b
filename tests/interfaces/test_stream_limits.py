"""Tests of the limits of a credential over HTTP: messages of every method, event streams, and unread messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import pytest

from slotmcp.asgi import HttpApp
from slotmcp.domain.access import LOCAL, Scope
from slotmcp.services.hold_rules import CALL_HOLDS_PER_TECHNICIAN
from slotmcp.services.open_streams import STREAM_KEY, OpenStream
from slotmcp.settings import Settings
from slotmcp.telemetry.metrics import REGISTRY, Limit
from slotmcp.tools.streams import MAX_MESSAGE_BYTES, StreamLimits, Streams, TooManyStreams
from slotmcp.tools.subscriptions import MAX_URI_CHARACTERS, MAX_URIS
from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, headers_of, open_database, running, serving
from support.raw_http import HANG_SECONDS, Connection, connecting, listen, listening, message

ENTRY: Final = "slotmcp://waitlist/01M8M04JWTZSM9EY89V6TGGE8V"
LIST_TOOLS: Final = message("tools/list")
RATE: Final = 3
MESSAGES: Final = {
    "initialize": message(
        "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"}
    ),
    "ping": message("ping"),
    "tools/list": LIST_TOOLS,
    "resources/list": message("resources/list"),
    "resources/templates/list": message("resources/templates/list"),
    "resources/read": message("resources/read", uri=ENTRY),
    "prompts/list": message("prompts/list"),
    "no such method": message("no/such"),
    "no such tool": message("tools/call", name="no_such_tool", arguments={}),
    "notification": message("notifications/initialized", id=None),
    "batch": b"[" + LIST_TOOLS + b"," + LIST_TOOLS + b"]",
    "no JSON": b"{",
}

pytestmark = pytest.mark.usefixtures("quiet_logging")


@asynccontextmanager
async def keys_and_port(path: Path, **settings: Any) -> AsyncIterator[tuple[str, str, int]]:  # noqa: ANN401  settings of any type
    """Serve a database in this process, and yield two keys and the port."""
    one, other = await write_keys(path)
    async with listening(HttpApp(Settings(database_url=str(path), **settings))) as port:
        yield one, other, port


async def write_keys(path: Path) -> tuple[str, str]:
    """Write a project into a new database, and return two keys."""
    async with open_database(path, PLAN) as opened:
        one, other = [(await opened.app.access.create(Scope.CALLER, project="*")).token for _ in range(2)]
    return one, other


@pytest.fixture(scope="module")
def rated_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rated") / "slotmcp.db"


@pytest.fixture(scope="module")
def rated_key(rated_path: Path) -> str:
    return anyio.run(write_keys, rated_path)[0]


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
async def test_each_message_counts_against_the_rate_of_its_key(rated_path: Path, rated_key: str, body: bytes) -> None:
    app = HttpApp(Settings(database_url=str(rated_path), rate_limit_per_key=RATE))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answers = [await client.post("/mcp", content=body, headers=headers_of(rated_key)) for _ in range(RATE)]
        assert 429 not in {answer.status_code for answer in answers}
        before = reached(Limit.MESSAGES)
        refused = await client.post("/mcp", content=body, headers=headers_of(rated_key))
        called = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(rated_key))
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) * 1000 >= refused.json()["retryAfterMs"] > 0
    assert body_in(called)["error"]["code"] == "rate_limited", "an agent reads the response of a tool"
    assert reached(Limit.MESSAGES) == before + 2


def reached(limit: Limit) -> float:
    """Return how often a limit took effect in this process."""
    return REGISTRY.get_sample_value("slotmcp_limits_total", {"limit": limit}) or 0.0


async def open_stream(stack: AsyncExitStack, port: int, kind: str, key: str) -> tuple[Connection, int]:
    """Open a stream of a kind, and return its connection and status."""
    connection = await stack.enter_async_context(connecting(port))
    if kind == "subscription":
        body, headers = listen(ENTRY)
        return connection, await connection.request("POST", "/mcp", body, key=key, **headers)
    return connection, await connection.request("GET", kind, key=key)


async def test_a_key_can_open_only_some_streams_and_a_server_only_some_in_total(tmp_path: Path) -> None:
    limits = {"max_streams_per_key": 3, "max_streams": 4}
    async with keys_and_port(tmp_path / "slotmcp.db", **limits) as (one, other, port), AsyncExitStack() as stack:
        kinds = ["/sse", "/mcp", "subscription"]
        opened = [await open_stream(stack, port, kind, one) for kind in kinds]
        assert [status for _, status in opened] == [200] * 3
        assert [(await open_stream(stack, port, kind, one))[1] for kind in kinds] == [429] * 3
        assert (await open_stream(stack, port, "subscription", other))[1] == 200, "another key has its own"
        assert [(await open_stream(stack, port, kind, other))[1] for kind in kinds] == [503] * 3
        opened[0][0].writer.transport.abort()
        async with asyncio.timeout(HANG_SECONDS):
            while (await open_stream(stack, port, "/sse", one))[1] != 200:
                pass  # until the server has noticed the end of the other stream


async def test_an_idle_session_ends(tmp_path: Path) -> None:
    limits = {"stream_idle_seconds": 0.5}
    async with keys_and_port(tmp_path / "slotmcp.db", **limits) as (key, _, port), connecting(port) as stream:
        before = reached(Limit.IDLE_STREAM)
        assert await stream.request("GET", "/sse", key=key) == 200
        path = await stream.session_path()
        assert (await stream.read_to_end()).endswith(b"0\r\n\r\n"), "the response is complete"
        assert reached(Limit.IDLE_STREAM) == before + 1
        async with connecting(port) as poster:
            assert await poster.request("POST", path, LIST_TOOLS, key=key) == 404


@pytest.mark.parametrize(
    ("uris", "more"),
    [
        ([f"slotmcp://waitlist/{number}" for number in range(MAX_URIS + 1)], {}),
        ([f"slotmcp://waitlist/{'x' * MAX_URI_CHARACTERS}"], {}),
        (["slotmcp://trace/1"], {}),
        (["file:///etc/passwd"], {}),
        ([""], {}),
        ([7], {}),
    ],
    ids=["too many", "too long", "of operators", "foreign", "empty", "no text"],
)
async def test_a_subscription_to_other_resources_is_refused(
    rated_path: Path, rated_key: str, uris: list[object], more: dict[str, object]
) -> None:
    app = HttpApp(Settings(database_url=str(rated_path)))
    transport = httpx2.ASGITransport(app=app)
    body, headers = listen(*uris, **more)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post("/mcp", content=body, headers=headers_of(rated_key, **headers))
    assert answer.json()["error"]["code"] == -32602


async def test_a_stream_does_not_keep_a_large_message(tmp_path: Path) -> None:
    async with keys_and_port(tmp_path / "slotmcp.db") as (key, _, port), AsyncExitStack() as stack:
        body, headers = listen(ENTRY, junk="x" * MAX_MESSAGE_BYTES)
        poster = await stack.enter_async_context(connecting(port))
        assert await poster.request("POST", "/mcp", body, key=key, **headers) == 413
        session, _ = await open_stream(stack, port, "/sse", key)
        path = await session.session_path()
        large = message("initialize", clientInfo={"name": "x" * MAX_MESSAGE_BYTES})
        poster = await stack.enter_async_context(connecting(port))
        assert await poster.request("POST", path, large, key=key) == 413


async def test_a_stream_ends_whose_client_accepts_no_data() -> None:
    aborted: list[Any] = []
    streams, scope = Streams(StreamLimits(stalled_seconds=0.01), abort=aborted.append), scope_of_stream()

    async def blocked(_message: Any) -> None:  # noqa: ANN401  of ASGI
        await asyncio.Event().wait()

    async with asyncio.timeout(HANG_SECONDS):
        with streams.open("key", scope) as stream:
            await stream.send(blocked, {"type": "http.response.start"})
    assert scope[STREAM_KEY].has_ended
    assert aborted == [scope]


def scope_of_stream() -> dict[str, Any]:
    return {"type": "http", "method": "POST", STREAM_KEY: OpenStream(principal=LOCAL)}


async def test_the_unread_bytes_of_a_session_and_of_a_credential_are_limited() -> None:
    limits = StreamLimits(unread_messages=3, unread_bytes=100, unread_bytes_per_credential=150, total=2)
    streams = Streams(limits, abort=lambda _scope: None)
    first, second = scope_of_stream(), scope_of_stream()
    with streams.open("key", first) as one, streams.open("key", second) as two:
        with pytest.raises(TooManyStreams), streams.open("other", scope_of_stream()):
            pass
        with one.counted(100), two.counted(50):
            assert not any(scope[STREAM_KEY].has_ended for scope in (first, second))
            with two.counted(1):
                assert second[STREAM_KEY].has_ended, "the credential has too many"
        assert not first[STREAM_KEY].has_ended
        with one.counted(100), one.counted(1):
            assert first[STREAM_KEY].has_ended
    with streams.open("key", scope := scope_of_stream()) as one, one.counted(), one.counted(), one.counted():
        assert not scope[STREAM_KEY].has_ended
        with one.counted():
            assert scope[STREAM_KEY].has_ended
    assert not streams.unread_bytes


def apart(starts: list[str]) -> list[str]:
    """Return those of the starts that are at least two hours apart."""
    chosen: list[str] = []
    for start in starts:
        if not chosen or datetime.fromisoformat(start) - datetime.fromisoformat(chosen[-1]) >= timedelta(hours=2):
            chosen.append(start)
    return chosen


async def test_a_key_cannot_block_the_schedule_by_inventing_callers(tmp_path: Path) -> None:
    path, most = tmp_path / "slotmcp.db", CALL_HOLDS_PER_TECHNICIAN * len(PLAN.technicians)
    one, other = await write_keys(path)
    app = HttpApp(Settings(database_url=str(path), max_holds_per_credential=2))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:

        async def call(key: str, tool: str, call_id: str, **arguments: object) -> Any:  # noqa: ANN401  of any tool
            headers = headers_of(key, x_call_id=call_id)
            return body_in(await client.post("/mcp", json=call_of(tool, **arguments), headers=headers))

        slots = (await call(one, "get_slots", "", **{"from": "monday", "limit": 100}))["slots"]
        starts = apart([slot["start"] for slot in slots])[: most + 3]
        calls = [f"{number:02}-c7a1f93e05b24d68" for number in range(len(starts))]
        before = reached(Limit.HOLDS)
        answers = [
            await call(one, "create_hold", call_id, start=start, customerHash=call_id)
            for call_id, start in zip(calls, starts, strict=True)
        ]
        codes = [answer.get("error", {}).get("code") for answer in answers]
        assert codes == [None] * most + ["hold_limit"] * 3
        assert reached(Limit.HOLDS) == before + 3
        assert "error" not in await call(other, "create_hold", calls[0], start=starts[-1])


async def flood(http: HttpServer, key: str, session: Connection, body: bytes) -> None:
    """Send messages into a session that is not read, until the server has ended it."""
    assert await session.request("GET", "/sse", key=key) == 200
    path, _, session_id = (await session.session_path()).rpartition("=")
    path = f"{path}={session_id.upper()}"  # the SDK accepts it
    session.stop_reading()
    async with httpx2.AsyncClient(base_url=http.url, headers=headers_of(key), timeout=HANG_SECONDS) as client:
        statuses = {(await client.post(path, content=MESSAGES["initialize"])).status_code}
        while 404 not in statuses:
            answers = await asyncio.gather(*[client.post(path, content=body) for _ in range(20)])
            statuses |= {answer.status_code for answer in answers}
    assert statuses == {202, 404}


async def test_sessions_that_are_not_read_end_with_one_line(tmp_path: Path) -> None:
    key, _ = await write_keys(tmp_path / "slotmcp.db")
    with serving(tmp_path / "slotmcp.db") as http:
        port = int(http.url.rpartition(":")[2])
        async with connecting(port) as one, connecting(port) as other, connecting(port) as reading:
            await flood(http, key, one, LIST_TOOLS)
            await flood(http, key, other, MESSAGES["initialize"])
            assert await reading.request("GET", "/sse", key=key) == 200
            path = await reading.session_path()
            async with connecting(port) as poster:
                assert await poster.request("POST", path, MESSAGES["initialize"], key=key) == 202
            async with asyncio.timeout(HANG_SECONDS):
                assert await reading.reader.readuntil(b'"serverInfo"'), "another session is answered"
        code, log = http.stop()
    assert (code, log.count("\n")) == (0, 1), log
    assert "unread_messages" in log
