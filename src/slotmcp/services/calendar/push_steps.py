"""Steps that bring the calendar up to date with a booking, derived from the booking and its known events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.calendar import CalendarEntry, EventStatus, Push
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Transaction
from slotmcp.ports.calendar import NewEvent
from slotmcp.services.calendar.matching import technicians_for_hosts

ATTEMPT_TIMEOUT_MS: Final = 120_000
"""Time after which another attempt may start."""


class PushStepKind(StrEnum):
    """Kind of change in the calendar."""

    CREATE = "create"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    FIND = "find"
    """Only look up the result of an earlier attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushStep:
    """One change in the calendar for one booking."""

    kind: PushStepKind
    booking_id: str
    uid: str = ""
    """Event to change."""
    start: Minute | None = None
    """New start."""
    new_event: NewEvent | None = None
    """Event to create."""
    reason: str = ""
    tried_at_ms: int | None = None
    """Time of an earlier attempt with unknown outcome, or time at which an unknown event replaced this one."""
    must_find: bool = False
    """True if an event is known to exist that has to be found before any other step."""


async def start_next_step(transaction: Transaction, booking_id: str) -> PushStep | None:
    """Record the start of the next step of a due push, and return the step; None: nothing is due."""
    records, now_ms = transaction.calendar, transaction.now_ms
    push = await records.push(booking_id)
    if push is None or push.refused or push.due_ms > now_ms:
        return None
    step = await next_step(transaction, push)
    if step is None:
        await records.complete_push(booking_id, push.version)
        return None
    attempt = replace(push, attempts=push.attempts + 1, due_ms=now_ms + ATTEMPT_TIMEOUT_MS)
    if step.kind is not PushStepKind.FIND:
        tried_at_ms = now_ms if push.tried_at_ms is None else push.tried_at_ms
        is_fresh = step.kind is PushStepKind.CREATE and push.tried_at_ms is None
        renews = push.renews and not is_fresh  # a fresh event has the current details
        attempt = replace(attempt, tried_at_ms=tried_at_ms, tried_start=step.start, renews=renews)
    await records.save_push(attempt)
    return step


async def next_step(transaction: Transaction, push: Push) -> PushStep | None:
    """Return the next step towards a calendar that matches the booking; None: it matches."""
    booking = await transaction.booking(push.booking_id)
    entries = await transaction.calendar.entries_of_booking(push.booking_id)
    live = [entry for entry in entries if not entry.event.status.is_over]
    if len(live) > 1:
        newest = max(live, key=lambda entry: (entry.event.at_ms, entry.event.uid))
        return _cancel(push.booking_id, newest, "Duplicate booking.")
    if not live and (step := await _find_successor(transaction, entries)):
        return step
    entry = live[0] if live else None
    step = _step(await transaction.schedule(), booking, entry, push, transaction.now_ms) if booking else None
    if step is None and not live and push.tried_at_ms is not None:
        step = PushStep(kind=PushStepKind.FIND, booking_id=push.booking_id)
    return None if step is None else replace(step, tried_at_ms=push.tried_at_ms)


async def _find_successor(transaction: Transaction, entries: Sequence[CalendarEntry]) -> PushStep | None:
    """Return the step that finds the unknown successor of a replaced event; None if every successor is known."""
    for entry in entries:
        event = entry.event
        if event.status is EventStatus.REPLACED and not await transaction.calendar.successors(event.uid):
            return PushStep(
                kind=PushStepKind.FIND,
                booking_id=entry.booking_id,
                uid=event.uid,
                tried_at_ms=event.at_ms,
                must_find=True,
            )
    return None


def _step(schedule: Schedule, booking: Booking, live: CalendarEntry | None, push: Push, now_ms: int) -> PushStep | None:
    claim = booking.claim
    if booking.status is BookingStatus.CANCELLED:
        return _cancel(booking.id, live, booking.cancel_reason) if live else None
    if not booking.is_active or claim.start * MS_PER_MINUTE <= now_ms:
        return None
    if live is None:
        return _create(schedule, booking)
    has_right_host = _has_right_host(schedule, claim, live)
    if push.is_cancelling or push.renews or not has_right_host:
        return _cancel(booking.id, live, _reason(push, has_right_host=has_right_host))
    if live.event.start == claim.start:
        return None
    return PushStep(kind=PushStepKind.RESCHEDULE, booking_id=booking.id, uid=live.event.uid, start=claim.start)


def _reason(push: Push, *, has_right_host: bool) -> str:
    """Return why an event is canceled that another one replaces."""
    if not has_right_host:
        return "Another technician was assigned."
    return "The details were corrected." if push.renews else "The appointment was moved to another time."


def _cancel(booking_id: str, entry: CalendarEntry, reason: str) -> PushStep:
    return PushStep(kind=PushStepKind.CANCEL, booking_id=booking_id, uid=entry.event.uid, reason=reason)


def _create(schedule: Schedule, booking: Booking) -> PushStep | None:
    claim, customer = booking.claim, booking.customer
    service = schedule.services.get(claim.service_id)
    event_type_id = _own_event_type_id(schedule, claim) or (service.calcom_event_type_id if service else None)
    if service is None or event_type_id is None or customer is None:
        return None
    length = claim.end - claim.start
    new_event = NewEvent(
        booking_id=booking.id,
        project_id=schedule.project.id,
        event_type_id=event_type_id,
        start=claim.start,
        length_minutes=None if length == service.duration_minutes else length,
        customer=customer,
        timezone=schedule.project.timezone,
        locale=schedule.project.locale,
        address=booking.visit.address,
    )
    return PushStep(kind=PushStepKind.CREATE, booking_id=booking.id, start=claim.start, new_event=new_event)


def _has_right_host(schedule: Schedule, claim: Claim, entry: CalendarEntry) -> bool:
    """Return whether an event belongs to the claim's technician, by its event type or by its hosts."""
    own_id, event = _own_event_type_id(schedule, claim), entry.event
    return own_id in {None, event.event_type_id} or claim.technician_id in technicians_for_hosts(schedule, event.hosts)


def _own_event_type_id(schedule: Schedule, claim: Claim) -> int | None:
    """Return the technician's own event type for the service, if they have one."""
    technician_schedule = schedule.technician_schedules.get(claim.technician_id)
    host = technician_schedule.technician.calcom if technician_schedule else None
    return host.event_type_ids.get(claim.service_id) if host else None
