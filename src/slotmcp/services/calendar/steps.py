"""What a calendar has to be told of a booking: worked out of how both stand, whatever happened in between."""

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
from slotmcp.services.calendar.hosts import technicians_for_hosts

LEASE_MS: Final = 120_000
"""How long an attempt may take before another one is made."""

_TO_COME: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED})


class PushStepKind(StrEnum):
    """What to do at the calendar."""

    CREATE = "create"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    FIND = "find"
    """Only see what became of an earlier attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushStep:
    """One thing to do at the calendar for one booking."""

    kind: PushStepKind
    booking_id: str
    uid: str = ""
    """Of the event that is to change."""
    start: Minute | None = None
    """The one that is wanted."""
    order: NewEvent | None = None
    """Of what is to be made."""
    reason: str = ""
    tried_at_ms: int | None = None
    """When an earlier attempt began of which nobody knows how it ended, or its event was replaced by an unknown one."""
    is_waiting: bool = False
    """There is something to be found, and nothing else to do before."""


async def start_next_step(transaction: Transaction, booking_id: str) -> PushStep | None:
    """The next step of a push that is due, noted as being tried; None: there is none, now or at all."""
    pages, now = transaction.calendar, transaction.now_ms
    push = await pages.push(booking_id)
    if push is None or push.refused or push.due_ms > now:
        return None
    step = await next_step(transaction, push)
    if step is None:
        await pages.complete_push(booking_id, push.version)
        return None
    await pages.save_push(
        replace(
            push,
            attempts=push.attempts + 1,
            due_ms=now + LEASE_MS,
            tried_at_ms=now if push.tried_at_ms is None else push.tried_at_ms,
            tried_start=step.start,
        )
    )
    return step


async def next_step(transaction: Transaction, push: Push) -> PushStep | None:
    """What has to be done for the calendar to have what the book has; None: it has it."""
    booking = await transaction.booking(push.booking_id)
    entries = await transaction.calendar.entries_of_booking(push.booking_id)
    live = [entry for entry in entries if not entry.event.status.is_over]
    if len(live) > 1:
        return _spare(push, live)
    if not live and (lost := await _lost(transaction, entries)):
        return lost
    step = _step(await transaction.schedule(), booking, live, transaction.now_ms) if booking else None
    if step is None and not live and push.tried_at_ms is not None:
        step = PushStep(kind=PushStepKind.FIND, booking_id=push.booking_id)
    return None if step is None else replace(step, tried_at_ms=push.tried_at_ms)


def _spare(push: Push, live: Sequence[CalendarEntry]) -> PushStep:
    """One of several events of one booking is one too many: the newer."""
    spare = max(live, key=lambda entry: (entry.event.at_ms, entry.event.uid))
    reason = "It was made twice."
    return PushStep(kind=PushStepKind.CANCEL, booking_id=push.booking_id, uid=spare.event.uid, reason=reason)


async def _lost(transaction: Transaction, entries: Sequence[CalendarEntry]) -> PushStep | None:
    """The step that finds what replaced an event, where nobody has heard of that yet."""
    for entry in entries:
        event = entry.event
        if event.status is EventStatus.REPLACED and not await transaction.calendar.successors(event.uid):
            return PushStep(
                kind=PushStepKind.FIND,
                booking_id=entry.booking_id,
                uid=event.uid,
                tried_at_ms=event.at_ms,
                is_waiting=True,
            )
    return None


def _step(schedule: Schedule, booking: Booking, entries: Sequence[CalendarEntry], now_ms: int) -> PushStep | None:
    claim, live = booking.claim, next(iter(entries), None)
    if booking.status is BookingStatus.CANCELLED:
        return _cancel(booking, live, booking.cancel_reason) if live else None
    if booking.status not in _TO_COME or claim.start * MS_PER_MINUTE <= now_ms:
        return None
    if live is None:
        return _create(schedule, booking)
    if not _is_with_whom_it_should_be(schedule, claim, live):
        return _cancel(booking, live, "Somebody else comes.")
    if live.event.start == claim.start:
        return None
    return PushStep(kind=PushStepKind.RESCHEDULE, booking_id=booking.id, uid=live.event.uid, start=claim.start)


def _cancel(booking: Booking, live: CalendarEntry, reason: str) -> PushStep:
    return PushStep(kind=PushStepKind.CANCEL, booking_id=booking.id, uid=live.event.uid, reason=reason)


def _create(schedule: Schedule, booking: Booking) -> PushStep | None:
    claim, customer = booking.claim, booking.customer
    service = schedule.services.get(claim.service_id)
    event_type_id = _own_event_type(schedule, claim) or (service.calcom_event_type_id if service else None)
    if service is None or event_type_id is None or customer is None:
        return None
    length = claim.end - claim.start
    order = NewEvent(
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
    return PushStep(kind=PushStepKind.CREATE, booking_id=booking.id, start=claim.start, order=order)


def _is_with_whom_it_should_be(schedule: Schedule, claim: Claim, live: CalendarEntry) -> bool:
    """Whether an event is its technician's: by its host, whoever gave it to them, or by its type."""
    own = _own_event_type(schedule, claim)
    return own in {None, live.event.event_type_id} or claim.technician_id in technicians_for_hosts(
        schedule, live.event.hosts
    )


def _own_event_type(schedule: Schedule, claim: Claim) -> int | None:
    """The event type that is the technician's alone, if they have one for the service."""
    technician_schedule = schedule.technician_schedules.get(claim.technician_id)
    host = technician_schedule.technician.calcom if technician_schedule else None
    return host.event_type_ids.get(claim.service_id) if host else None
