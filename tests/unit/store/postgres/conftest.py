"""Stores on PostgreSQL that contain the shop, another server that writes at once, and servers that tests may stop."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from slotmcp.ports import Unit
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.postgres_databases import Databases
from support.postgres_proxy import proxied
from support.postgres_server import PostgresServer
from support.postgres_trips import TripCounter
from support.proxy import Proxy
from support.schedules import PROJECT, open_shop

DEFAULT_TIMEOUT_MS = 20_000
"""Long enough for a busy machine."""


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """Store that contains the shop."""
    async with PostgresStore.open(postgres_url, timeout_ms=DEFAULT_TIMEOUT_MS) as opened:
        await open_shop(opened)
        yield opened
        assert opened.connections_in_use == 0


@pytest.fixture
async def other(postgres_url: str, store: PostgresStore) -> AsyncIterator[PostgresStore]:
    """Store of another server on the same database."""
    assert await store.project_ids()
    async with PostgresStore.open(postgres_url, timeout_ms=DEFAULT_TIMEOUT_MS) as opened:
        yield opened
        assert opened.connections_in_use == 0


@pytest.fixture
async def session(postgres_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Plain connection of asyncpg."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def crashing(postgres_server: PostgresServer) -> Iterator[Databases]:
    """Databases of a server that tests may stop, even if the other tests use an existing server."""
    databases = Databases(postgres_server.url("postgres"))
    yield databases
    databases.close()


@pytest.fixture
def crashing_url(crashing: Databases) -> Iterator[str]:
    """Database of the server that tests may stop."""
    with crashing.clone() as url:
        yield url


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="slotmcp-proxy-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def proxied_database(crashing_url: str, short_path: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """Proxy to a database, and the URL through it."""
    async with proxied(crashing_url, short_path) as opened:
        yield opened


def open_store(url: str) -> Any:  # noqa: ANN401  a context manager of a store
    """Open a store on the clock of the tests, with one connection that writes."""
    return PostgresStore.open(url, clock=HandClock(), timeout_ms=DEFAULT_TIMEOUT_MS, pool_size=2)


@pytest.fixture
async def counted(postgres_url: str, short_path: Path) -> AsyncIterator[tuple[PostgresStore, TripCounter]]:
    """Store with the shop that knows its state, and the counter of its trips."""
    counter = TripCounter()
    async with proxied(postgres_url, short_path, counter.observer) as (_, url), open_store(url) as store:
        await open_shop(store)
        await store.write(PROJECT.id, lambda transaction: transaction.schedule())
        counter.reset()
        yield store, counter


@dataclass
class OtherServer:
    """Another server, which works when a unit of work calls it: within the unit, in a thread of its own."""

    url: str
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def write(self, unit: Unit[object]) -> None:
        """Commit a unit of work, and return."""
        self.thread.submit(asyncio.run, self._write(unit)).result()

    def sees_the_lock(self) -> bool:
        """Return whether a server has the lock of the shop."""
        return self.thread.submit(asyncio.run, self._sees_the_lock()).result()

    async def _write(self, unit: Unit[object]) -> None:
        async with open_store(self.url) as store:
            await store.write(PROJECT.id, unit)

    async def _sees_the_lock(self) -> bool:
        session = await asyncpg.connect(self.url)
        try:
            return not await session.fetch("SELECT 1 FROM projects FOR NO KEY UPDATE SKIP LOCKED")
        finally:
            await session.close()


@pytest.fixture
def other_server(postgres_url: str) -> Iterator[OtherServer]:
    server = OtherServer(postgres_url)
    yield server
    server.thread.shutdown()
