"""Round trips and statements of calls on PostgreSQL, which may not grow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.counted_calls import CALLS, MORNING, SHOP, Call, book
from support.postgres_proxy import proxied
from support.postgres_trips import TripCounter
from support.schedules import open_shop

GROUP = 32
RUNS = 3
TRIPS = {
    "book_slot": 1,
    "book_slot with a key": 1,
    "create_hold": 1,
    "book_slot with a hold": 2,
    "reschedule_booking": 4,
    "cancel_booking": 3,
    "release_hold": 2,
}
"""Round trips of a call, each with one statement. `make bench` shows what they cost."""
TRIPS_OF_GROUP = 3
"""Round trips of bookings with keys that wait for each other."""
TRIPS_AFTER_CHANGE = 3
"""Round trips after another server has written: the write, what has changed, and the write."""
TRIPS_UNDER_LOCK = 4
"""Round trips while several servers write: the lock, what has changed, the write, and the commit."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Services over a store, and the counter of the store's trips."""

    app: App
    counter: TripCounter
    store: PostgresStore

    async def count(self, call: Call, start: Minute) -> tuple[int, int]:
        """Return the round trips and the statements of a call on a free hour, after what it needs was made."""
        subject = await call.prepare(self.app, start)
        self.counter.reset()
        await call.make(self.app, subject, start)
        return self.counter.trips, self.counter.statements


@pytest.fixture
async def desk(postgres_url: str, short_path: Path) -> AsyncIterator[Desk]:
    """Services whose only two connections lead through a counter."""
    counter = TripCounter()
    async with (
        proxied(postgres_url, short_path, counter.observer) as (_, url),
        PostgresStore.open(url, clock=HandClock(), pool_size=2) as store,
    ):
        await open_shop(store)
        yield Desk(build_app(store), counter, store)


@pytest.mark.parametrize(("name", "trips"), TRIPS.items(), ids=TRIPS)
async def test_a_call_takes_no_more_trips_and_statements_than_before(desk: Desk, name: str, trips: int) -> None:
    """Each call has the store to itself. The first run prepares the statements."""
    for day in range(RUNS):
        taken = await desk.count(CALLS[name], MORNING + day * 1440)
    assert max(taken) <= trips


async def book_all(app: App, day: int) -> None:
    """Book an hour for each of the customers of a group."""
    start = MORNING + day * 1440
    numbers = [(start + 60 * (number % 9) + 1440 * (number // 27), 100 * day + number) for number in range(GROUP)]
    await asyncio.gather(*(book(app, at, key=f"key-{number}", number=number) for at, number in numbers))


async def test_a_group_takes_no_more_trips_than_before(desk: Desk) -> None:
    await book_all(desk.app, 0)
    await book_all(desk.app, 7)
    desk.counter.reset()
    await book_all(desk.app, 14)
    assert desk.counter.prepared == 0
    assert desk.counter.trips <= TRIPS_OF_GROUP


@pytest.mark.parametrize(
    ("is_contended", "trips"), [(False, TRIPS_AFTER_CHANGE), (True, TRIPS_UNDER_LOCK)], ids=["in turn", "at once"]
)
async def test_two_servers_write_to_one_project_in_few_trips(
    desk: Desk, postgres_url: str, *, is_contended: bool, trips: int
) -> None:
    """A group takes no more trips than a booking. Each reads all that the other server has written in one trip."""
    taken: list[int] = []

    async def count(booking: Awaitable[object]) -> None:
        if is_contended:
            desk.store._known.note_contention(SHOP)  # noqa: SLF001  as it is after two conflicts
        desk.counter.reset()
        await booking
        taken.append(desk.counter.trips)

    async with PostgresStore.open(postgres_url, clock=HandClock(), pool_size=2) as store:
        other = build_app(store)
        for monday in range(0, 7 * RUNS, 7):
            await book_all(other, monday)
            await count(book_all(desk.app, monday + 2))
            await book(other, MORNING + (monday + 4) * 1440, number=monday)
            await count(book(desk.app, MORNING + (monday + 4) * 1440 + 120, number=monday))
    assert max(taken[2:]) <= trips, "the first two prepare the statements"
