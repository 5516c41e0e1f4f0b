"""Seats of calendar events: one attendee leaves, and the visit stays for the others.

A visit has one customer. If that attendee leaves, the visit is marked until reconciliation reads the event. It then
gets another attendee as its customer, or is canceled because no attendee is left.
"""

from collections.abc import Sequence
from dataclasses import replace

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import Booking, Customer
from slotmcp.domain.calendar import CalendarEvent, SeatChange
from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Interval
from slotmcp.ports import Store, Transaction
from slotmcp.services.calendar.apply import ApplyResult, Effect, apply_event
from slotmcp.services.calendar.matching import normalize_event_customer
from slotmcp.services.contacts import references_of
from slotmcp.services.unit_of_work import UnitOfWork


async def apply_seat_change(unit: UnitOfWork, change: SeatChange) -> ApplyResult:
    """Apply the event that continues or that the attendee moved to; mark the visit that its customer left."""
    records = unit.transaction.calendar
    is_new = await records.entry(change.left_uid) is None
    result = ApplyResult(effect=Effect.KNOWN)
    if is_new or change.event.uid != change.left_uid:
        result = await apply_event(unit, change.event)
    entry = await records.entry(change.left_uid)
    booking = await unit.transaction.booking(entry.booking_id) if entry and entry.booking_id else None
    if entry is None or entry.event.status.is_over or booking is None or has_lost_customer(booking):
        return result
    project = (await unit.transaction.schedule()).project
    if not (is_new or _is_same_person(change.attendee, booking.customer, project)):
        return result
    attention = booking.attention.including([AttentionCause.CUSTOMER_LEFT])
    await unit.transaction.set_attention(booking.id, attention)
    return replace(result, effect=Effect.APPLIED)


def has_lost_customer(booking: Booking) -> bool:
    """Return whether the booking's customer left, and no other attendee has replaced them."""
    return AttentionCause.CUSTOMER_LEFT in booking.attention.causes


async def uids_without_customer(store: Store, project_id: str, within: Interval) -> list[str]:
    """Return the uids of the events whose customer left."""
    marked = {each.id for each in await store.bookings(project_id, within) if has_lost_customer(each)}
    entries = (await store.calendar(project_id)).entries if marked else ()
    return [entry.event.uid for entry in entries if entry.booking_id in marked]


async def replace_customers(unit: UnitOfWork, events: Sequence[CalendarEvent]) -> None:
    """Apply the current states of events whose customer left, and give their visits another attendee."""
    for event in events:
        await apply_event(unit, event)
        entry = await unit.transaction.calendar.entry(event.uid)
        booking = await unit.transaction.booking(entry.booking_id) if entry and entry.booking_id else None
        if booking is not None and has_lost_customer(booking):
            await _replace_customer(unit.transaction, booking, event)


async def _replace_customer(transaction: Transaction, booking: Booking, event: CalendarEvent) -> None:
    """Replace a booking's customer by the event's first attendee. Without one, the mark stays for the operator."""
    customer = normalize_event_customer(event.customer, (await transaction.schedule()).project)
    keys = tuple(map(transaction.pseudonym, references_of(customer))) if customer else ()
    visit = booking.visit if customer == booking.customer else replace(booking.visit, notes="")
    attention = booking.attention.excluding([AttentionCause.CUSTOMER_LEFT]) if customer else booking.attention
    changed = replace(booking, customer=customer, contact_keys=keys, former_keys=(), visit=visit, attention=attention)
    if changed != booking:
        await transaction.save_booking(changed)


def _is_same_person(left: Customer | None, customer: Customer | None, project: Project) -> bool:
    """Compare by email address if both have one, because attendees may share a phone number."""
    normalized = normalize_event_customer(left, project)
    if normalized is None or customer is None:
        return False
    if normalized.email and customer.email:
        return normalized.email == customer.email
    return normalized.phone != "" and normalized.phone == customer.phone
