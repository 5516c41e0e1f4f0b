"""Debian's Chromium, a server to look at, and a business of each test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from slotmcp.domain.access import Scope
from support.browsing import Business, Look, Watch, chromium, looking, open_business, open_lively_business
from support.http_server import Books, HttpServer, open_books, serving

_HERE: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all that a browser does: it lives as long as the tests."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def schedules(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Books]:
    """The books of all businesses, beside the server."""
    async with open_books(tmp_path_factory.mktemp("dashboard") / "slotmcp.db") as schedules:
        await schedules.app.access.create(Scope.OPERATOR, project="*")
        yield schedules


@pytest.fixture(scope="session")
def server(schedules: Books) -> Iterator[HttpServer]:
    """It asks for keys."""
    with serving(schedules.path) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def business(server: HttpServer, schedules: Books) -> Business:
    return await open_business(server, schedules)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lively(server: HttpServer, schedules: Books) -> Business:
    """To be looked at, and not changed."""
    return await open_lively_business(server, schedules)


@pytest_asyncio.fixture(loop_scope="session")
async def watch(server: HttpServer) -> AsyncIterator[Watch]:
    """Nothing goes wrong that a test does not expect."""
    watch = Watch(server.url)
    yield watch
    assert (watch.faults, watch.refused) == ([], [])


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser, watch: Watch) -> AsyncIterator[Look]:
    async with looking(browser, watch) as look:
        yield look
