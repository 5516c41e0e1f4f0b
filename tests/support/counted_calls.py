"""Calls about one hour of the shop, whose statements and round trips are counted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slotmcp.domain.booking import Customer
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist_joining import JoinRequest
from support.schedules import NOON, PROJECT

SHOP = PROJECT.id
MORNING = NOON + 20 * 60
"""Monday at 8 in Denver."""


def customer(number: int) -> Customer:
    """Return one of 10,000 customers."""
    return Customer(name=f"Customer {number}", phone=f"+1 303 555 {number % 10_000:04}")


async def book(app: App, start: Minute, *, key: str = "", number: int | None = None) -> str:
    """Book a start for a customer, by default for one without other bookings; return the booking's id."""
    wanted = BookRequest(
        project_id=SHOP,
        service_id="repair",
        start=start,
        customer=customer(start if number is None else number),
        idempotency_key=key,
    )
    return (await app.bookings.book_slot(wanted)).booking.id


async def _book(app: App, start: Minute) -> str:
    return await book(app, start)


async def _hold(app: App, start: Minute) -> str:
    wanted = HoldRequest(project_id=SHOP, service_id="repair", start=start, customer_reference=f"caller {start}")
    return (await app.holds.create_hold(wanted)).hold.token


async def _book_held(app: App, token: str, start: Minute, key: str = "") -> None:
    await app.bookings.book_slot(
        BookRequest(project_id=SHOP, hold_token=token, customer=customer(start), idempotency_key=key)
    )


async def _reschedule(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start).phone
    await app.bookings.reschedule_booking(
        RescheduleRequest(project_id=SHOP, booking_id=booking_id, phone=phone, start=start + 180)
    )


async def _update(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start).phone
    await app.bookings.update_booking(
        UpdateRequest(project_id=SHOP, booking_id=booking_id, phone=phone, notes=f"from {start}")
    )


async def _cancel(app: App, booking_id: str, start: Minute) -> None:
    phone = customer(start).phone
    await app.bookings.cancel_booking(CancelRequest(project_id=SHOP, booking_id=booking_id, phone=phone))


async def _fill(app: App, start: Minute) -> str:
    """Book the hour of every technician, so that a caller can only wait."""
    for number in range(3):
        await book(app, start, number=start + number)
    return ""


async def _join(app: App, _: str, start: Minute) -> None:
    await app.waitlist.join_waitlist(
        JoinRequest(project_id=SHOP, service_id="repair", from_=start, to=start + 1, customer=customer(start + 9))
    )


async def _no_subject(_app: App, _start: Minute) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call to count, and the calls that it needs before."""

    make: Callable[[App, str, Minute], Awaitable[object]]
    """Makes the call, about a hold or booking, at a start."""
    prepare: Callable[[App, Minute], Awaitable[str]] = _no_subject
    """Makes a hold or booking, and returns its token or id."""


CALLS = {
    "create_hold": Call(lambda app, _, start: _hold(app, start)),
    "book_slot": Call(lambda app, _, start: book(app, start)),
    "book_slot with a key": Call(lambda app, _, start: book(app, start, key=f"key-{start}")),
    "book_slot with a hold": Call(_book_held, _hold),
    "book_slot with a hold and a key": Call(lambda app, token, start: _book_held(app, token, start, token), _hold),
    "reschedule_booking": Call(_reschedule, _book),
    "update_booking": Call(_update, _book),
    "cancel_booking": Call(_cancel, _book),
    "release_hold": Call(lambda app, token, _: app.holds.release_hold(SHOP, token), _hold),
    "join_waitlist": Call(_join, _fill),
}
