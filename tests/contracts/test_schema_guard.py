"""A process whose database was upgraded by another version reads on, but writes nothing more."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.domain.errors import Unavailable
from slotmcp.domain.trace import TracedUse
from slotmcp.ports import Store, Transaction
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.schema import SCHEMA
from slotmcp.store.schema_guard import _log_once
from slotmcp.store.sqlite import SqliteStore
from support.clock import NOW_MS, HandClock
from support.new_file import new_file
from support.postgres_databases import Databases
from support.schedules import PROJECT, booking, open_shop
from support.traces import trace
from support.until import until
from unit.store.test_prepare import next_schema

SHOP = PROJECT.id
UPGRADED = "UPDATE alembic_version SET version_num = '9999'"
RESTORED = UPGRADED.replace("9999", SCHEMA.newest)
KEY = AccessKey(id="k1", name="", scope=Scope.CALLER, project_id=SHOP, created_at_ms=NOW_MS)


@dataclass(frozen=True, slots=True)
class Opened:
    """Store, and a function that runs SQL in its database as another process."""

    store: Store
    execute: Callable[[str], object]


@pytest.fixture(params=["sqlite", "postgres"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    _log_once.cache_clear()
    if request.param == "sqlite":
        path = new_file(tmp_path / "slots.db")
        async with SqliteStore.open(path, clock=HandClock()) as store:
            await open_shop(store)
            yield Opened(store, lambda statement: execute_in_file(path, statement))
        return
    url: str = request.getfixturevalue("postgres_url")
    databases: Databases = request.getfixturevalue("postgres")
    async with PostgresStore.open(url, clock=HandClock()) as store:
        await open_shop(store)
        yield Opened(store, lambda statement: databases.execute(statement, url=url))


def execute_in_file(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


async def book(transaction: Transaction) -> None:
    await transaction.add_booking(booking("b"))


async def create(transaction: Transaction) -> None:
    await transaction.save_project(PROJECT)


async def test_no_write_follows_an_upgrade_by_another_version(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    store = opened.store
    opened.execute(UPGRADED)
    writes: list[Callable[[], Awaitable[object]]] = [
        lambda: store.write(SHOP, book),
        lambda: store.write(SHOP, book),
        lambda: store.write("new", create, create=True),
        lambda: store.add_access_key(KEY, "a" * 64),
        lambda: store.revoke_access_key(KEY.id, NOW_MS),
        lambda: store.add_traces([trace(TracedUse.BOOK_SLOT, NOW_MS)]),
    ]
    with caplog.at_level(logging.ERROR):
        for write in writes:
            with pytest.raises(Unavailable, match="was upgraded for another version of this server") as refused:
                await write()
            assert refused.value.retryable
    assert await store.bookings(SHOP) == ()
    assert (await store.schedule(SHOP)).technician_schedules, "searches go on"
    lines = [record.getMessage() for record in caplog.records if record.name == "slotmcp.store"]
    assert len(lines) == 1
    assert f"has schema 9999, but this process writes schema {SCHEMA.newest}" in lines[0]
    opened.execute(RESTORED)
    await store.write(SHOP, book)
    assert len(await store.bookings(SHOP)) == 1


async def test_an_upgrade_of_a_server_waits_for_the_writes_in_progress(
    postgres_url: str, postgres: Databases, tmp_path: Path
) -> None:
    later, address = next_schema(tmp_path), Address.of(postgres_url)
    async with PostgresStore.open(postgres_url, clock=HandClock()) as store:
        await open_shop(store)
        writing = await asyncpg.connect(postgres_url)
        transaction = writing.transaction()
        await transaction.start()
        await writing.execute("SELECT 1 FROM projects FOR NO KEY UPDATE")
        upgrade = asyncio.create_task(prepare(address, timeout_ms=20_000, schema=later))
        await waiting_for_lock(postgres, postgres_url, 1)
        late = asyncio.create_task(store.write(SHOP, book))
        await waiting_for_lock(postgres, postgres_url, 2)
        assert (await store.head(SHOP)).revision, "reads do not wait"
        await writing.execute("UPDATE projects SET name = 'Written before the upgrade'")
        await transaction.commit()
        await writing.close()
        await upgrade
        with pytest.raises(Unavailable, match="another version"):
            await late
    assert postgres.execute("SELECT name, motto FROM projects", url=postgres_url) == [
        ("Written before the upgrade", None)
    ]


async def waiting_for_lock(postgres: Databases, url: str, count: int) -> None:
    """Wait until as many connections wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await asyncio.to_thread(until, lambda: postgres.execute(query, url=url) == [(count,)], "connections wait")
