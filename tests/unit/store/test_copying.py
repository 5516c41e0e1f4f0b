"""Copying books between databases: everything arrives, or nothing; and the source stays as it is."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable, InvalidArgument, NotFound, Unavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Store, Transaction
from slotmcp.store.copying import NOT_COPIED, Database, copy_between
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import SCHEMA, Schema
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
from unit.store.test_prepare import next_schema

SHOP = PROJECT.id
HASH = "a" * 64
KEY = AccessKey(id="k1", name="Front desk", scope=Scope.CALLER, project_id=SHOP, created_at_ms=NOW_MS)
EVERY = AccessKey(id="k2", name="Office", scope=Scope.OPERATOR, project_id=None, created_at_ms=NOW_MS)
MANY = 2_345
"""More than a batch."""


def opened(end: Database) -> Any:  # noqa: ANN401  an open store
    if isinstance(end, Address):
        return PostgresStore.open(end.url, clock=HandClock())
    return SqliteStore.open(end, clock=HandClock())


async def fill(store: Store) -> None:
    """A book with something in every table, and holds in every state."""

    async def unit(transaction: Transaction) -> None:
        await transaction.save_services([FULL_SERVICE])
        await transaction.save_technicians([FULL_TECHNICIAN])
        for number, name in enumerate(("held", "released", "withdrawn", "booked")):
            await transaction.add_hold(hold(name, at=number * 60))
        await transaction.release_hold("released")
        await transaction.withdraw_hold("withdrawn")
        await transaction.confirm_hold(booking("booked", at=180))
        await transaction.add_booking(FULL_BOOKING)
        await transaction.add_busy([busy(), busy("ben", source="another")])
        for one in (wait("z"), FULL_WAIT, wait("a")):
            await transaction.add_wait(one)
        await transaction.add_event("waitlist.offered", "z")
        await transaction.add_receipt(receipt())
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
    await store.add_access_key(KEY, HASH)
    await store.add_access_key(EVERY, HASH)


async def everything(store: Store) -> list[object]:
    """All that the port tells."""
    told: list[object] = []
    for project_id in await store.project_ids():
        told += [await store.head(project_id), await store.schedule(project_id), await store.bookings(project_id)]
        told += [await store.waits(project_id, *WaitlistState), await store.events(project_id, 0)]
        told += [await store.hold(project_id, token(name)) for name in ("held", "released", "withdrawn", "booked")]
        told.append(await store.write(project_id, lambda transaction: transaction.receipt("book_slot", "local", "key")))
        told.append(await store.bookings_by(project_id, "phone:+1"))
        told.append(replace(await store.calendar(project_id), now_ms=0))
    told.append(await store.access_key(KEY.id))
    return told


@pytest.fixture
def ends(path: Path, tmp_path: Path, postgres_url: str) -> dict[str, Database]:
    return {"file": path, "another file": tmp_path / "more" / "another.db", "server": Address.of(postgres_url)}


@pytest.fixture(params=[("file", "server"), ("server", "file"), ("file", "another file")], ids="-".join)
def way(request: pytest.FixtureRequest, ends: dict[str, Database]) -> tuple[Database, Database]:
    """From where, and to where."""
    source, target = request.param
    return ends[source], ends[target]


async def test_everything_arrives_and_goes_on(way: tuple[Database, Database]) -> None:
    source, target = way
    async with opened(source) as store:
        await fill(store)
        expected = await everything(store)
    report = await copy_between(source, target, [], timeout_ms=10_000)
    assert report.project_ids == (FULL_PROJECT.id, SHOP)
    assert [one.name for one in report.tables if not one.rows] == []
    assert {one.name for one in report.tables} == METADATA.tables.keys() - NOT_COPIED
    async with opened(target) as store:
        assert await everything(store) == expected
        assert await store.access_keys() == (KEY,), "a key to every project may open more there than it did here"
        for number, technician_id in enumerate(("ana", "ben", "full")):
            one = booking(f"new-{number}", technician_id, at=6000)
            await store.write(SHOP, lambda transaction: transaction.add_booking(one))  # noqa: B023  awaited here
        await store.write(SHOP, lambda transaction: transaction.add_wait(wait("new")))
        assert ids_of(await store.waits(SHOP, *WaitlistState)) == ["z", "full", "a", "new"]


async def test_there_and_back_is_the_same(ends: dict[str, Database]) -> None:
    async with opened(ends["file"]) as store:
        await fill(store)
    there = await copy_between(ends["file"], ends["server"], [], timeout_ms=10_000)
    back = await copy_between(ends["server"], ends["another file"], [], timeout_ms=10_000)
    assert there == back


async def test_one_project_is_copied_and_the_source_stays_as_it_is(ends: dict[str, Database], path: Path) -> None:
    async with opened(path) as store:
        await fill(store)
    before = fingerprint(path)
    report = await copy_between(path, ends["server"], [SHOP, SHOP], timeout_ms=10_000)
    assert report.project_ids == (SHOP,)
    assert fingerprint(path) == before
    async with opened(ends["server"]) as store:
        assert await store.project_ids() == (SHOP,)
    await copy_between(path, ends["server"], [FULL_PROJECT.id], timeout_ms=10_000)
    async with opened(ends["server"]) as store:
        assert await store.project_ids() == (FULL_PROJECT.id, SHOP)


async def test_many_rows_are_copied_batch_by_batch(way: tuple[Database, Database]) -> None:
    async def unit(transaction: Transaction) -> None:
        for number in range(MANY):
            await transaction.add_busy([busy(at=number)])

    source, target = way
    async with opened(source) as store:
        await open_shop(store)
        await store.write(SHOP, unit)
    report = await copy_between(source, target, [], timeout_ms=10_000)
    assert {one.name: one.rows for one in report.tables}["busy_times"] == MANY
    async with opened(target) as store:
        assert len((await store.schedule(SHOP)).technician_schedules["ana"].busy) == MANY


async def test_what_is_there_already_is_not_copied_over(way: tuple[Database, Database]) -> None:
    for end in way:
        async with opened(end) as store:
            await open_shop(store)
    async with opened(way[1]) as store:
        before = await everything(store)
    with pytest.raises(InvalidArgument, match="already has shop"):
        await copy_between(*way, [], timeout_ms=10_000)
    async with opened(way[1]) as store:
        assert await everything(store) == before


async def test_what_is_not_there_is_not_copied(way: tuple[Database, Database]) -> None:
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


DISTURBING = {
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


@pytest.mark.parametrize(("table", "in_file", "on_server"), DISTURBING.values(), ids=DISTURBING)
async def test_a_copy_that_differs_is_not_kept(
    way: tuple[Database, Database], postgres: Databases, table: str, in_file: str, on_server: str
) -> None:
    source, target = way
    async with opened(source) as store:
        await fill(store)
    async with opened(target):
        pass
    if isinstance(target, Address):
        postgres.ask(on_server, url=target.url)
    else:
        with closing(sqlite3.connect(target)) as connection:
            connection.execute(in_file)
    with pytest.raises(DatabaseUnusable, match=f"differs from the original in {table}"):
        await copy_between(source, target, [], timeout_ms=10_000)
    async with opened(target) as store:
        assert await store.project_ids() == ()


async def test_a_target_that_refuses_gets_nothing_and_nobody_is_named(
    ends: dict[str, Database], postgres: Databases, postgres_url: str
) -> None:
    async with opened(ends["file"]) as store:
        await fill(store)
    postgres.ask("ALTER TABLE bookings ADD CONSTRAINT nobody CHECK (customer_name IS NULL)", url=postgres_url)
    with pytest.raises(DatabaseUnusable, match=r"failed \(CheckViolationError\). Nothing was copied") as refused:
        await copy_between(ends["file"], ends["server"], [], timeout_ms=10_000)
    assert "Kim" not in refused.value.message
    assert postgres.ask("SELECT count(*) FROM projects", url=postgres_url) == [(0,)]


async def test_a_source_that_is_missing_empty_or_old_is_refused_and_not_touched(
    tmp_path: Path, ends: dict[str, Database], postgres: Databases
) -> None:
    missing, empty = tmp_path / "missing.db", tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(DatabaseUnusable, match="no such file"):
        await copy_between(missing, ends["server"], [], timeout_ms=1000)
    with pytest.raises(DatabaseUnusable, match="is empty"):
        await copy_between(empty, ends["server"], [], timeout_ms=1000)
    assert (missing.exists(), empty.read_bytes()) == (False, b"")
    nothing = postgres.create()
    with pytest.raises(DatabaseUnusable, match="is empty"):
        await copy_between(Address.of(nothing), missing, [], timeout_ms=10_000)
    assert postgres.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", url=nothing) == [(0,)]
    postgres.drop(nothing)
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    prepare(old, timeout_ms=1000, schema=Schema(versions=("0001",), migrations=SCHEMA.migrations))
    with pytest.raises(DatabaseUnusable, match=r"older slotmcp .*0001.*slotmcp doctor"):
        await copy_between(old, ends["server"], [], timeout_ms=1000)
    prepare(new, timeout_ms=1000, schema=next_schema(tmp_path))
    with pytest.raises(DatabaseTooNew):
        await copy_between(new, ends["server"], [], timeout_ms=1000)


async def test_a_server_that_is_away_is_said_to_be(path: Path) -> None:
    async with opened(path) as store:
        await open_shop(store)
    away = Address.of("postgresql://me:s3cret@localhost:1/x")
    for source, target in ((path, away), (away, path)):
        with pytest.raises(Unavailable, match="away"):
            await copy_between(source, target, [], timeout_ms=1000)
