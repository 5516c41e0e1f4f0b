"""Workloads of the booking benchmarks: a business, its free starts, and the calls that book them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from random import Random
from time import perf_counter

from benchmarks.schedules import NOW, NOW_MS, end_of, schedule_of
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from support.slot_search import find_slots

TECHNICIANS, DAYS = 50, 31
VISIT = ServiceType(id="visit", name="Visit", duration_minutes=60)

BookStart = Callable[[App, int, Minute], Awaitable[object]]
"""Books a start for the nth customer."""


async def book(app: App, number: int, start: Minute) -> None:
    """Book a start directly."""
    await app.bookings.book_slot(
        BookRequest(project_id="p", service_id=VISIT.id, start=start, customer=_customer(number))
    )


async def hold_and_book(app: App, number: int, start: Minute) -> None:
    """Hold a start, then book it."""
    request = HoldRequest(project_id="p", service_id=VISIT.id, start=start, customer_reference=f"call-{number}")
    token = (await app.holds.create_hold(request)).hold.token
    await app.bookings.book_slot(BookRequest(project_id="p", hold_token=token, customer=_customer(number)))


async def seconds_of(work: Iterator[Awaitable[object]], callers: int) -> float:
    """Return the seconds that a number of concurrent callers take for all pieces of work."""

    async def call() -> None:
        for piece in work:
            await piece

    started = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return perf_counter() - started


def business() -> Schedule:
    """Return a business without bookings."""
    return replace(schedule_of(TECHNICIANS, DAYS, bookings_a_day=0), services={VISIT.id: VISIT})


def starts() -> list[Minute]:
    """Return every free start on the hour, once for each technician, in random order. All of them can be booked."""
    slots = find_slots(Availability.of(business(), NOW_MS), Need.of_service(VISIT), NOW, end_of(DAYS))
    units = [slot.start for slot in slots if slot.start % VISIT.duration_minutes == 0 for _ in range(slot.capacity)]
    Random(20261122).shuffle(units)  # noqa: S311  not a secret
    return units


def _customer(number: int) -> Customer:
    return Customer(name=f"Customer {number}", phone=f"+1 303 {number:07}")
