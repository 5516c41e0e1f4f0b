"""Round trips and statements of calls on PostgreSQL, which may not grow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Customer
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.postgres_proxy import proxied
from support.postgres_trips import TripCounter
from support.schedules import NOON, PROJECT, open_shop

SHOP = PROJECT.id
MORNING = NOON - 12 * 60 + 8 * 60 + 24 * 60
"""Monday at 8 in Denver."""
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


def customer(number: int) -> Customer:
    return Customer(name=f"Customer {number}", phone=f"+1 303 555 {number:04}")


async def no_subject(_app: App, _start: Minute) -> str:
    return ""


async def book(app: App, number: int, start: Minute, key: str = "") -> str:
    wanted = BookRequest(
        project_id=SHOP, service_id="repair", start=start, customer=customer(number), idempotency_key=key
    )
    return (await app.bookings.book_slot(wanted)).booking.id


async def book_new(app: App, start: Minute) -> str:
    """Book for a customer without other bookings."""
    return await book(app, start % 10_000, start)


async def hold(app: App, start: Minute) -> str:
    wanted = HoldRequest(project_id=SHOP, service_id="repair", start=start, customer_reference=f"call-{start}")
    return (await app.holds.create_hold(wanted)).hold.token


async def book_held(app: App, token: str, start: Minute) -> None:
    held = BookRequest(project_id=SHOP, hold_token=token, customer=customer(start % 10_000))
    await app.bookings.book_slot(held)


async def reschedule(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start % 10_000).phone
    await app.bookings.reschedule_booking(
        RescheduleRequest(project_id=SHOP, booking_id=booking_id, phone=phone, start=start + 180)
    )


async def cancel(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start % 10_000).phone
    await app.bookings.cancel_booking(CancelRequest(project_id=SHOP, booking_id=booking_id, phone=phone))


@dataclass(frozen=True, slots=True)
class Desk:
    """Services over a store, and the counter of the store's trips."""

    app: App
    counter: TripCounter

    async def count(self, call: "Call", start: Minute) -> tuple[int, int]:
        """Return the round trips and the statements of a call on a free hour, after what it needs was made."""
        subject = await call.prepare(self.app, start)
        self.counter.reset()
        await call.make(self.app, subject, start)
        return self.counter.trips, self.counter.statements


@dataclass(frozen=True, slots=True)
class Call:
    """A call to count, and the calls that it needs before."""

    make: Callable[[App, str, Minute], Awaitable[object]]
    """Makes the call, about a hold or booking, at a start."""
    prepare: Callable[[App, Minute], Awaitable[str]] = no_subject
    """Makes a hold or booking, and returns its token or id."""


CALLS = {
    "book_slot": Call(lambda app, _, start: book_new(app, start)),
    "book_slot with a key": Call(lambda app, _, start: book(app, start % 10_000, start, f"key-{start}")),
    "create_hold": Call(lambda app, _, start: hold(app, start)),
    "book_slot with a hold": Call(book_held, hold),
    "reschedule_booking": Call(reschedule, book_new),
    "cancel_booking": Call(cancel, book_new),
    "release_hold": Call(lambda app, token, _: app.holds.release_hold(SHOP, token), hold),
}


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
        await asyncio.gather(*(book(desk.app, number, at, f"key-{number}") for at, number in numbers))

    await book_all(0)
    await book_all(7)
    desk.counter.reset()
    await book_all(14)
    assert desk.counter.prepared == 0
    assert desk.counter.trips <= TRIPS_OF_GROUP
