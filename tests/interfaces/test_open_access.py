"""A server without keys is open to this machine only, and asks for a key as soon as one exists."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.bootstrap import build_app
from slotmcp.domain.access import Scope
from slotmcp.services.app import App
from slotmcp.services.open_access import OpenAccess
from slotmcp.settings import Settings
from slotmcp.store.postgres.store import PostgresStore
from support.denver import PLAN, PROJECT
from support.fleets import until
from support.http_server import call_of, headers_of, open_database, running, serving, write_database
from support.streams import KINDS, drain, opened

if TYPE_CHECKING:
    from support.http_server import HttpServer

LOCAL_URL: Final = "http://localhost:8000"
PAGES: Final = ("/mcp", "/metrics", f"/dashboard/{PROJECT.id}")
OPEN: Final = [200, 200, 200]
CLOSED: Final = [401, 401, 303]
TIMEOUT_SECONDS: Final = 60


async def statuses(client: httpx2.AsyncClient, key: str = "", **headers: str) -> list[int]:
    """Return the statuses of a call, the metrics and the board."""
    call = await client.post("/mcp", json=call_of("list_services"), headers=headers_of(key, **headers))
    pages = [await client.get(path, headers=headers_of(key, **headers)) for path in PAGES[1:]]
    return [call.status_code, *(page.status_code for page in pages)]


@asynccontextmanager
async def another_process(path: Path, postgres_url: str) -> AsyncIterator[App]:
    """Open the database as another process does."""
    if not postgres_url:
        async with open_database(path) as database:
            yield database.app
        return
    async with PostgresStore.open(postgres_url) as store:
        yield build_app(store)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_the_first_key_closes_an_open_server(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    path, url = tmp_path / "slotmcp.db", ""
    await write_database(path, PLAN)
    settings: dict[str, str] = {}
    if database == "postgres":
        url = settings["database_url"] = request.getfixturevalue("postgres_url")
    async with another_process(path, url) as app:
        if url:
            await app.projects.import_project(PLAN, prune=False)
        with serving(path, **settings) as server:
            log = await close_with_a_key(server, app, [*KINDS, "board"])
    assert log.count("authentication_required") == 1
    assert "An access key exists now" in log


async def close_with_a_key(server: "HttpServer", app: App, kinds: list[str]) -> str:
    """Create and revoke a key while clients without a key have streams open; return the server's log."""
    async with httpx2.AsyncClient(base_url=server.url, timeout=TIMEOUT_SECONDS) as client, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(client, how)) for how in kinds]
        assert await statuses(client) == OPEN
        new = await app.access.create(Scope.OPERATOR, project="*")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.gather(*map(drain, streams))

        async def is_closed() -> bool:
            return [await statuses(client) for _ in range(4)] == [CLOSED] * 4

        await until(is_closed)
        assert await statuses(client, new.token) == [200, 200, 303]
        await app.access.revoke(new.key.id)
        assert await statuses(client, new.token) == CLOSED, "a revoked key does not open the server again"
    return (await asyncio.to_thread(server.stop))[1]


@asynccontextmanager
async def open_client(tmp_path: Path, *, until_first_key: bool = True) -> AsyncIterator[tuple[httpx2.AsyncClient, App]]:
    """Serve an open app in this process, and yield a client and the database."""
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as database:
        options = ServeOptions(is_open=True, is_local=True, until_first_key=until_first_key)
        app = HttpApp(Settings(database_url=str(path)), options)
        transport = httpx2.ASGITransport(app=app)
        async with running(app), httpx2.AsyncClient(transport=transport, base_url=LOCAL_URL) as client:
            yield client, database.app


@pytest.mark.usefixtures("quiet_logging")
@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
async def test_an_open_server_refuses_forwarded_requests(
    tmp_path: Path, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_client(tmp_path) as (client, _):
        assert await statuses(client) == OPEN
        for value in ("", "book.example.com"):
            assert await statuses(client, **{header: value}) == [403] * 3
        refused = await client.get("/metrics", headers={header: "x"})
    assert "slotmcp keys create" in refused.json()["message"]
    assert capsys.readouterr().err.count("forwarded_request_refused") == 1, "one line for many requests"


@pytest.mark.usefixtures("quiet_logging")
async def test_access_that_the_operator_opened_stays_open(tmp_path: Path) -> None:
    async with open_client(tmp_path, until_first_key=False) as (client, app):
        await app.access.create(Scope.OPERATOR, project="*")
        open_access = OpenAccess(app.access, is_open=True)
        assert not await open_access.close_with_first_key()
        assert await statuses(client, X_Forwarded_For="192.0.2.1") == OPEN


@pytest.mark.usefixtures("quiet_logging")
async def test_an_app_that_starts_open_checks_for_keys_before_its_first_request(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as database:
        await database.app.access.create(Scope.CALLER, project="*")
    app = HttpApp(Settings(database_url=str(path)), ServeOptions(is_open=True, is_local=True, until_first_key=True))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url=LOCAL_URL) as client:
        assert await statuses(client) == CLOSED
