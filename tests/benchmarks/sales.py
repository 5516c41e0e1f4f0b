"""Workloads of the booking benchmarks: a business, its free starts, the calls that book them, and their check."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from random import Random
from time import perf_counter
from typing import TypeVar

from benchmarks.floors.order import Floor, Kind, Order, Result, Span
from benchmarks.schedules import NOW, NOW_MS, end_of, schedule_of
from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.lookups import BookAnswer
from support.slot_search import find_slots

T = TypeVar("T")

TECHNICIANS, DAYS = 50, 31
VISIT = ServiceType(id="visit", name="Visit", duration_minutes=60)


@dataclass(frozen=True, slots=True)
class Sale:
    """A start that one customer books."""

    number: int
    """Number of the customer."""
    start: Minute
    technician: str
    """Technician of the floor's booking. Slotmcp chooses one by itself."""

    @property
    def customer(self) -> Customer:
        """The customer."""
        return Customer(name=f"Customer {self.number}", phone=f"+1303{self.number:07}")

    def order(self, kind: Kind) -> Order:
        """Return the order for a floor."""
        return Order(
            key=f"{kind}-{self.number}",
            booking_id=f"booking-{self.number:06}",
            technician=self.technician,
            start=self.start,
            end=self.start + VISIT.duration_minutes,
            name=self.customer.name,
            phone=self.customer.phone,
            now_ms=NOW_MS,
            kind=kind,
        )


@dataclass(frozen=True, slots=True)
class Workload:
    """Calls that make a sale, in slotmcp and in a floor."""

    name: str
    ours: Callable[[App, Sale], Awaitable[BookAnswer]]
    kinds: tuple[Kind, ...]
    """Orders of the floor."""

    async def floor(self, floor: Floor, sale: Sale) -> Sequence[Result]:
        """Make a sale in a floor."""
        return [await floor.run(sale.order(kind)) for kind in self.kinds]


async def _book(app: App, sale: Sale) -> BookAnswer:
    return await app.bookings.book_slot(
        BookRequest(
            project_id="p",
            service_id=VISIT.id,
            start=sale.start,
            customer=sale.customer,
            idempotency_key=f"key-{sale.number}",
        )
    )


async def _hold_and_book(app: App, sale: Sale) -> BookAnswer:
    request = HoldRequest(
        project_id="p", service_id=VISIT.id, start=sale.start, customer_reference=f"call-{sale.number}"
    )
    token = (await app.holds.create_hold(request)).hold.token
    return await app.bookings.book_slot(
        BookRequest(project_id="p", hold_token=token, customer=sale.customer, idempotency_key=f"key-{sale.number}")
    )


BOOK = Workload("book_slot", _book, (Kind.BOOK,))
HOLD_AND_BOOK = Workload("create_hold and book_slot", _hold_and_book, (Kind.HOLD, Kind.CONFIRM))


async def timed(
    work: Callable[[Sale], Awaitable[T]], sales: Iterable[Sale], callers: int
) -> tuple[float, list[tuple[Sale, T]]]:
    """Return the seconds that concurrent callers take for all sales, and the sales with their answers."""
    remaining, answers = iter(sales), list[tuple[Sale, T]]()

    async def call() -> None:
        for sale in remaining:
            answers.append((sale, await work(sale)))

    started = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return perf_counter() - started, answers


@cache
def business() -> Schedule:
    """Return a business with six bookings a day of each technician."""
    return replace(schedule_of(TECHNICIANS, DAYS), services={**schedule_of(1, 1).services, VISIT.id: VISIT})


def spans() -> list[Span]:
    """Return the bookings of the business, with buffers, for a floor."""
    claims = [claim for one in business().technician_schedules.values() for claim in one.claims]
    return [(c.id, c.technician_id, c.start - c.buffer_before_minutes, c.end + c.buffer_after_minutes) for c in claims]


def sales(count: int) -> list[Sale]:
    """Return free starts on the hour, once for each technician, in random order. All of them can be booked."""
    slots = find_slots(Availability.of(business(), NOW_MS), Need.of_service(VISIT), NOW, end_of(DAYS))
    free = [
        (slot.start, candidate.technician_id)
        for slot in slots
        if slot.start % VISIT.duration_minutes == 0
        for candidate in slot.candidates
    ]
    Random(20261122).shuffle(free)  # noqa: S311  not a secret
    if count > len(free):
        raise ValueError(f"The business has only {len(free)} free starts.")
    return [Sale(number, *each) for number, each in enumerate(free[:count])]


def check_floor(answers: Sequence[tuple[Sale, Sequence[Result]]]) -> None:
    """Require that a floor has carried out each order."""
    failed = [(sale, results) for sale, results in answers if set(results) != {Result.DONE}]
    if failed:
        raise AssertionError(f"the floor refused {len(failed)} orders, such as {failed[0]}")


def check_ours(answers: Sequence[tuple[Sale, BookAnswer]], stored: Sequence[Booking]) -> None:
    """Require that each answer confirms its sale, that each booking is stored once, and that no times overlap."""
    for sale, answer in answers:
        claim = answer.booking.claim
        confirmed = (claim.service_id, claim.start, claim.end, answer.booking.customer, answer.booking.status)
        end = sale.start + VISIT.duration_minutes
        if answer.replayed or confirmed != (VISIT.id, sale.start, end, sale.customer, BookingStatus.CONFIRMED):
            raise AssertionError(f"a wrong response to {sale}: {answer.booking}")
    before = {claim.id for one in business().technician_schedules.values() for claim in one.claims}
    times = {booking.id: (booking.claim.technician_id, booking.claim.start) for booking in stored}
    booked = {a.booking.id: (a.booking.claim.technician_id, a.booking.claim.start) for _, a in answers}
    if len(booked) != len(answers) or {id_: at for id_, at in times.items() if id_ not in before} != booked:
        raise AssertionError(f"{len(times) - len(before)} bookings are stored after {len(answers)} confirmations")
    for one, other in pairwise(sorted((booking.claim for booking in stored), key=lambda c: (c.technician_id, c.start))):
        buffered_end = one.end + max(one.buffer_after_minutes, other.buffer_before_minutes)
        if one.technician_id == other.technician_id and other.start < buffered_end:
            raise AssertionError(f"double booking: {one} and {other}")
