"""Telling the calendar: what was booked, moved or cancelled here is there soon after, and never twice.

The calendar knows no idempotency key. So an attempt is noted before it is made, and where nobody knows how it ended,
what was updated since is searched for it before another one is made.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.calendar import CalendarEvent, EventStatus, Push
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.calendar.apply import apply_event
from slotmcp.services.calendar.line import CalendarConnection
from slotmcp.services.calendar.steps import PushStep, PushStepKind, next_step, start_next_step
from slotmcp.services.calendar.waits import push_wait_ms
from slotmcp.services.unit_of_work import UnitOfWork

REFUSED: Final = "Cal.com does not take it: "
"""How the attention of a booking begins that the calendar refused."""

UNSEEN: Final = "it does not show what replaced an event"
UNMOVED: Final = "it says that it was done, and shows that it was not"

CLOCKS_DIFFER_MS: Final = 300_000
"""The calendar's clock may be so far from the store's."""
PAGE: Final = 100
STEPS_AT_MOST: Final = 5
"""Of one booking in a row; more would be a quarrel with somebody who changes it as often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """How telling the calendar of one booking went."""

    booking_id: str
    steps: tuple[PushStepKind, ...]
    """What was done there, in order."""
    refused: str = ""
    away: str = ""

    @property
    def outcome(self) -> str:
        """In a word: "refused", "away", or "done"."""
        return "refused" if self.refused else ("away" if self.away else "done")


class BookingPusher:
    """Tells one calendar account of one project's bookings."""

    def __init__(
        self,
        project_id: str,
        line: CalendarConnection,
        *,
        store: Store,
        availability_cache: AvailabilityCache,
        ids: Ids,
    ) -> None:
        self._project_id = project_id
        self._line = line
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids

    async def push(self, booking_id: str) -> PushResult:
        """Bring the calendar to what the book has of a booking, if that is due.

        Raises:
            Unavailable: the database is away.
        """
        done: list[PushStepKind] = []
        for _ in range(STEPS_AT_MOST):
            step = await self._store.write(
                self._project_id, lambda transaction: start_next_step(transaction, booking_id)
            )
            if step is None:
                return PushResult(booking_id=booking_id, steps=tuple(done))
            try:
                events = await self._take(step)
            except CalendarUnavailable as away:
                await self._put_off(step, away)
                return PushResult(booking_id=booking_id, steps=tuple(done), away=away.message)
            except CalendarRejected as refused:
                await self._refuse(step, refused)
                return PushResult(booking_id=booking_id, steps=tuple(done), refused=refused.message)
            done.append(step.kind)
            is_last = len(done) == STEPS_AT_MOST
            await self._settle(step, events, rest_ms=push_wait_ms(STEPS_AT_MOST) if is_last else 0)
        return PushResult(booking_id=booking_id, steps=tuple(done), away=UNMOVED)

    async def _take(self, step: PushStep) -> list[CalendarEvent]:
        """Do it, unless an earlier attempt turns out to have done something; what the calendar says now."""
        if step.tried_at_ms is not None:
            found = await self._find(step, step.tried_at_ms - CLOCKS_DIFFER_MS)
            if step.is_waiting and not found:
                raise CalendarUnavailable(UNSEEN, is_outcome_unknown=False)
            if found or step.kind is PushStepKind.FIND:
                return found
        try:
            return [await self._line.ask(lambda account: _ask(account, step))]
        except CalendarRejected:
            # perhaps because it has changed there meanwhile
            news = await self._news(step)
            if not news:
                raise
            return news

    async def _find(self, step: PushStep, since_ms: int) -> list[CalendarEvent]:
        """What was updated since and has to do with the booking or its event, in order."""
        return [
            event
            async for event in read_feed(self._line, since_ms)
            if event.booking_id == step.booking_id or (step.uid and step.uid in {event.uid, event.replaces})
        ]

    async def _news(self, step: PushStep) -> list[CalendarEvent]:
        """The event that was to change, if it is over."""
        if not step.uid:
            return []
        event = await self._line.read(lambda account: account.event(step.uid))
        if event is not None and event.status is EventStatus.REPLACED:
            return [event, *await self._find(step, event.at_ms - CLOCKS_DIFFER_MS)]
        if event is not None:
            return [event] if event.status.is_over else []
        entry = await self._store.write(self._project_id, lambda transaction: transaction.calendar.entry(step.uid))
        return [replace(entry.event, status=EventStatus.CANCELLED)] if entry else []

    async def _settle(self, step: PushStep, events: list[CalendarEvent], *, rest_ms: int) -> None:
        """Bring into the book what the calendar says; what is left to be told is due after a rest."""

        async def unit(transaction: Transaction) -> None:
            for event in events:
                await apply_event(UnitOfWork(transaction, self._availability_cache, self._ids), _ours(step, event))
            push = await transaction.calendar.push(step.booking_id)
            if push is None:
                return
            settled = replace(push, attempts=0, tried_at_ms=None, tried_start=None, due_ms=transaction.now_ms + rest_ms)
            await transaction.calendar.save_push(settled)
            if await next_step(transaction, settled) is None:
                await transaction.calendar.complete_push(step.booking_id, push.version)
            await _clear_attention(transaction, step.booking_id)

        await self._store.write(self._project_id, unit)

    async def _put_off(self, step: PushStep, away: CalendarUnavailable) -> None:
        async def unit(transaction: Transaction) -> None:
            push = await transaction.calendar.push(step.booking_id)
            if push is not None:
                await transaction.calendar.save_push(_put_off(push, step, away, transaction.now_ms))

        await self._store.write(self._project_id, unit)

    async def _refuse(self, step: PushStep, refused: CalendarRejected) -> None:
        async def unit(transaction: Transaction) -> None:
            push = await transaction.calendar.push(step.booking_id)
            if push is None:
                return
            ended = replace(push, tried_at_ms=None, tried_start=None, refused=refused.message)
            await transaction.calendar.save_push(ended)
            booking = await transaction.booking(step.booking_id)
            if booking is not None and booking.status is not BookingStatus.CANCELLED and not booking.attention:
                await transaction.save_booking(replace(booking, attention=REFUSED + refused.message))

        await self._store.write(self._project_id, unit)


async def read_feed(line: CalendarConnection, after_ms: int) -> AsyncIterator[CalendarEvent]:
    """All that was updated after an instant, in order; what is updated meanwhile comes last, and may come twice.

    Raises:
        CalendarUnavailable, CalendarRejected.
    """
    async for page in read_pages(line, after_ms):
        for event in page:
            yield event


async def read_pages(line: CalendarConnection, after_ms: int) -> AsyncIterator[list[CalendarEvent]]:
    """The same, a page at a time: after each, all that was updated before its last event is known.

    Raises:
        CalendarUnavailable, CalendarRejected.
    """
    while True:
        page = list(await line.read(partial(_updated, after_ms)))
        if page:
            yield page
        if len(page) < PAGE:
            return
        after_ms = max(after_ms + 1, page[-1].at_ms - 1)  # whether what was updated just then is told again or not


async def _updated(after_ms: int, account: CalendarAccount) -> Sequence[CalendarEvent]:
    return await account.events_updated_after(after_ms, limit=PAGE)


async def _ask(account: CalendarAccount, step: PushStep) -> CalendarEvent:
    if step.kind is PushStepKind.CANCEL:
        return await account.cancel(step.uid, step.reason)
    if step.order is not None:
        return await account.create(step.order)
    if step.start is None:
        raise LookupError(step.kind)
    return await account.reschedule(step.uid, step.start, "")


def _ours(step: PushStep, event: CalendarEvent) -> CalendarEvent:
    """What was made from a booking says so, whether the answer does or not."""
    is_made = step.kind is PushStepKind.CREATE and not event.status.is_over
    return replace(event, booking_id=step.booking_id) if is_made else event


def _put_off(push: Push, step: PushStep, away: CalendarUnavailable, now_ms: int) -> Push:
    later = replace(push, due_ms=now_ms + max(away.retry_after_ms, push_wait_ms(push.attempts)))
    is_certain = not away.is_outcome_unknown and step.tried_at_ms is None
    return replace(later, tried_at_ms=None, tried_start=None) if is_certain else later


async def _clear_attention(transaction: Transaction, booking_id: str) -> None:
    booking = await transaction.booking(booking_id)
    if booking is not None and booking.attention.startswith(REFUSED):
        await transaction.save_booking(replace(booking, attention=""))
