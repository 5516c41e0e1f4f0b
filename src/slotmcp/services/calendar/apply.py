"""Application of calendar events to the schedule: from webhooks, the feed of updated bookings, or API responses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import Booking, BookingStatus, Visit
from slotmcp.domain.calendar import (
    EVENT_SOURCE_PREFIX,
    CalendarEntry,
    CalendarEvent,
    DeferredEvent,
    EventStatus,
    NoShow,
)
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import Interval, overlaps
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.ports import Transaction
from slotmcp.services.calendar.allocation import BookingUpdater, TimeAllocator
from slotmcp.services.calendar.conflicts import overlapping_claims
from slotmcp.services.calendar.matching import contact_keys_of, technicians_for_hosts
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.status_changes import cancel, set_status
from slotmcp.services.unit_of_work import UnitOfWork

UNKNOWN_HOST: Final = (
    "No technician in the project file is this event's host in Cal.com. Add the host's email address or userId under "
    "technicians[].calcom, import the file, and replay the event."
)
MOVED: Final = "Moved in Cal.com."

TechnicianTime = tuple[str, Interval]
"""Technician id and interval."""


class Effect(StrEnum):
    """Effect of a received event."""

    APPLIED = "applied"
    KNOWN = "known"
    """The schedule already had this state."""
    DEFERRED = "parked"
    """Stored until it can be applied, because no host is a technician."""
    IGNORED = "ignored"
    """Irrelevant for the schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """Effect of a received event, with the conflicts and moved holds that it caused."""

    effect: Effect
    conflicts: int = 0
    holds_moved: int = 0


async def apply_event(unit: UnitOfWork, event: CalendarEvent) -> ApplyResult:
    """Apply an event to the schedule, unless a newer state of it is known."""
    before = await unit.availability()
    allocator = TimeAllocator(unit, before.schedule)
    effect = await _Application(allocator).apply(event)
    return await _result(allocator, before, effect)


async def refresh_entry(unit: UnitOfWork, entry: CalendarEntry) -> ApplyResult:
    """Allocate the time of a stored event again, with the project's current schedule."""
    before = await unit.availability()
    allocator = TimeAllocator(unit, before.schedule)
    await allocator.allocate(entry)
    return await _result(allocator, before, Effect.APPLIED)


async def apply_no_show(transaction: Transaction, no_show: NoShow) -> ApplyResult:
    """Mark a booking as a no-show or as completed, unless a newer report is known or the booking has not begun."""
    entry = await transaction.calendar.entry(no_show.uid)
    if entry is None or no_show.at_ms < entry.no_show_at_ms:
        return ApplyResult(effect=Effect.IGNORED if entry is None else Effect.KNOWN)
    await transaction.calendar.save_entry(replace(entry, no_show_at_ms=no_show.at_ms))
    booking = await transaction.booking(entry.booking_id) if entry.booking_id else None
    if booking is None or (not no_show.is_no_show and booking.status is not BookingStatus.NO_SHOW):
        return ApplyResult(effect=Effect.IGNORED)
    status = BookingStatus.NO_SHOW if no_show.is_no_show else BookingStatus.COMPLETED
    try:
        updated = await set_status(transaction, booking, status)
    except InvalidArgument:
        return ApplyResult(effect=Effect.IGNORED)
    return ApplyResult(effect=Effect.KNOWN if updated is booking else Effect.APPLIED)


class _Application:
    """Application of one event, with its predecessors and successors."""

    def __init__(self, allocator: TimeAllocator) -> None:
        self._transaction = allocator.transaction
        self._records = allocator.transaction.calendar
        self._allocator = allocator
        self._updater = BookingUpdater(allocator)

    async def apply(self, received: CalendarEvent) -> Effect:
        known = await self._records.entry(received.uid)
        event = await self._if_replaced(await self._merged(known, received))
        if known is not None and _content(event) == _content(known.event):
            await self._save_version(known, event)
            return Effect.KNOWN
        if known is None and await self._has_unknown_hosts(event):
            return await self._defer(event)
        await self._records.remove_deferred(event.uid)
        predecessors = await self._predecessors(event)
        times_before = await self._times([*predecessors, *([known] if known else [])])
        for predecessor in predecessors:
            await self._allocator.allocate(replace(predecessor, event=_replaced(predecessor.event, by=event)))
        entry = CalendarEntry(event=event) if known is None else replace(known, event=event)
        entry, before = await self._with_booking(entry, known, predecessors)
        entry = await self._update_and_allocate(entry, before)
        await self._transfer_booking(entry)
        await self._use_freed_times(times_before - await self._times([entry]))
        return Effect.APPLIED

    async def _update_and_allocate(self, entry: CalendarEntry, before: CalendarEvent | None) -> CalendarEntry:
        return await self._allocator.allocate(await self._updater.update(entry, before))

    async def _save_version(self, known: CalendarEntry, event: CalendarEvent) -> None:
        """Save the time and sequence of an event whose content did not change."""
        if (event.at_ms, event.sequence) != (known.event.at_ms, known.event.sequence):
            updated = replace(known.event, at_ms=event.at_ms, sequence=event.sequence)
            await self._records.save_entry(replace(known, event=updated))

    async def _merged(self, known: CalendarEntry | None, received: CalendarEvent) -> CalendarEvent:
        """Return the event merged with its stored or deferred state."""
        if known is not None:
            return known.event.merged_with(received)
        for deferred in await self._records.deferred_events(received.uid):
            return deferred.event.merged_with(received)
        return received

    async def _if_replaced(self, event: CalendarEvent) -> CalendarEvent:
        """Return the event, marked as replaced if a later event of its series is known."""
        if event.status.is_over or event.sequence is None:
            return event
        series = await self._records.entries_in_series(event.series)
        is_replaced = any(_is_earlier(event, entry.event) for entry in series)
        return replace(event, status=EventStatus.REPLACED) if is_replaced else event

    async def _times(self, entries: Iterable[CalendarEntry]) -> set[TechnicianTime]:
        """Return the times of events and of their bookings, which differ where a booking could not be moved."""
        times = set[TechnicianTime]()
        for entry in entries:
            event = entry.event
            if event.status.is_over:
                continue
            technician_ids = technicians_for_hosts(self._allocator.schedule, event.hosts)
            times |= {(technician_id, event.interval) for technician_id in technician_ids}
            if booking := await self._transaction.booking(entry.booking_id) if entry.booking_id else None:
                times.add((booking.claim.technician_id, booking.claim.interval))
        return times

    async def _use_freed_times(self, freed: Iterable[TechnicianTime]) -> None:
        """Retry every change that failed because its time was taken, and whose time is free now."""
        times = sorted(freed)
        while times:
            technician_id, interval = times.pop()
            technician_schedule = (await self._transaction.schedule()).technician_schedules.get(technician_id)
            if technician_schedule is not None:
                await self._retry_pushes(technician_schedule, interval)
                await self._book_waiting_events(technician_schedule, interval)
                times += await self._retry_reassignments(technician_id, interval)

    async def _retry_pushes(self, technician_schedule: TechnicianSchedule, interval: Interval) -> None:
        """Push bookings again that the calendar rejected, perhaps because the time was taken there."""
        for claim in overlapping_claims(technician_schedule, interval, self._transaction.now_ms):
            push = await self._records.push(claim.id)
            if push is not None and push.refused:
                await self._records.request_push(claim.id)

    async def _book_waiting_events(self, technician_schedule: TechnicianSchedule, interval: Interval) -> None:
        """Book events that became busy times because their time was taken."""
        for busy in technician_schedule.busy:
            if busy.source.startswith(EVENT_SOURCE_PREFIX) and overlaps((busy.start, busy.end), interval):
                entry = await self._records.entry(busy.source.removeprefix(EVENT_SOURCE_PREFIX))
                if entry is not None and not entry.booking_id:
                    await self._allocator.allocate(entry)

    async def _retry_reassignments(self, technician_id: str, interval: Interval) -> list[TechnicianTime]:
        """Assign a technician the bookings that waited for this interval; return the times that this frees."""
        freed: list[TechnicianTime] = []
        for technician_schedule in (await self._transaction.schedule()).technician_schedules.values():
            for claim in overlapping_claims(technician_schedule, interval, self._transaction.now_ms):
                booking = None if claim.technician_id == technician_id else await self._transaction.booking(claim.id)
                if booking is not None and _is_pending(booking) and await self._is_reassigned(booking.id):
                    freed.append((claim.technician_id, claim.interval))
        return freed

    async def _is_reassigned(self, booking_id: str) -> bool:
        """Try to assign a booking to the technician of its event; return whether that succeeded."""
        for entry in await self._records.entries_of_booking(booking_id):
            if not entry.event.status.is_over:
                await self._update_and_allocate(entry, entry.event)
        booking = await self._transaction.booking(booking_id)
        return booking is not None and not _is_pending(booking)

    async def _has_unknown_hosts(self, event: CalendarEvent) -> bool:
        """Return whether an event has neither a technician as a host nor a booking of this project."""
        if event.status.is_over or technicians_for_hosts(self._allocator.schedule, event.hosts):
            return False
        if event.booking_id and await self._transaction.booking(event.booking_id) is not None:
            return False
        return not any(entry.booking_id for entry in await self._predecessors(event))

    async def _defer(self, event: CalendarEvent) -> Effect:
        keys = contact_keys_of(self._transaction, event.customer, self._allocator.schedule.project)
        at_ms = self._transaction.now_ms
        await self._records.defer(DeferredEvent(event=event, why=UNKNOWN_HOST, at_ms=at_ms, contact_keys=keys))
        return Effect.DEFERRED

    async def _predecessors(self, event: CalendarEvent) -> list[CalendarEntry]:
        """Return the events that this one replaces. An unknown one gets an entry, in case it is received later."""
        entries = {
            entry.event.uid: entry
            for entry in await self._records.entries_in_series(event.series)
            if _is_earlier(entry.event, event) and not entry.event.status.is_over
        }
        if event.replaces and event.replaces != event.uid:
            known = await self._records.entry(event.replaces)
            entries[event.replaces] = known or CalendarEntry(event=_unknown_predecessor(event))
            if event.keeps_predecessor and (known is None or known.event.status is not EventStatus.REPLACED):
                return []
        return list(entries.values())

    async def _with_booking(
        self, entry: CalendarEntry, known: CalendarEntry | None, predecessors: list[CalendarEntry]
    ) -> tuple[CalendarEntry, CalendarEvent | None]:
        """Return the entry with its booking, and the previous state of that booking's event.

        The state is None for an event that was created from the booking. If that event was rescheduled before slotmcp
        received it, the replacement is received first. Its previous state then has the booking's time.
        """
        if known is not None and known.booking_id:
            return entry, known.event
        for predecessor in predecessors:
            if predecessor.booking_id and not await self._is_separated(known, predecessor.booking_id):
                return replace(entry, booking_id=predecessor.booking_id), predecessor.event
        event = entry.event
        booking = await self._transaction.booking(event.booking_id) if event.booking_id else None
        if booking is None or event.status.is_over or await self._is_separated(known, booking.id):
            return entry, None
        if any(not other.event.status.is_over for other in await self._records.entries_of_booking(booking.id)):
            await self._records.request_push(booking.id)  # the booking has two events: the push cancels one
        start, end = booking.claim.interval
        before = replace(event, start=start, end=end) if event.replaces else None
        return replace(entry, booking_id=booking.id), before

    async def _is_separated(self, known: CalendarEntry | None, booking_id: str) -> bool:
        """Return whether an event was separated from a booking, which was canceled without canceling the event."""
        if known is None or known.booking_id:
            return False
        booking = await self._transaction.booking(booking_id)
        return booking is not None and booking.status is BookingStatus.CANCELLED

    async def _transfer_booking(self, entry: CalendarEntry) -> None:
        """Transfer the booking of a replaced event to its successor, if the successor was received first."""
        if entry.event.status is not EventStatus.REPLACED or not entry.booking_id:
            return
        for successor in await self._records.successors(entry.event.uid):
            if await self._is_separated(successor, entry.booking_id):
                continue
            if not successor.booking_id:
                linked = replace(successor, booking_id=entry.booking_id)
                await self._transfer_booking(await self._update_and_allocate(linked, entry.event))
            elif successor.booking_id != entry.booking_id:
                booking = await self._transaction.booking(entry.booking_id)
                if booking is not None:
                    await cancel(self._transaction, booking, MOVED)


async def _result(allocator: TimeAllocator, before: Availability, effect: Effect) -> ApplyResult:
    """Resolve the effects of the changes on bookings and holds, and count them."""
    changes = await revalidate_claims(allocator.unit, before)
    holds_moved = allocator.holds_moved + changes.holds_moved
    return ApplyResult(effect=effect, conflicts=changes.conflicts, holds_moved=holds_moved)


def _is_pending(booking: Booking) -> bool:
    """Return whether the technician of a booking's event cannot take it yet."""
    return AttentionCause.REASSIGNED in booking.attention.causes


def _content(event: CalendarEvent) -> CalendarEvent:
    """Return the event without its time of update and without the customer's data, which the booking contains."""
    return replace(event, at_ms=0, sequence=None, keeps_predecessor=False, customer=None, visit=Visit())


def _is_earlier(event: CalendarEvent, other: CalendarEvent) -> bool:
    if event.uid == other.uid or event.sequence is None or other.sequence is None:
        return False
    return event.sequence < other.sequence


def _replaced(event: CalendarEvent, *, by: CalendarEvent) -> CalendarEvent:
    return event.merged_with(replace(event, status=EventStatus.REPLACED, at_ms=max(event.at_ms, by.at_ms)))


def _unknown_predecessor(event: CalendarEvent) -> CalendarEvent:
    """Return a placeholder for the event that an event replaces, if that one was never received."""
    replaced = replace(event, uid=event.replaces, status=EventStatus.REPLACED, replaces="", booking_id="")
    return replace(replaced, customer=None, visit=Visit(), sequence=None)
