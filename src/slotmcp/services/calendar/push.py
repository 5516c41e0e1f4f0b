"""Pushes of bookings to the calendar: each change of a booking is repeated there exactly once.

The calendar has no idempotency keys. Each attempt is therefore recorded before it starts. If its outcome is unknown,
the next attempt first searches the events that were updated since.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.calendar import CalendarEvent, EventStatus
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable
from slotmcp.services.calendar.apply import apply_event
from slotmcp.services.calendar.connection import ProjectCalendar, push_backoff_ms
from slotmcp.services.calendar.push_steps import PushStep, PushStepKind, next_step, start_next_step
from slotmcp.services.unit_of_work import UnitOfWork

SUCCESSOR_MISSING: Final = "it does not return the event that replaced a rescheduled one"
UNCHANGED: Final = "it reports success, but the event is unchanged"

MAX_CLOCK_SKEW_MS: Final = 300_000
"""Largest expected difference between the clocks of the calendar and the store."""
MAX_STEPS: Final = 5
"""Maximum number of steps for one booking in a row. More indicate that another client keeps changing the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """Result of pushing one booking."""

    booking_id: str
    steps: tuple[PushStepKind, ...]
    """Completed steps, in order."""
    rejection: str = ""
    """Reason why the calendar rejected a step."""
    retry_reason: str = ""
    """Reason why the push is retried later."""

    @property
    def outcome(self) -> str:
        """Outcome as a metric label: "refused", "away", or "done"."""
        return "refused" if self.rejection else ("away" if self.retry_reason else "done")


class BookingPusher:
    """Pushes the bookings of one project to its calendar account."""

    def __init__(self, calendar: ProjectCalendar) -> None:
        self._calendar = calendar
        self._connection = calendar.connection

    async def push(self, booking_id: str) -> PushResult:
        """Bring the calendar up to date with a booking, if a push is due.

        Raises:
            Unavailable: the database does not respond.
        """
        done: list[PushStepKind] = []
        for _ in range(MAX_STEPS):
            step = await self._calendar.write(lambda unit: start_next_step(unit.transaction, booking_id))
            if step is None:
                return PushResult(booking_id=booking_id, steps=tuple(done))
            try:
                events = await self._run(step)
            except CalendarUnavailable as error:
                await self._calendar.write(partial(_postpone, step, error))
                return PushResult(booking_id=booking_id, steps=tuple(done), retry_reason=error.message)
            except CalendarRejected as error:
                if step.kind is PushStepKind.RESCHEDULE:
                    await self._calendar.write(partial(_request_cancellation, step))
                    continue
                await self._calendar.write(partial(_reject, step, error))
                return PushResult(booking_id=booking_id, steps=tuple(done), rejection=error.message)
            done.append(step.kind)
            delay_ms = push_backoff_ms(MAX_STEPS) if len(done) == MAX_STEPS else 0
            await self._calendar.write(partial(_complete, step, events, delay_ms))
        return PushResult(booking_id=booking_id, steps=tuple(done), retry_reason=UNCHANGED)

    async def _run(self, step: PushStep) -> list[CalendarEvent]:
        """Run a step, unless an earlier attempt took effect; return the current state of the changed events."""
        if step.tried_at_ms is not None:
            events = await self._find(step, step.tried_at_ms - MAX_CLOCK_SKEW_MS)
            if step.must_find and not events:
                raise CalendarUnavailable(SUCCESSOR_MISSING, is_outcome_unknown=False)
            if step.kind is PushStepKind.FIND or _is_effective(step, events):
                return events
        try:
            return [await self._connection.call(lambda account: _call(account, step))]
        except CalendarRejected:
            events = await self._changed_meanwhile(step)
            if not events:
                raise
            return events

    async def _find(self, step: PushStep, since_ms: int) -> list[CalendarEvent]:
        """Return the events updated since an instant that belong to the booking or to the step's event, in order."""
        return [
            event
            async for page in self._connection.pages_updated_after(since_ms)
            for event in page
            if event.booking_id == step.booking_id or (step.uid and step.uid in {event.uid, event.replaces})
        ]

    async def _changed_meanwhile(self, step: PushStep) -> list[CalendarEvent]:
        """Return the step's event, with the events that replaced it, if it has ended in the calendar."""
        if not step.uid:
            return []
        event = await self._connection.read(lambda account: account.event(step.uid))
        if event is not None and event.status is EventStatus.REPLACED:
            return [event, *await self._find(step, event.at_ms - MAX_CLOCK_SKEW_MS)]
        if event is not None:
            return [event] if event.status.is_over else []
        entry = await self._calendar.write(lambda unit: unit.transaction.calendar.entry(step.uid))
        return [replace(entry.event, status=EventStatus.CANCELLED)] if entry else []


async def _complete(step: PushStep, events: list[CalendarEvent], delay_ms: int, unit: UnitOfWork) -> None:
    """Apply the changed events. A push that is not complete is due again after the delay."""
    transaction = unit.transaction
    for event in events:
        await apply_event(unit, _with_booking(step, event))
    push = await transaction.calendar.push(step.booking_id)
    if push is None:
        return
    push = replace(push, attempts=0, tried_at_ms=None, tried_start=None, due_ms=transaction.now_ms + delay_ms)
    await transaction.calendar.save_push(push)
    if await next_step(transaction, push) is None:
        await transaction.calendar.complete_push(step.booking_id, push.version)
    booking = await transaction.booking(step.booking_id)
    if booking is not None and AttentionCause.PUSH_REJECTED in booking.attention.causes:
        await transaction.set_attention(booking.id, booking.attention.excluding([AttentionCause.PUSH_REJECTED]))


async def _postpone(step: PushStep, error: CalendarUnavailable, unit: UnitOfWork) -> None:
    push = await unit.transaction.calendar.push(step.booking_id)
    if push is None:
        return
    delay_ms = max(error.retry_after_ms, push_backoff_ms(push.attempts))
    push = replace(push, due_ms=unit.transaction.now_ms + delay_ms)
    if not error.is_outcome_unknown and step.tried_at_ms is None:
        push = replace(push, tried_at_ms=None, tried_start=None)
    await unit.transaction.calendar.save_push(push)


async def _request_cancellation(step: PushStep, unit: UnitOfWork) -> None:
    """Make the cancellation of an event due that the calendar does not move: it blocks a time that is free here.

    The booking then gets an event of its own at the new time, or is marked because the calendar rejects that, too.
    """
    transaction = unit.transaction
    push = await transaction.calendar.push(step.booking_id)
    if push is not None:
        now_ms = transaction.now_ms
        await transaction.calendar.save_push(replace(push, due_ms=now_ms, tried_at_ms=now_ms, tried_start=None))


async def _reject(step: PushStep, error: CalendarRejected, unit: UnitOfWork) -> None:
    transaction = unit.transaction
    push = await transaction.calendar.push(step.booking_id)
    if push is None:
        return
    await transaction.calendar.save_push(replace(push, tried_at_ms=None, tried_start=None, refused=error.message))
    booking = await transaction.booking(step.booking_id)
    if booking is not None and booking.status is not BookingStatus.CANCELLED:
        attention = booking.attention.including([AttentionCause.PUSH_REJECTED], detail=error.message)
        await transaction.set_attention(booking.id, attention)


async def _call(account: CalendarAccount, step: PushStep) -> CalendarEvent:
    if step.kind is PushStepKind.CANCEL:
        return await account.cancel(step.uid, step.reason)
    if step.new_event is not None:
        return await account.create(step.new_event)
    if step.start is None:
        raise LookupError(step.kind)
    return await account.reschedule(step.uid, step.start, "")


def _is_effective(step: PushStep, events: list[CalendarEvent]) -> bool:
    """Return whether the events that were updated since an attempt show its effect."""
    if step.kind is not PushStepKind.CANCEL:
        return bool(events)
    return any(event.uid == step.uid and event.status.is_over for event in events)


def _with_booking(step: PushStep, event: CalendarEvent) -> CalendarEvent:
    """Return the event with its booking's id if the step created it, because the API may omit the metadata."""
    is_created = step.kind is PushStepKind.CREATE and not event.status.is_over
    return replace(event, booking_id=step.booking_id) if is_created else event
