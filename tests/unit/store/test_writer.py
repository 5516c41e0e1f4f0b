"""The one writer: groups, what becomes of a unit whose caller left, and what a failing disk does."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.store.connection import connect_reader, connect_writer
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.schedules import PROJECT, booking, hold, open_shop

SHOP = PROJECT.id
BOUND = 30
"""Seconds that no wait of these tests comes near to."""


class Gate:
    """A unit of work that waits, in the writer's thread, until the test lets it go on."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    async def unit(self, transaction: Transaction) -> int:
        self.entered.set()
        assert self.opened.wait(BOUND)
        await transaction.add_booking(booking("gate", "cleo", at=10_000))
        return transaction.now_ms


@asynccontextmanager
async def gated(store: SqliteStore) -> AsyncIterator[asyncio.Task[int]]:
    """What is written within waits behind a unit that is running; that one goes on at the end."""
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
    """Begin to book an hour of its own."""
    one = booking(f"b-{number}", at=number * 60)
    return asyncio.create_task(store.write(SHOP, lambda transaction: transaction.add_booking(one)))


async def booked(store: SqliteStore) -> list[str]:
    """Which bookings there are, but for the gate's."""
    return [one.id for one in await store.bookings(SHOP) if one.id != "gate"]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def commits(path: Path) -> int:
    """How often a database in WAL mode was committed to: its log has a mark for each."""
    log = path.with_name(path.name + "-wal").read_bytes()
    page_size = int.from_bytes(log[8:12])
    frames = range(32, len(log), 24 + page_size)
    return sum(int.from_bytes(log[frame + 4 : frame + 8]) > 0 for frame in frames)


async def test_those_that_wait_share_one_commit(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slotmcp.store.writer.GROUP_SECONDS", 60.0)  # however slow the machine is
    before = commits(path)
    async with gated(store):
        waiting = [book(store, number) for number in range(20)]
    await asyncio.gather(*waiting)
    assert len(await booked(store)) == 20
    assert commits(path) == before + 1


async def test_a_unit_sees_those_before_it_in_its_group_but_not_those_that_failed(store: SqliteStore) -> None:
    async def fail(transaction: Transaction) -> None:
        await transaction.add_booking(booking("failed"))
        await transaction.schedule()
        raise ZeroDivisionError

    async def see(transaction: Transaction) -> list[str]:
        return [one.id for one in (await transaction.schedule()).technician_schedules["ana"].claims]

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


async def test_nobody_is_told_before_the_commit(store: SqliteStore) -> None:
    async with gated(store) as running:
        later = book(store, 1)
        await asyncio.sleep(0)
        assert not running.done()
    assert await booked(store) == ["b-1"]
    await later


async def test_a_caller_who_leaves_lets_the_unit_that_runs_come_to_its_end(store: SqliteStore) -> None:
    async with gated(store) as running:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    await book(store, 1)
    assert [one.id for one in await store.bookings(SHOP)] == ["b-1", "gate"]


async def test_a_caller_who_leaves_before_the_unit_runs_takes_it_along(store: SqliteStore) -> None:
    async with gated(store):
        waiting = [book(store, number) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    await asyncio.wait(waiting)
    assert await booked(store) == ["b-0", "b-2"]


def own_threads() -> set[threading.Thread]:
    """Those of every store in this process; other tests may keep one open."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("slotmcp")}


async def test_closing_commits_what_was_asked_for_and_refuses_the_rest(path: Path) -> None:
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


async def test_closing_waits_for_units_that_stand_in_the_queue(path: Path) -> None:
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


async def test_units_of_a_group_are_given_the_same_book(path: Path, store: SqliteStore) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as fresh:
        async with gated(store):
            reading = [asyncio.create_task(store.write(SHOP, lambda unit: unit.schedule())) for _ in range(2)]
        one, other = await asyncio.gather(*reading)
        assert one is other
        assert await fresh.schedule(SHOP) is await fresh.schedule(SHOP)


async def test_a_group_that_cannot_be_committed_fails_as_a_whole_and_nothing_is_kept(store: SqliteStore) -> None:
    async def conflict(transaction: Transaction) -> None:
        await transaction.add_booking(booking("conflict", at=0))

    before = await store.schedule(SHOP)
    with full_disk():
        async with gated(store) as running:
            waiting = [running, book(store, 0), book(store, 1), asyncio.create_task(store.write(SHOP, conflict))]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in outcomes] == [Unavailable] * 4
    assert "Nothing was done: the disk" in str(outcomes[0])
    assert len({id(one) for one in outcomes}) == 4
    assert await store.schedule(SHOP) == before
    await book(store, 2)
    assert [one.id for one in await store.bookings(SHOP)] == ["b-2"]
    after = await store.write(SHOP, lambda transaction: transaction.schedule())
    assert [one.id for one in after.technician_schedules["ana"].claims] == ["b-2"]
    assert await store.schedule(SHOP, before) == after


class TornClock(HandClock):
    """A clock that can break."""

    torn = False

    def now_ms(self) -> int:
        if self.torn:
            raise ZeroDivisionError
        return super().now_ms()


async def test_whatever_goes_wrong_nobody_waits_forever(path: Path) -> None:
    clock = TornClock()
    async with SqliteStore.open(path, clock=clock) as store:
        await open_shop(store)
        async with gated(store) as running:
            waiting = [running, book(store, 0), book(store, 1)]
            await asyncio.sleep(0)
            clock.torn = True
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert ZeroDivisionError in map(type, outcomes)
        clock.torn = False
        await book(store, 2)
        assert await booked(store) == ["b-2"]


async def test_a_unit_may_fail_with_whatever_it_likes(store: SqliteStore) -> None:
    async def leave(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await store.write(SHOP, leave)
    await book(store, 1)
    assert await booked(store) == ["b-1"]


async def test_another_broken_constraint_is_not_called_a_conflict(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="claims_span"):
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", minutes=0)))
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h-1")))
    with pytest.raises(ClaimConflict) as refused:
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h-2")))
    assert isinstance(refused.value.__cause__, sqlite3.IntegrityError)


async def test_a_unit_has_its_callers_context(store: SqliteStore) -> None:
    async def unit(_: Transaction) -> tuple[str, str]:
        return trace.get(), threading.current_thread().name

    trace: ContextVar[str] = ContextVar("trace")
    trace.set("01J")
    assert await store.write(SHOP, unit) == ("01J", "slotmcp-writer")


def pragmas(connection: sqlite3.Connection, *names: str) -> list[Any]:
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]


async def test_the_writers_commits_are_durable(store: SqliteStore, path: Path) -> None:
    wanted = ["wal", 2, 1, 1]
    names = ("journal_mode", "synchronous", "fullfsync", "foreign_keys")
    assert await asyncio.to_thread(pragmas, store._writer._connection, *names) == wanted  # noqa: SLF001
    connection = connect_writer(path, timeout_ms=50)
    assert pragmas(connection, *names) == wanted
    assert pragmas(connection, "busy_timeout")[0] > 0
    connection.close()


async def test_a_reader_cannot_write(store: SqliteStore, path: Path) -> None:
    assert await store.project_ids() == (SHOP,)
    connection = connect_reader(path, timeout_ms=50)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM projects")
    assert pragmas(connection, "busy_timeout") == [50]
    connection.close()
