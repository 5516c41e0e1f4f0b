"""Copying projects between databases: all or nothing, with an unchanged source."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.domain.erasure import Erasure
from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable, InvalidArgument, NotFound, Unavailable
from slotmcp.domain.trace import TracedUse
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Store, Transaction
from slotmcp.store.copying import SKIPPED_TABLES, Database, copy_between
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import SCHEMA, SchemaVersions
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.tables import METADATA
from support.clock import NOW_MS, HandClock
from support.postgres_databases import Databases
from support.schedules import (
    FULL_BOOKING,
    FULL_DEFERRED,
    FULL_ENTRY,
    FULL_PROJECT,
    FULL_PUSH,
    FULL_SERVICE,
    FULL_SYNC,
    FULL_TECHNICIAN,
    FULL_TERMS,
    FULL_WAIT,
    PROJECT,
    booking,
    busy,
    hold,
    ids_of,
    open_shop,
    receipt,
    token,
    wait,
)
from support.sqlite_file import fingerprint
from support.traces import trace
from unit.store.test_prepare import next_schema

SHOP = PROJECT.id
HASH = "a" * 64
KEY = AccessKey(id="k1", name="Front desk", scope=Scope.CALLER, project_id=SHOP, created_at_ms=NOW_MS)
UNBOUND = AccessKey(id="k2", name="Office", scope=Scope.OPERATOR, project_id=None, created_at_ms=NOW_MS)
MANY = 2_345
"""More rows than a batch has."""


def opened(database: Database) -> Any:  # noqa: ANN401  an open store
    if isinstance(database, Address):
        return PostgresStore.open(database.url, clock=HandClock())
    return SqliteStore.open(database, clock=HandClock())


async def fill(store: Store) -> None:
    """Create a project with rows in every table, and holds in every state."""

    async def unit(transaction: Transaction) -> None:
        await transaction.save_services([FULL_SERVICE])
        await transaction.save_technicians([FULL_TECHNICIAN])
        for number, name in enumerate(("held", "released", "withdrawn", "booked")):
            await transaction.add_hold(hold(name, at=number * 60, hold=FULL_TERMS if name == "held" else None))
        await transaction.release_hold("released")
        await transaction.withdraw_hold("withdrawn")
        await transaction.confirm_hold(booking("booked", at=180))
        await transaction.add_booking(FULL_BOOKING)
        await transaction.add_busy([busy(), busy("ben", source="another")])
        for entry in (wait("z"), FULL_WAIT, wait("a")):
            await transaction.add_waitlist_entry(entry)
        await transaction.add_event("waitlist.offered", "z")
        await transaction.add_receipt(receipt())
        await transaction.add_erasure(Erasure(project_id=SHOP, key="k", at_ms=1))
        await transaction.calendar.record_delivery("digest")
        await transaction.calendar.save_entry(FULL_ENTRY)
        await transaction.calendar.defer(FULL_DEFERRED)
        await transaction.calendar.save_push(FULL_PUSH)
        await transaction.calendar.save_sync_state(FULL_SYNC)
        await transaction.remove_technicians(["cleo"])

    await open_shop(store)
    await store.write(SHOP, unit)

    async def another(transaction: Transaction) -> None:
        await transaction.save_project(FULL_PROJECT)
        await transaction.save_technicians([FULL_TECHNICIAN])
        await transaction.add_hold(replace(hold("h", "full"), token="another"))  # noqa: S106  a test's own

    await store.write(FULL_PROJECT.id, another, create=True)
    await store.add_traces([trace(TracedUse.BOOK_SLOT, NOW_MS)])
    await store.add_access_key(KEY, HASH)
    await store.add_access_key(UNBOUND, HASH)


async def everything(store: Store) -> list[object]:
    """Return all data that the port can read."""
    data: list[object] = []
    for project_id in await store.project_ids():
        data += [await store.head(project_id), await store.schedule(project_id), await store.bookings(project_id)]
        data += [await store.waitlist_entries(project_id, *WaitlistState), await store.events(project_id, 0)]
        data += [await store.hold(project_id, token(name)) for name in ("held", "released", "withdrawn", "booked")]
        data.append(await store.write(project_id, lambda transaction: transaction.receipt("book_slot", "local", "key")))
        data.append(await store.erasures(project_id))
        data.append(await store.bookings_by(project_id, "phone:+1", now=0, max_others=10))
        data.append(replace(await store.calendar(project_id), now_ms=0))
        data.append(await store.traces(project_id, 0, 2 * NOW_MS))
    data.append(await store.access_key(KEY.id))
    return data


@pytest.fixture
def databases(path: Path, tmp_path: Path, postgres_url: str) -> dict[str, Database]:
    return {"file": path, "another file": tmp_path / "more" / "another.db", "server": Address.of(postgres_url)}


@pytest.fixture(params=[("file", "server"), ("server", "file"), ("file", "another file")], ids="-".join)
def way(request: pytest.FixtureRequest, databases: dict[str, Database]) -> tuple[Database, Database]:
    """Source and target of a copy."""
    source, target = request.param
    return databases[source], databases[target]


async def test_everything_is_copied_and_can_be_used(way: tuple[Database, Database]) -> None:
    source, target = way
    async with opened(source) as store:
        await fill(store)
        expected = await everything(store)
    report = await copy_between(source, target, [], timeout_ms=10_000)
    assert report.project_ids == (FULL_PROJECT.id, SHOP)
    assert [table.name for table in report.tables if not table.rows] == []
    assert {table.name for table in report.tables} == METADATA.tables.keys() - SKIPPED_TABLES
    async with opened(target) as store:
        assert await everything(store) == expected
        assert await store.access_keys() == (KEY,), "a key to every project may open more projects in the target"
        for number, technician_id in enumerate(("ana", "ben", "full")):
            new = booking(f"new-{number}", technician_id, at=6000)
            await store.write(SHOP, lambda transaction: transaction.add_booking(new))  # noqa: B023  awaited here
        await store.write(SHOP, lambda transaction: transaction.add_waitlist_entry(wait("new")))
        assert ids_of(await store.waitlist_entries(SHOP, *WaitlistState)) == ["z", "full", "a", "new"]


async def test_every_column_that_is_copied_has_a_value_in_these_tests(path: Path) -> None:
    async with opened(path) as store:
        await fill(store)
    with closing(sqlite3.connect(path)) as connection:
        empty = [
            f"{table.name}.{column.name}"
            for table in METADATA.sorted_tables
            if table.name not in SKIPPED_TABLES
            for column in table.columns
            if connection.execute(f'SELECT count("{column.name}") FROM "{table.name}"').fetchone() == (0,)  # noqa: S608  names of the schema
        ]
    assert empty == ["access_keys.expires_at_ms", "access_keys.revoked_at_ms"]


async def test_copying_back_gives_the_same_rows(databases: dict[str, Database]) -> None:
    async with opened(databases["file"]) as store:
        await fill(store)
    forth = await copy_between(databases["file"], databases["server"], [], timeout_ms=10_000)
    back = await copy_between(databases["server"], databases["another file"], [], timeout_ms=10_000)
    assert forth == back


async def test_copying_one_project_leaves_the_source_unchanged(databases: dict[str, Database], path: Path) -> None:
    async with opened(path) as store:
        await fill(store)
    before = fingerprint(path)
    report = await copy_between(path, databases["server"], [SHOP, SHOP], timeout_ms=10_000)
    assert report.project_ids == (SHOP,)
    assert fingerprint(path) == before
    async with opened(databases["server"]) as store:
        assert await store.project_ids() == (SHOP,)
    await copy_between(path, databases["server"], [FULL_PROJECT.id], timeout_ms=10_000)
    async with opened(databases["server"]) as store:
        assert await store.project_ids() == (FULL_PROJECT.id, SHOP)


async def test_many_rows_are_copied_in_batches(way: tuple[Database, Database]) -> None:
    async def unit(transaction: Transaction) -> None:
        for number in range(MANY):
            await transaction.add_busy([busy(at=number)])

    source, target = way
    async with opened(source) as store:
        await open_shop(store)
        await store.write(SHOP, unit)
    report = await copy_between(source, target, [], timeout_ms=10_000)
    assert {table.name: table.rows for table in report.tables}["busy_times"] == MANY
    async with opened(target) as store:
        assert len((await store.schedule(SHOP)).technician_schedules["ana"].busy) == MANY


async def test_a_project_that_the_target_has_is_not_replaced(way: tuple[Database, Database]) -> None:
    for database in way:
        async with opened(database) as store:
            await open_shop(store)
    async with opened(way[1]) as store:
        before = await everything(store)
    with pytest.raises(InvalidArgument, match="already has shop"):
        await copy_between(*way, [], timeout_ms=10_000)
    async with opened(way[1]) as store:
        assert await everything(store) == before


async def test_copying_a_missing_project_fails(way: tuple[Database, Database]) -> None:
    async with opened(way[0]):
        pass
    with pytest.raises(InvalidArgument, match="nothing to copy"):
        await copy_between(*way, [], timeout_ms=10_000)
    async with opened(way[0]) as store:
        await open_shop(store)
    with pytest.raises(NotFound, match=r"shpo.*shop"):
        await copy_between(*way, ["shpo"], timeout_ms=10_000)
    async with opened(way[1]) as store:
        assert await store.project_ids() == ()


DISTURBANCES = {
    "a row is lost": (
        "busy_times",
        "CREATE TRIGGER lose AFTER INSERT ON busy_times BEGIN DELETE FROM busy_times WHERE source = 'another'; END",
        "CREATE RULE lose AS ON INSERT TO busy_times WHERE new.source = 'another' DO INSTEAD NOTHING",
    ),
    "a row is changed": (
        "waits",
        "CREATE TRIGGER change AFTER INSERT ON waits BEGIN UPDATE waits SET let_go = '[]' WHERE id = 'full'; END",
        "CREATE RULE change AS ON INSERT TO wait_contacts DO ALSO UPDATE waits SET let_go = '[]' WHERE id = 'full'",
    ),
}


@pytest.mark.parametrize(("table", "in_file", "on_server"), DISTURBANCES.values(), ids=DISTURBANCES)
async def test_a_copy_that_differs_is_rolled_back(
    way: tuple[Database, Database], postgres: Databases, table: str, in_file: str, on_server: str
) -> None:
    source, target = way
    async with opened(source) as store:
        await fill(store)
    async with opened(target):
        pass
    if isinstance(target, Address):
        postgres.execute(on_server, url=target.url)
    else:
        with closing(sqlite3.connect(target)) as connection:
            connection.execute(in_file)
    with pytest.raises(DatabaseUnusable, match=f"differs from the original in {table}"):
        await copy_between(source, target, [], timeout_ms=10_000)
    async with opened(target) as store:
        assert await store.project_ids() == ()


async def test_an_error_of_the_target_rolls_back_and_names_no_customer(
    databases: dict[str, Database], postgres: Databases, postgres_url: str
) -> None:
    async with opened(databases["file"]) as store:
        await fill(store)
    postgres.execute("ALTER TABLE bookings ADD CONSTRAINT anonymous CHECK (customer_name IS NULL)", url=postgres_url)
    with pytest.raises(DatabaseUnusable, match=r"failed \(CheckViolationError\). Nothing was copied") as rejected:
        await copy_between(databases["file"], databases["server"], [], timeout_ms=10_000)
    assert "Kim" not in rejected.value.message
    assert postgres.execute("SELECT count(*) FROM projects", url=postgres_url) == [(0,)]


async def test_a_missing_empty_or_old_source_is_rejected_and_unchanged(
    tmp_path: Path, databases: dict[str, Database], postgres: Databases
) -> None:
    missing, empty = tmp_path / "missing.db", tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(DatabaseUnusable, match="no such file"):
        await copy_between(missing, databases["server"], [], timeout_ms=1000)
    with pytest.raises(DatabaseUnusable, match="is empty"):
        await copy_between(empty, databases["server"], [], timeout_ms=1000)
    assert (missing.exists(), empty.read_bytes()) == (False, b"")
    empty_url = postgres.create()
    with pytest.raises(DatabaseUnusable, match="is empty"):
        await copy_between(Address.of(empty_url), missing, [], timeout_ms=10_000)
    assert postgres.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", url=empty_url) == [(0,)]
    postgres.drop(empty_url)
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    prepare(old, timeout_ms=1000, schema=SchemaVersions(versions=("0001",), migrations=SCHEMA.migrations))
    with pytest.raises(DatabaseUnusable, match=r"older slotmcp .*0001.*slotmcp upgrade"):
        await copy_between(old, databases["server"], [], timeout_ms=1000)
    prepare(new, timeout_ms=1000, schema=next_schema(tmp_path))
    with pytest.raises(DatabaseTooNew):
        await copy_between(new, databases["server"], [], timeout_ms=1000)


async def test_a_server_that_cannot_be_reached_is_unavailable(path: Path) -> None:
    async with opened(path) as store:
        await open_shop(store)
    unreachable = Address.of("postgresql://me:s3cret@localhost:1/x")
    for source, target in ((path, unreachable), (unreachable, path)):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await copy_between(source, target, [], timeout_ms=1000)
