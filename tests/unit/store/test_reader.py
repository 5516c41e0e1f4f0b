"""Readers of an SQLite file: snapshots, damage, cancellation, and the status."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import BookingPages, ProjectMemory, Transaction
from slotmcp.store.catalog import REVISION
from slotmcp.store.change_log import LatestSchedules
from slotmcp.store.reader import SqliteReader
from slotmcp.store.schema import SCHEMA
from slotmcp.store.sql_store import QueryRunner
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.statement import Fetch
from support.clock import HandClock
from support.schedules import PROJECT, booking, hold, ids_of, open_shop

SHOP = PROJECT.id
OTHER = "other"


def damage(path: Path, begin: int, end: int | None) -> None:
    """Overwrite a part of a file."""
    content = bytearray(path.read_bytes())
    content[begin:end] = b"\x99" * len(content[begin:end])
    path.write_bytes(content)


async def test_the_status_describes_the_file(store: SqliteStore, path: Path) -> None:
    status = await store.status()
    assert (status.path, status.schema_version, status.journal_mode) == (path, SCHEMA.newest, "wal")
    assert status.projects == 1
    assert status.size_bytes == os.path.getsize(path) + os.path.getsize(f"{path}-wal")  # noqa: ASYNC240, PTH202
    assert status.is_intact
    assert status.damage == ()


async def test_a_long_read_delays_no_read_of_another_call(store: SqliteStore) -> None:
    loop, began, may_end = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    async def read(_pages: BookingPages) -> bool:
        loop.call_soon_threadsafe(began.set)
        return may_end.wait(5)

    reading = asyncio.create_task(store.scan_bookings(SHOP, read))
    await began.wait()
    await store.schedule(SHOP)
    await store.booking(SHOP, "b")
    await store.access_key("k")
    may_end.set()
    assert await reading


async def add_other(transaction: Transaction) -> None:
    """Add another project."""
    await transaction.save_project(replace(PROJECT, id=OTHER))


@asynccontextmanager
async def occupied(reader: QueryRunner) -> AsyncIterator[None]:
    """Occupy the thread of a reader until the block ends."""
    loop, began, may_end = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    async def query(_fetch: Fetch) -> bool:
        loop.call_soon_threadsafe(began.set)
        return may_end.wait(5)

    reading = asyncio.create_task(reader.run(query))
    await began.wait()
    yield
    may_end.set()
    assert await reading


async def test_the_first_read_of_a_project_delays_no_read_of_changes(store: SqliteStore, path: Path) -> None:
    await store.write(OTHER, add_other, create=True)
    async with SqliteStore.open(path, clock=HandClock()) as reading:
        await reading.schedule(SHOP)
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        async with occupied(reading._full):  # noqa: SLF001  it cannot be occupied from outside for a known time
            first = asyncio.create_task(reading.schedule(OTHER))
            await asyncio.sleep(0)
            assert ids_of((await reading.schedule(SHOP)).technician_schedules["ana"].claims) == ["b"]
            assert not first.done()
        assert (await first).project.id == OTHER


async def test_a_schedule_that_this_process_wrote_last_needs_no_reader(store: SqliteStore) -> None:
    await store.schedule(SHOP)
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    async with occupied(store._pages), occupied(store._full):  # noqa: SLF001  as above
        assert ids_of((await store.schedule(SHOP)).technician_schedules["ana"].claims) == ["b"]


async def test_the_status_reports_damage(path: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        for number in range(200):
            await store.write(SHOP, lambda transaction: transaction.add_hold(hold(f"h-{number}", at=number * 60)))  # noqa: B023
    damage(path, -8192, -4096)
    async with SqliteStore.open(path, clock=HandClock()) as store:
        status = await store.status()
    assert not status.is_intact
    assert status.damage


async def test_a_damaged_file_is_unavailable_to_readers_and_writers(path: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
    async with SqliteStore.open(path, clock=HandClock()) as store:
        damage(path, 4096, None)
        for call in (
            store.head(SHOP),
            store.schedule(SHOP),
            store.bookings(SHOP),
            store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))),
        ):
            with pytest.raises(Unavailable, match="damaged") as rejected:
                await call
            assert rejected.value.retry_after_ms >= 1000


async def test_a_snapshot_does_not_see_later_commits(store: SqliteStore, path: Path) -> None:
    async def query(fetch: Fetch) -> list[int]:
        seen = []
        for _ in range(3):
            seen.append((await fetch(REVISION, project_id=SHOP))[0][0])
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("UPDATE projects SET revision = revision + 1")
        return seen

    reader = SqliteReader(path, timeout_ms=1000)
    assert await reader.run_in_snapshot(query) == [1, 1, 1]
    assert await reader.run(query) == [4, 5, 6]
    reader.close()
    assert (await store.head(SHOP)).revision == 7


async def test_a_programming_error_is_not_reported_as_an_outage(store: SqliteStore, path: Path) -> None:
    reader = SqliteReader(path, timeout_ms=1000)
    with pytest.raises(sqlite3.ProgrammingError):
        await reader.run_in_snapshot(lambda fetch: fetch(REVISION))
    assert await reader.run_in_snapshot(lambda fetch: fetch(REVISION, project_id=SHOP)) == [(1,)]
    reader.close()
    assert await store.project_ids() == (SHOP,)


async def test_an_older_schedule_never_replaces_a_newer_one(store: SqliteStore) -> None:
    schedule = await store.schedule(SHOP)
    newer, newer_still = replace(schedule, revision=2), replace(schedule, revision=2)
    latest = LatestSchedules(ProjectMemory())
    for offered, kept in ((newer, newer), (schedule, newer), (newer_still, newer_still)):
        latest.offer([offered])
        assert latest.get(SHOP) is kept


async def test_a_reader_never_sees_a_partial_transaction(store: SqliteStore) -> None:
    async def write() -> None:
        for number in range(100):
            first = booking(f"b-{number}", "ana", at=number * 60)
            second = booking(f"c-{number}", "ben", at=number * 60)

            async def unit(transaction, first=first, second=second) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
                await transaction.add_booking(first)
                await transaction.add_booking(second)

            await store.write(SHOP, unit)

    writing = asyncio.create_task(write())
    counts = set()
    while not writing.done():
        technician_schedules = (await store.schedule(SHOP)).technician_schedules
        counts.add(len(technician_schedules["ana"].claims))
        assert len(technician_schedules["ana"].claims) == len(technician_schedules["ben"].claims)
    await writing
    assert len(counts) > 1


async def test_a_cancelled_read_does_not_disturb_others(store: SqliteStore) -> None:
    reads = [asyncio.create_task(store.schedule(SHOP)) for _ in range(10)]
    await asyncio.sleep(0)
    for read in reads[::2]:
        read.cancel()
    await asyncio.wait(reads)
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    assert ids_of((await store.schedule(SHOP)).technician_schedules["ana"].claims) == ["b"]
