"""Writer on SQLite: groups, cancelled callers, shutdown, and failing commits."""

import asyncio
import resource
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.store.connection import LOCK_RETRY_SECONDS, NO_WAIT, connect_reader, connect_writer, execute_with_retry
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import PROJECT, booking, hold, ids_of, open_shop

SHOP = PROJECT.id
BOUND = 30
"""Timeout in seconds, far above any wait of these tests."""


class Gate:
    """Unit of work that blocks the writer's thread until the test releases it."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    async def unit(self, transaction: Transaction) -> int:
        self.entered.set()
        assert self.opened.wait(BOUND)
        await transaction.add_booking(booking("gate", "cleo", at=10_000))
        return transaction.now_ms


@asynccontextmanager
async def gated(store: SqliteStore) -> AsyncIterator[asyncio.Task[int]]:
    """Queue the writes of the block behind a running unit, which continues at the end."""
    gate = Gate()
    running = asyncio.create_task(store.write(SHOP, gate.unit))
    assert await asyncio.to_thread(gate.entered.wait, BOUND)
    try:
        yield running
        await asyncio.sleep(0)
    finally:
        gate.opened.set()
    await asyncio.wait([running])


def book(store: SqliteStore, number: int) -> asyncio.Task[None]:
    """Start a task that books an hour."""
    sold = booking(f"b-{number}", at=number * 60)
    return asyncio.create_task(store.write(SHOP, lambda transaction: transaction.add_booking(sold)))


async def booked(store: SqliteStore) -> list[str]:
    """Return the ids of all bookings except the gate's."""
    return [booking_id for booking_id in ids_of(await store.bookings(SHOP)) if booking_id != "gate"]


@contextmanager
def full_disk() -> Iterator[None]:
    """Keep all files of this process from growing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def commits(path: Path) -> int:
    """Return the number of commits in the write-ahead log of a database."""
    log = path.with_name(path.name + "-wal").read_bytes()
    page_size = int.from_bytes(log[8:12])
    frames = range(32, len(log), 24 + page_size)
    return sum(int.from_bytes(log[frame + 4 : frame + 8]) > 0 for frame in frames)


async def test_queued_units_share_one_commit(store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slotmcp.store.writer.GROUP_SECONDS", 60.0)  # also on a slow machine
    before = commits(path)
    async with gated(store):
        waiting = [book(store, number) for number in range(20)]
    await asyncio.gather(*waiting)
    assert len(await booked(store)) == 20
    assert commits(path) == before + 1


async def test_a_unit_sees_earlier_units_of_its_group_except_failed_ones(store: SqliteStore) -> None:
    async def fail(transaction: Transaction) -> None:
        await transaction.add_booking(booking("failed"))
        await transaction.schedule()
        raise ZeroDivisionError

    async def see(transaction: Transaction) -> list[str]:
        return ids_of((await transaction.schedule()).technician_schedules["ana"].claims)

    async with gated(store):
        first = book(store, 5)
        failed = asyncio.create_task(store.write(SHOP, fail))
        second = book(store, 1)
        seen = asyncio.create_task(store.write(SHOP, see))
    await asyncio.gather(first, second)
    with pytest.raises(ZeroDivisionError):
        await failed
    assert await seen == ["b-1", "b-5"]
    assert (await store.head(SHOP)).revision == 4


async def test_no_caller_gets_a_result_before_the_commit(store: SqliteStore) -> None:
    async with gated(store) as running:
        later = book(store, 1)
        await asyncio.sleep(0)
        assert not running.done()
    assert await booked(store) == ["b-1"]
    await later


async def test_a_running_unit_ends_although_its_caller_is_cancelled(store: SqliteStore) -> None:
    async with gated(store) as running:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    await book(store, 1)
    assert ids_of(await store.bookings(SHOP)) == ["b-1", "gate"]


async def test_a_queued_unit_of_a_cancelled_caller_is_not_run(store: SqliteStore) -> None:
    async with gated(store):
        waiting = [book(store, number) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    await asyncio.wait(waiting)
    assert await booked(store) == ["b-0", "b-2"]


def own_threads() -> set[threading.Thread]:
    """Return the threads of all stores in this process; other tests may have open stores."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("slotmcp")}


async def test_closing_commits_queued_units_and_rejects_later_ones(path: Path) -> None:
    before = own_threads()
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        async with gated(store) as running:
            waiting = [book(store, number) for number in range(5)]
            await asyncio.sleep(0)
    await asyncio.gather(running, *waiting)
    with pytest.raises(Unavailable, match="shutting down"):
        await book(store, 9)
    async with SqliteStore.open(path, clock=HandClock()) as again:
        assert len(await booked(again)) == 5
    assert own_threads() <= before


async def test_closing_waits_for_queued_units(path: Path) -> None:
    before = own_threads()
    opened = SqliteStore.open(path, clock=HandClock())
    store = await opened.__aenter__()
    await open_shop(store)
    async with gated(store) as running:
        waiting = [book(store, number) for number in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(opened.__aexit__(None, None, None))
        await asyncio.sleep(0)
    async with asyncio.timeout(BOUND):
        await asyncio.gather(running, closing, *waiting)
    assert own_threads() <= before


async def test_units_of_a_group_get_the_same_schedule(path: Path, store: SqliteStore) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as fresh:
        async with gated(store):
            reading = [asyncio.create_task(store.write(SHOP, lambda unit: unit.schedule())) for _ in range(2)]
        first, second = await asyncio.gather(*reading)
        assert first is second
        assert await fresh.schedule(SHOP) is await fresh.schedule(SHOP)


async def test_a_group_whose_commit_fails_writes_nothing(store: SqliteStore) -> None:
    async def conflict(transaction: Transaction) -> None:
        await transaction.add_booking(booking("conflict", at=0))

    before = await store.schedule(SHOP)
    with full_disk():
        async with gated(store) as running:
            waiting = [running, book(store, 0), book(store, 1), asyncio.create_task(store.write(SHOP, conflict))]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 4
    assert "Nothing was done: the disk" in str(outcomes[0])
    assert len({id(outcome) for outcome in outcomes}) == 4
    assert await store.schedule(SHOP) == before
    await book(store, 2)
    assert ids_of(await store.bookings(SHOP)) == ["b-2"]
    after = await store.write(SHOP, lambda transaction: transaction.schedule())
    assert ids_of(after.technician_schedules["ana"].claims) == ["b-2"]
    assert await store.schedule(SHOP, before) == after


class BrokenClock(HandClock):
    """Clock that can fail."""

    is_broken = False

    def now_ms(self) -> int:
        if self.is_broken:
            raise ZeroDivisionError
        return super().now_ms()


async def test_an_unexpected_error_reaches_every_caller(path: Path) -> None:
    clock = BrokenClock()
    async with SqliteStore.open(path, clock=clock) as store:
        await open_shop(store)
        async with gated(store) as running:
            waiting = [running, book(store, 0), book(store, 1)]
            await asyncio.sleep(0)
            clock.is_broken = True
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert ZeroDivisionError in map(type, outcomes)
        clock.is_broken = False
        await book(store, 2)
        assert await booked(store) == ["b-2"]


async def test_a_unit_may_raise_any_exception(store: SqliteStore) -> None:
    async def cancel(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await store.write(SHOP, cancel)
    await book(store, 1)
    assert await booked(store) == ["b-1"]


async def test_a_violation_of_another_constraint_is_not_a_conflict(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="claims_span"):
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", minutes=0)))
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h-1")))
    with pytest.raises(ClaimConflict) as rejected:
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h-2")))
    assert isinstance(rejected.value.__cause__, sqlite3.IntegrityError)


async def test_a_unit_has_its_callers_context_variables(store: SqliteStore) -> None:
    async def unit(_: Transaction) -> tuple[str, str]:
        return trace.get(), threading.current_thread().name

    trace: ContextVar[str] = ContextVar("trace")
    trace.set("01J")
    assert await store.write(SHOP, unit) == ("01J", "slotmcp-writer")


def pragmas(connection: sqlite3.Connection, *names: str) -> list[Any]:
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]


async def test_the_writers_commits_are_durable(store: SqliteStore, path: Path) -> None:
    expected = ["wal", 2, 1, 1]
    names = ("journal_mode", "synchronous", "fullfsync", "foreign_keys")
    assert await asyncio.to_thread(pragmas, store._writer._connection, *names) == expected  # noqa: SLF001
    assert await asyncio.to_thread(pragmas, store._writer._connection, "busy_timeout") == [0]  # noqa: SLF001
    connection = connect_writer(path, timeout_ms=50)
    assert pragmas(connection, *names) == expected
    assert pragmas(connection, "busy_timeout")[0] > 0
    connection.close()


async def test_a_reader_cannot_write(store: SqliteStore, path: Path) -> None:
    assert await store.project_ids() == (SHOP,)
    connection = connect_reader(path, timeout_ms=50)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM projects")
    assert pragmas(connection, "busy_timeout") == [50]
    connection.close()


def test_a_taken_lock_is_tried_again_after_each_short_pause(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own pauses grow to 15 ms, several times as long as another process's import holds the lock."""
    pauses: list[float] = []
    new_file(path)
    holder, waiting = connect_writer(path, timeout_ms=50), connect_writer(path, timeout_ms=50)
    waiting.execute(NO_WAIT)
    holder.execute("BEGIN IMMEDIATE")

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.execute("ROLLBACK")

    monkeypatch.setattr("slotmcp.store.connection.time.sleep", pause)
    execute_with_retry(waiting, "BEGIN IMMEDIATE", time.monotonic() + 60)
    assert waiting.in_transaction
    assert pauses == [LOCK_RETRY_SECONDS] * 3
    holder.close()
    waiting.close()
