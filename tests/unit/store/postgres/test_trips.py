"""Round trips and statements of calls on PostgreSQL, which may not grow."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.counted_calls import CALLS, MORNING, Call, book
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


@dataclass(frozen=True, slots=True)
class Desk:
    """Services over a store, and the counter of the store's trips."""

    app: App
    counter: TripCounter

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
        yield Desk(build_app(store), counter)


@pytest.mark.parametrize(("name", "trips"), TRIPS.items(), ids=TRIPS)
async def test_a_call_takes_no_more_trips_and_statements_than_before(desk: Desk, name: str, trips: int) -> None:
    """Each call has the store to itself. The first run prepares the statements."""
    for day in range(RUNS):
        taken = await desk.count(CALLS[name], MORNING + day * 1440)
    assert max(taken) <= trips


async def test_a_group_takes_no_more_trips_than_before(desk: Desk) -> None:
    async def book_all(day: int) -> None:
        start = MORNING + day * 1440
        numbers = [(start + 60 * (number % 9) + 1440 * (number // 27), 100 * day + number) for number in range(GROUP)]
        await asyncio.gather(*(book(desk.app, at, key=f"key-{number}", number=number) for at, number in numbers))

    await book_all(0)
    await book_all(7)
    desk.counter.reset()
    await book_all(14)
    assert desk.counter.prepared == 0
    assert desk.counter.trips <= TRIPS_OF_GROUP
