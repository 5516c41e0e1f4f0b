"""Tests of the limits of the HTTP interface: body size, timeouts, rates, hosts and origins."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from starlette.responses import Response

from slotmcp.asgi import HttpApp
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.web.host_origin import LOOPBACK, HostOriginMiddleware, HostPolicy
from slotmcp.web.limits import BodyLimitMiddleware
from support.denver import PLAN
from support.http_server import (
    HttpServer,
    body_in,
    call_of,
    headers_of,
    open_database,
    running,
    serving,
    write_database,
)

MAX_BODY = 20_000
PER_CALL = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    path = tmp_path_factory.mktemp("limits") / "slotmcp.db"
    anyio.run(write_database, path, PLAN)
    with serving(
        path,
        "--no-auth",
        max_body_bytes=str(MAX_BODY),
        rate_limit_per_call=str(PER_CALL),
        allowed_hosts="book.example.com",
        allowed_origins="https://desk.example.com",
    ) as opened:
        yield opened


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, headers=headers_of(), timeout=60) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/mcp", "/messages/?session_id=00000000000000000000000000000000"])
async def test_a_body_that_is_too_large_is_not_read_with_or_without_a_length_header(
    client: httpx2.AsyncClient, path: str
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 1000

    announced = await client.post(path, content=b" " * (MAX_BODY + 1))
    streamed = await client.post(path, content=chunks())
    assert [announced.status_code, streamed.status_code] == [413, 413]
    assert announced.json()["error"] == "too_large"
    just_right = await client.post(path, content=b" " * MAX_BODY)
    assert just_right.status_code in {400, 404}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "book.example.com"}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "evil.example.com"}, 421),
        ({"Host": "book.example.com.evil.com"}, 421),
        ({"Origin": "https://desk.example.com"}, 200),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "book.example.com", "Origin": "https://book.example.com"}, 200),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/mcp", "/metrics", "/sse"])
async def test_hosts_and_origins_are_checked(
    client: httpx2.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    if path == "/mcp":
        answer = await client.post(path, json=call_of("list_services"), headers=headers)
        assert answer.status_code == status
    else:
        async with client.stream("GET", path, headers=headers) as stream:
            assert stream.status_code == status


@pytest.mark.parametrize(
    ("host", "status", "state"),
    [("", 200, None), ("book.example.com", 200, "ok"), ("localhost", 200, "ok"), ("other.example.com", 503, "refused")],
)
async def test_readiness_covers_the_host_that_a_health_check_names(
    client: httpx2.AsyncClient, host: str, status: int, state: str | None
) -> None:
    ready = await client.get("/readyz", params={"host": host})
    assert (ready.status_code, ready.json()["checks"].get("host")) == (status, state)
    assert ready.json()["status"] == ("ready" if status == httpx2.codes.OK else "unavailable")
    assert (await client.get("/readyz")).status_code == httpx2.codes.OK, "the answer concerns this check only"


@pytest.mark.parametrize(
    ("host", "logged"),
    [
        ("book.example.com:443", "book.example.com:443"),
        ("+1 303 555 0142", "another host"),
        ("x" * 256, "another host"),
    ],
)
async def test_refused_hosts_are_logged_once_with_the_setting_to_change(
    caplog: pytest.LogCaptureFixture, host: str, logged: str
) -> None:
    app = HostOriginMiddleware(Response("served"), LOOPBACK)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as http:
        answers = [await http.get("/", headers={"Host": host}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [421] * 3
    (record,) = caplog.records
    assert f"refused a request for {logged}; if clients use this host, set SLOTMCP_PUBLIC_URL" in record.getMessage()


def test_a_port_wildcard_matches_only_ports() -> None:
    assert LOOPBACK.allows_host("localhost:8000")
    assert LOOPBACK.allows_host("[::1]:8000")
    assert not LOOPBACK.allows_host("localhost:8000.evil.com")
    assert not LOOPBACK.allows_host("localhost.evil.com")
    assert not LOOPBACK.allows_host("")
    anywhere = HostPolicy(hosts=(), origins=())
    assert anywhere.allows_host("anything")
    assert not anywhere.allows_origin("http://anything", "anything"), "a rebound name would be its own origin"


async def test_the_rate_of_one_phone_call_is_limited_with_a_retry_time(client: httpx2.AsyncClient) -> None:
    async def outcome(call_id: str) -> Any:  # noqa: ANN401  an error, or nothing
        answer = await client.post("/mcp", json=call_of("list_services"), headers={"X-Call-Id": call_id})
        return body_in(answer).get("error")

    outcomes = [await outcome("call-1") for _ in range(PER_CALL + 1)]
    assert outcomes[:PER_CALL] == [None] * PER_CALL
    assert (outcomes[-1]["code"], outcomes[-1]["retryable"]) == ("rate_limited", True)
    assert 0 < outcomes[-1]["retryAfterMs"] <= 60_000
    assert await outcome("call-2") is None


@pytest.mark.usefixtures("quiet_logging")
async def test_the_rate_of_one_key_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as schedules:
        one, other = [(await schedules.app.access.create(Scope.CALLER, project="*")).token for _ in range(2)]
    app = HttpApp(Settings(database_url=str(path), rate_limit_per_key=2))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answers = [
            await client.post("/mcp", json=call_of("list_services"), headers=headers_of(key))
            for key in (one, one, one, other)
        ]
    codes = [body_in(answer).get("error", {}).get("code") for answer in answers]
    assert codes == [None, None, "rate_limited", None]


async def test_a_body_that_does_not_arrive_times_out() -> None:
    async def app(_scope: Any, receive: Any, _send: Any) -> None:  # noqa: ANN401  of ASGI
        while (await receive()).get("more_body"):
            pass

    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401  of ASGI
        sent.append(message)

    bounded = BodyLimitMiddleware(app, max_bytes=10, seconds=0.01)
    await bounded({"type": "http", "headers": [], "path": "/"}, inbox.get, send)
    assert sent[0]["status"] == 408


async def test_a_body_without_a_length_is_measured_while_it_arrives() -> None:
    async def app(_scope: Any, receive: Any, _send: Any) -> None:  # noqa: ANN401  of ASGI
        while (await receive()).get("more_body"):
            pass

    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for _ in range(2):
        inbox.put_nowait({"type": "http.request", "body": b"123456", "more_body": True})
    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401  of ASGI
        sent.append(message)

    await BodyLimitMiddleware(app, max_bytes=10, seconds=60)(
        {"type": "http", "headers": [], "path": "/"}, inbox.get, send
    )
    assert sent[0]["status"] == 413
