"""SQL statements of calls on SQLite, which may not grow: only what the call needs is read and written."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Customer
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist_joining import JoinRequest
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import NOON, PROJECT, open_shop

SHOP = PROJECT.id
MORNING = NOON + 20 * 60
"""Monday at 8 in Denver."""
RUNS = 3


@dataclass(slots=True)
class Trace:
    """Statements of all connections of a store."""

    statements: list[str] = field(default_factory=list)

    def attach(self, store: SqliteStore) -> None:
        """Trace the store's connections."""
        for owner in (store._writer, *store._readers, store._revision_probe):  # noqa: SLF001
            owner._connection.set_trace_callback(self.statements.append)  # noqa: SLF001

    def count(self) -> int:
        """Return the number of statements. One with a trigger is reported twice in a row."""
        return sum(1 for _ in groupby(self.statements))


def customer(number: int) -> Customer:
    return Customer(name=f"Customer {number}", phone=f"+1 303 555 {number:04}")


async def no_subject(_app: App, _start: Minute) -> str:
    return ""


async def book(app: App, start: Minute, key: str = "") -> str:
    wanted = BookRequest(
        project_id=SHOP, service_id="repair", start=start, customer=customer(start % 10_000), idempotency_key=key
    )
    return (await app.bookings.book_slot(wanted)).booking.id


async def hold(app: App, start: Minute) -> str:
    wanted = HoldRequest(project_id=SHOP, service_id="repair", start=start, customer_reference=f"caller {start}")
    return (await app.holds.create_hold(wanted)).hold.token


async def book_held(app: App, token: str, start: Minute) -> None:
    await app.bookings.book_slot(
        BookRequest(project_id=SHOP, hold_token=token, customer=customer(start % 10_000), idempotency_key=token)
    )


async def reschedule(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start % 10_000).phone
    await app.bookings.reschedule_booking(
        RescheduleRequest(project_id=SHOP, booking_id=booking_id, phone=phone, start=start + 180)
    )


async def update(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start % 10_000).phone
    await app.bookings.update_booking(
        UpdateRequest(project_id=SHOP, booking_id=booking_id, phone=phone, notes=f"from {start}")
    )


async def cancel(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start % 10_000).phone
    await app.bookings.cancel_booking(CancelRequest(project_id=SHOP, booking_id=booking_id, phone=phone))


async def fill(app: App, start: Minute) -> str:
    """Book the hour of every technician, so that a caller can only wait."""
    for number in range(3):
        await app.bookings.book_slot(
            BookRequest(project_id=SHOP, service_id="repair", start=start, customer=customer((start + number) % 10_000))
        )
    return ""


async def join(app: App, _: str, start: Minute) -> None:
    await app.waitlist.join_waitlist(
        JoinRequest(
            project_id=SHOP,
            service_id="repair",
            from_=start,
            to=start + 1,
            customer=customer((start + 9) % 10_000),
        )
    )


@dataclass(frozen=True, slots=True)
class Call:
    """A call to count, and the calls that it needs before."""

    statements: int
    make: Callable[[App, str, Minute], Awaitable[object]]
    """Makes the call, about a hold or booking, at a start."""
    prepare: Callable[[App, Minute], Awaitable[str]] = no_subject
    """Makes a hold or booking, and returns its token or id."""


CALLS = {
    "create_hold": Call(6, lambda app, _, start: hold(app, start)),
    "book_slot": Call(9, lambda app, _, start: book(app, start)),
    "book_slot with a key": Call(11, lambda app, _, start: book(app, start, f"key-{start}")),
    "book_slot with a hold and a key": Call(12, book_held, hold),
    "reschedule_booking": Call(11, reschedule, book),
    "update_booking": Call(7, update, book),
    "cancel_booking": Call(9, cancel, book),
    "release_hold": Call(7, lambda app, token, _: app.holds.release_hold(SHOP, token), hold),
    "join_waitlist": Call(15, join, fill),
}


@asynccontextmanager
async def traced_app(path: Path) -> AsyncIterator[tuple[App, Trace]]:
    """Open the services over a store of the shop, and trace its statements."""
    trace = Trace()
    async with SqliteStore.open(new_file(path), clock=HandClock(), timeout_ms=20_000) as store:
        await open_shop(store)
        trace.attach(store)
        yield build_app(store), trace


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_runs_no_more_statements_than_before(path: Path, name: str) -> None:
    call = CALLS[name]
    async with traced_app(path) as (app, trace):
        for day in range(RUNS):
            start = MORNING + day * 1440
            subject = await call.prepare(app, start)
            trace.statements.clear()
            await call.make(app, subject, start)
    assert trace.count() <= call.statements, "\n".join(trace.statements)
