"""Fixtures: Debian's Chromium, one server, and a business for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from slotmcp.domain.access import Scope
from support.browsing import Business, Look, Watch, chromium, looking, open_business, open_lively_business
from support.http_server import Database, HttpServer, open_database, serving

_HERE: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all browser tests on one event loop, because the browser lives for the whole session."""
    for item in items:
        if item.path.parent == _HERE:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def schedules(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """Open the server's database in this process."""
    async with open_database(tmp_path_factory.mktemp("dashboard") / "slotmcp.db") as schedules:
        await schedules.app.access.create(Scope.OPERATOR, project="*")
        yield schedules


@pytest.fixture(scope="session")
def server(schedules: Database) -> Iterator[HttpServer]:
    """Serve the dashboard with authentication."""
    with serving(schedules.path) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def business(server: HttpServer, schedules: Database) -> Business:
    return await open_business(server, schedules)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lively(server: HttpServer, schedules: Database) -> Business:
    """Provide a business with data, for tests that only read."""
    return await open_lively_business(server, schedules)


@pytest_asyncio.fixture(loop_scope="session")
async def watch(server: HttpServer) -> AsyncIterator[Watch]:
    """Fail the test on unexpected browser errors and HTTP errors."""
    watch = Watch(server.url)
    yield watch
    assert (watch.faults, watch.refused) == ([], [])


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser, watch: Watch) -> AsyncIterator[Look]:
    async with looking(browser, watch) as look:
        yield look
