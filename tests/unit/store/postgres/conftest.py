"""Stores on PostgreSQL that contain the shop, and servers that tests may stop."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from slotmcp.store.postgres.store import PostgresStore
from support.postgres_databases import Databases
from support.postgres_proxy import proxied
from support.postgres_server import PostgresServer
from support.proxy import Proxy
from support.schedules import open_shop

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
