"""Back ends that must fulfill the contracts of the ports."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from slotmcp.ports import Store
from slotmcp.store.encryption import FieldCipher, new_key
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.fleets import JoinedStore
from support.memory_fleet import MemoryFleet
from support.new_file import new_file
from support.pgbouncer import pgbouncer
from support.schedules import open_shop
from support.stores import OpenStore

BEHIND_POOLER: Final = {"test_booking_changes", "test_claims", "test_store"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def open_sqlite(tmp_path: Path, clock: HandClock) -> OpenStore:
    path = new_file(tmp_path / "slots.db")

    def opened(*, timeout_ms: int = 20_000) -> AbstractAsyncContextManager[Store]:
        return SqliteStore.open(path, clock=clock, timeout_ms=timeout_ms)

    return opened


@pytest.fixture
def open_encrypted(tmp_path: Path, clock: HandClock) -> OpenStore:
    path, cipher = new_file(tmp_path / "encrypted.db"), FieldCipher([new_key()])

    def opened(*, timeout_ms: int = 20_000) -> AbstractAsyncContextManager[Store]:
        return SqliteStore.open(path, clock=clock, timeout_ms=timeout_ms, cipher=cipher)

    return opened


@pytest.fixture
def open_postgres(postgres_url: str, clock: HandClock) -> OpenStore:
    @asynccontextmanager
    async def opened(*, timeout_ms: int = 20_000) -> AsyncIterator[Store]:
        async with PostgresStore.open(postgres_url, clock=clock, timeout_ms=timeout_ms) as store:
            yield store
            assert store.connections_in_use == 0, "a connection was not returned"

    return opened


@pytest.fixture
def open_fleet(open_encrypted: OpenStore, clock: HandClock) -> OpenStore:
    """Open stores of a fleet, on an encrypted database."""
    fleet = MemoryFleet()

    @asynccontextmanager
    async def opened(*, timeout_ms: int = 20_000) -> AsyncIterator[Store]:
        async with (
            open_encrypted(timeout_ms=timeout_ms) as store,
            JoinedStore.open(store, fleet, clock=clock) as joined,
        ):
            yield joined

    return opened


@pytest.fixture
def open_pooled(postgres_url: str, clock: HandClock) -> Iterator[OpenStore]:
    """Open stores behind PgBouncer in transaction mode."""
    with pgbouncer(postgres_url) as url:

        def opened(*, timeout_ms: int = 20_000) -> AbstractAsyncContextManager[Store]:
            return PostgresStore.open(url, clock=clock, timeout_ms=timeout_ms, statement_cache=False)

        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests on every back end, and some of them behind PgBouncer."""
    if "open_store" in metafunc.fixturenames:
        pooled = ["pooled"] if metafunc.module.__name__.rpartition(".")[2] in BEHIND_POOLER else []
        metafunc.parametrize("open_store", ["sqlite", "fleet", "postgres", *pooled], indirect=True)


@pytest.fixture
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    factory: OpenStore = request.getfixturevalue(f"open_{request.param}")
    return factory


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[Store]:
    """Store that contains the shop."""
    async with open_store() as opened:
        await open_shop(opened)
        yield opened


@pytest.fixture
async def other(open_store: OpenStore, store: Store) -> AsyncIterator[Store]:
    """Store of another process on the same database."""
    assert await store.project_ids()
    async with open_store() as opened:
        yield opened
