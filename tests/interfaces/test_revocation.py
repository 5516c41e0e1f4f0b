"""Open streams end with their credential, even if another process ends it; those of other credentials stay open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import time
from typing import Final

import httpx2
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.web import late_bodies
from support.dashboard import Browser
from support.denver import PLAN, PROJECT
from support.fleets import until
from support.http_server import Database, HttpServer, call_of, headers_of, open_database, serving
from support.issuer import Issuer, issuing
from support.raw_http import connecting, listening, message
from support.streams import KINDS, drain, opened

AUDIENCE: Final = "slots"
TIMEOUT_SECONDS: Final = 60
LEEWAY_SECONDS: Final = 30
"""Time for which an expired token is accepted, because clocks differ."""
Chunks = AsyncIterator[bytes]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as opened_issuer:
        yield opened_issuer


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "slotmcp.db", PLAN) as opened_database:
        yield opened_database


@pytest.fixture
def server(database: Database, issuer: Issuer) -> Iterator[HttpServer]:
    settings = {"oauth_audience": AUDIENCE, "oauth_issuer": issuer.url, "log_level": "info"}
    with serving(database.path, **settings) as running:
        yield running


@asynccontextmanager
async def logged_in(server: HttpServer, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Log in to the dashboard with a key."""
    async with httpx2.AsyncClient(base_url=server.url, timeout=TIMEOUT_SECONDS) as client:
        answer = await client.post("/dashboard/login", data={"key": key})
        assert answer.status_code == 303, answer.text
        yield client


def is_open(chunks: "asyncio.Task[bytes]") -> bool:
    return not chunks.done()


async def test_streams_end_with_their_key_session_or_token(
    server: HttpServer, database: Database, issuer: Issuer
) -> None:
    access = database.app.access
    revoked, kept = [await access.create(Scope.OPERATOR, project="*") for _ in range(2)]
    caller = f"slotmcp:caller slotmcp:project:{PROJECT.id}"
    async with (
        asyncio.timeout(TIMEOUT_SECONDS),
        AsyncExitStack() as stack,
        httpx2.AsyncClient(base_url=server.url, timeout=TIMEOUT_SECONDS) as client,
        logged_in(server, revoked.token) as revoked_board,
        logged_in(server, kept.token) as kept_board,
        logged_in(server, kept.token) as other_board,
    ):

        async def opened_task(opener: httpx2.AsyncClient, how: str, key: str = "") -> "asyncio.Task[bytes]":
            return asyncio.create_task(drain(await stack.enter_async_context(opened(opener, how, key))))

        soon = int(time()) + 5 - LEEWAY_SECONDS
        expiring = issuer.token("k1", audience=AUDIENCE, scope=caller, exp=soon)
        of_token = [await opened_task(client, how, expiring) for how in KINDS]
        of_revoked = [await opened_task(client, how, revoked.token) for how in KINDS]
        of_revoked.append(await opened_task(revoked_board, "board"))
        of_kept = [await opened_task(client, how, kept.token) for how in KINDS]
        of_kept.append(await opened_task(other_board, "board"))
        of_session = await opened_task(kept_board, "board")
        assert all(map(is_open, (*of_revoked, *of_kept, of_session)))
        await access.revoke(revoked.key.id)
        rests = await asyncio.gather(*of_revoked)
        assert b"over" in rests[-1], "the page is loaded again, and shows the login"
        refused = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(revoked.token))
        assert refused.status_code == 401

        assert is_open(of_session)
        token = await Browser(kept_board).form_token()
        assert (await kept_board.post("/dashboard/logout", data={"form_token": token})).status_code == 303
        await of_session
        await asyncio.gather(*of_token)

        assert all(map(is_open, of_kept)), "streams of other credentials and sessions stay open"
        for task in of_kept:
            task.cancel()
        await asyncio.gather(*of_kept, return_exceptions=True)
    log = (await asyncio.to_thread(server.stop))[1]
    assert log.count("streams_ended") >= 3
    assert "slk_" not in log


LIST_SERVICES: Final = message("tools/call", name="list_services", arguments={})
Expect = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def half_sent(port: int, path: str, body: bytes, **headers: str) -> AsyncIterator[Expect]:
    """Send half of a request whose head the server has accepted; yield a function that sends the rest."""
    async with asyncio.timeout(TIMEOUT_SECONDS), connecting(port) as connection:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", "Expect: 100-continue"]
        connection.writer.write("\r\n".join([*head, *lines]).encode() + b"\r\n\r\n")
        assert b" 100 " in await connection.reader.readuntil(b"\r\n\r\n")
        connection.writer.write(body[:20])

        async def answered(status: int) -> None:
            connection.writer.write(body[20:])
            answer = await connection.reader.readuntil(b"\r\n\r\n")
            assert int(answer.split(b" ", 2)[1]) == status, answer

        yield answered


async def test_a_body_that_arrives_after_the_end_of_its_key_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_bodies, "LATE_SECONDS", 0)
    ended, kept = [await database.app.access.create(Scope.OPERATOR, project="*") for _ in range(2)]
    async with listening(HttpApp(Settings(database_url=str(database.path)))) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as board:
            assert (await board.post("/dashboard/login", data={"key": ended.token})).status_code == 303
            (cookie,) = [f"{name}={value}" for name, value in board.cookies.items()]
        of_form = {"Content_Type": "application/x-www-form-urlencoded", "Origin": url, "Cookie": cookie}
        async with (
            half_sent(port, "/mcp", LIST_SERVICES, **headers_of(ended.token)) as of_ended,
            half_sent(port, "/mcp", LIST_SERVICES, **headers_of(kept.token)) as of_kept,
            half_sent(port, "/dashboard/logout", b"form_token=of another session", **of_form) as of_session,
        ):
            await database.app.access.revoke(ended.key.id)
            await of_ended(401)
            await of_session(303)  # to the login; it would be 403 in a session
            await of_kept(200)


async def test_a_body_that_arrives_after_the_first_key_needs_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_bodies, "LATE_SECONDS", 0)
    options = ServeOptions(is_open=True, until_first_key=True, is_local=True)
    app = HttpApp(Settings(database_url=str(database.path)), options)
    async with listening(app) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def is_closed() -> bool:
            return (await client.post("/mcp", json=call_of("list_services"), headers=headers_of(""))).status_code == 401

        async with half_sent(port, "/mcp", LIST_SERVICES, **headers_of("")) as half:
            await database.app.access.create(Scope.OPERATOR, project="*")
            await until(is_closed)
            await half(401)
