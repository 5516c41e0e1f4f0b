"""Applying what a calendar says, by whatever way it comes: a webhook, the feed, or an answer to us."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking import BookingStatus, Visit
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
from slotmcp.ports import Transaction
from slotmcp.services.calendar.conflicts import overlapping_claims
from slotmcp.services.calendar.customers import keys_of
from slotmcp.services.calendar.following import SOMEBODY_ELSE, BookingUpdater
from slotmcp.services.calendar.hosts import technicians_for_hosts
from slotmcp.services.calendar.taking import TimeAllocator
from slotmcp.services.outcomes import cancel, tell
from slotmcp.services.unit_of_work import UnitOfWork

UNKNOWN_HOST: Final = (
    "No technician of the project file is its host at Cal.com. Give one the e-mail or the userId under "
    "technicians[].calcom, import the file, and replay it."
)
MOVED: Final = "Moved in Cal.com."

Place = tuple[str, Interval]
"""Somebody's time: a technician, from when to when."""


class Effect(StrEnum):
    """What became of something that was said."""

    APPLIED = "applied"
    KNOWN = "known"
    """It was not news."""
    PARKED = "parked"
    """It is put aside: as things stand, nobody knows what it means."""
    IGNORED = "ignored"
    """It is nothing that changes anything here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What came of applying something."""

    effect: Effect
    conflicts: int = 0
    """That began with it."""
    holds_moved: int = 0


async def apply_event(unit: UnitOfWork, said: CalendarEvent) -> ApplyResult:
    """Bring the book to what was said of an event, unless something newer is known."""
    return await _Application(TimeAllocator(unit, await unit.transaction.schedule())).apply(said)


async def refresh_entry(unit: UnitOfWork, entry: CalendarEntry) -> ApplyResult:
    """Bring what is kept of an event to what it means by the project as it is now."""
    taking = TimeAllocator(unit, await unit.transaction.schedule())
    await taking.take(entry)
    return ApplyResult(effect=Effect.APPLIED, conflicts=taking.way.began, holds_moved=taking.way.moved)


async def apply_no_show(transaction: Transaction, said: NoShow) -> ApplyResult:
    """Say that a customer was not there, or was after all, where the visit has begun; the last word of it counts."""
    entry = await transaction.calendar.entry(said.uid)
    if entry is None or said.at_ms < entry.no_show_at_ms:
        return ApplyResult(effect=Effect.IGNORED if entry is None else Effect.KNOWN)
    await transaction.calendar.save_entry(replace(entry, no_show_at_ms=said.at_ms))
    booking = await transaction.booking(entry.booking_id) if entry.booking_id else None
    if booking is None or (not said.is_no_show and booking.status is not BookingStatus.NO_SHOW):
        return ApplyResult(effect=Effect.IGNORED)
    status = BookingStatus.NO_SHOW if said.is_no_show else BookingStatus.COMPLETED
    try:
        told = await tell(transaction, booking, status)
    except InvalidArgument:
        return ApplyResult(effect=Effect.IGNORED)
    return ApplyResult(effect=Effect.KNOWN if told is booking else Effect.APPLIED)


class _Application:
    """One event that is applied, and those that it replaces or is replaced by."""

    def __init__(self, taking: TimeAllocator) -> None:
        self._transaction = taking.transaction
        self._pages = taking.transaction.calendar
        self._taking = taking
        self._following = BookingUpdater(taking)

    async def apply(self, said: CalendarEvent) -> ApplyResult:
        known = await self._pages.entry(said.uid)
        event = await self._in_its_place(await self._joined(known, said))
        if known is not None and _timeless(event) == _timeless(known.event):
            await self._note(known, event)
            return ApplyResult(effect=Effect.KNOWN)
        if known is None and await self._is_nobodys(event):
            return await self._park(event)
        await self._pages.remove_deferred(event.uid)
        predecessors = await self._predecessors(event)
        before_it = await self._places([*predecessors, *([known] if known else [])])
        for predecessor in predecessors:
            await self._taking.take(replace(predecessor, event=_replaced(predecessor.event, event)))
        entry = CalendarEntry(event=event) if known is None else replace(known, event=event)
        entry, before = await self._linked(entry, known, predecessors)
        entry = await self._taking.take(await self._following.follow(entry, before))
        await self._hand_over(entry)
        await self._encourage(before_it - await self._places([entry]))
        way = self._taking.way
        return ApplyResult(effect=Effect.APPLIED, conflicts=way.began, holds_moved=way.moved)

    async def _note(self, known: CalendarEntry, event: CalendarEvent) -> None:
        """Remember since when nothing else is known."""
        if (event.at_ms, event.sequence) != (known.event.at_ms, known.event.sequence):
            noted = replace(known.event, at_ms=event.at_ms, sequence=event.sequence)
            await self._pages.save_entry(replace(known, event=noted))

    async def _joined(self, known: CalendarEntry | None, said: CalendarEvent) -> CalendarEvent:
        """All that is known of the event now."""
        if known is not None:
            return known.event.merged_with(said)
        for deferred in await self._pages.deferred_events(said.uid):
            return deferred.event.merged_with(said)
        return said

    async def _in_its_place(self, event: CalendarEvent) -> CalendarEvent:
        """The event, as replaced where a later one of its series is known already."""
        if event.status.is_over or event.sequence is None:
            return event
        later = [
            one.event.sequence
            for one in await self._pages.entries_in_series(event.series)
            if one.event.uid != event.uid and one.event.sequence is not None and one.event.sequence > event.sequence
        ]
        return replace(event, status=EventStatus.REPLACED) if later else event

    async def _places(self, entries: Iterable[CalendarEntry]) -> set[Place]:
        """Where events stand, and where the bookings do that they are, which could not always follow."""
        found = set[Place]()
        for entry in entries:
            if entry.event.status.is_over:
                continue
            found |= {
                (one, entry.event.interval) for one in technicians_for_hosts(self._taking.schedule, entry.event.hosts)
            }
            if booking := await self._transaction.booking(entry.booking_id) if entry.booking_id else None:
                found.add((booking.claim.technician_id, booking.claim.interval))
        return found

    async def _encourage(self, left: Iterable[Place]) -> None:
        """Try again what has waited for a time that was left now, here or at the calendar."""
        waiting = sorted(left)
        while waiting:
            technician_id, interval = waiting.pop()
            technician_schedule = (await self._transaction.schedule()).technician_schedules.get(technician_id)
            if technician_schedule is not None:
                await self._tell_again(technician_schedule, interval)
                await self._promote(technician_schedule, interval)
                waiting += await self._bring_over(technician_id, interval)

    async def _tell_again(self, technician_schedule: TechnicianSchedule, interval: Interval) -> None:
        """Have the calendar told of what it refused, perhaps because of what has left that time."""
        for claim in overlapping_claims(technician_schedule, interval, self._transaction.now_ms):
            push = await self._pages.push(claim.id)
            if push is not None and push.refused:
                await self._pages.request_push(claim.id)

    async def _promote(self, technician_schedule: TechnicianSchedule, interval: Interval) -> None:
        """Make bookings of events that were kept as busy time because of what has left that time."""
        for busy in technician_schedule.busy:
            if busy.source.startswith(EVENT_SOURCE_PREFIX) and overlaps((busy.start, busy.end), interval):
                waiting = await self._pages.entry(busy.source.removeprefix(EVENT_SOURCE_PREFIX))
                if waiting is not None and not waiting.booking_id:
                    await self._taking.take(waiting)

    async def _bring_over(self, technician_id: str, interval: Interval) -> list[Place]:
        """Give a technician the bookings that could not be theirs because of what left that time; what they leave."""
        found: list[Place] = []
        technician_schedules = (await self._transaction.schedule()).technician_schedules.values()
        for claim in (
            one
            for technician_schedule in technician_schedules
            for one in overlapping_claims(technician_schedule, interval, self._transaction.now_ms)
        ):
            booking = None if claim.technician_id == technician_id else await self._transaction.booking(claim.id)
            if booking is not None and booking.attention == SOMEBODY_ELSE and await self._followed(booking.id):
                found.append((claim.technician_id, claim.interval))
        return found

    async def _followed(self, booking_id: str) -> bool:
        """Whether a booking could follow its event at last."""
        for entry in await self._pages.entries_of_booking(booking_id):
            if not entry.event.status.is_over:
                await self._taking.take(await self._following.follow(entry, entry.event))
        booking = await self._transaction.booking(booking_id)
        return booking is not None and booking.attention != SOMEBODY_ELSE

    async def _is_nobodys(self, event: CalendarEvent) -> bool:
        """Whether nobody here has a part in it, and it can be of use only when somebody has."""
        if event.status.is_over or technicians_for_hosts(self._taking.schedule, event.hosts):
            return False
        is_ours = event.booking_id != "" and await self._transaction.booking(event.booking_id) is not None
        return not is_ours and not any(one.booking_id for one in await self._predecessors(event))

    async def _park(self, event: CalendarEvent) -> ApplyResult:
        keys = keys_of(self._transaction, event.customer, self._taking.schedule.project)
        at_ms = self._transaction.now_ms
        await self._pages.defer(DeferredEvent(event=event, why=UNKNOWN_HOST, at_ms=at_ms, contact_keys=keys))
        return ApplyResult(effect=Effect.PARKED)

    async def _predecessors(self, event: CalendarEvent) -> list[CalendarEntry]:
        """The events whose place it takes; one that nobody has heard of is noted, lest it be heard of later."""
        found = {
            one.event.uid: one
            for one in await self._pages.entries_in_series(event.series)
            if _is_earlier(one.event, event) and not one.event.status.is_over
        }
        if event.replaces and event.replaces != event.uid:
            known = await self._pages.entry(event.replaces)
            found[event.replaces] = known or CalendarEntry(event=_unheard_of(event))
        return list(found.values())

    async def _linked(
        self, entry: CalendarEntry, known: CalendarEntry | None, predecessors: list[CalendarEntry]
    ) -> tuple[CalendarEntry, CalendarEvent | None]:
        """The entry with the booking that it is, and what was known of that booking's event before.

        None: it was made from the booking. What replaced such an event that nobody heard of was moved there.
        """
        if known is not None and known.booking_id:
            return entry, known.event
        for predecessor in predecessors:
            if predecessor.booking_id and not await self._has_parted(known, predecessor.booking_id):
                return replace(entry, booking_id=predecessor.booking_id), predecessor.event
        event = entry.event
        said = await self._transaction.booking(event.booking_id) if event.booking_id else None
        if said is None or event.status.is_over or await self._has_parted(known, said.id):
            return entry, None
        if any(not one.event.status.is_over for one in await self._pages.entries_of_booking(said.id)):
            await self._pages.request_push(said.id)  # it was made twice: one of them has to go
        start, end = said.claim.interval
        before = replace(event, start=start, end=end) if event.replaces else None
        return replace(entry, booking_id=said.id), before

    async def _has_parted(self, known: CalendarEntry | None, booking_id: str) -> bool:
        """Whether an event has been known without a booking since that was called off: it stands by itself."""
        is_known_without = known is not None and not known.booking_id
        booking = await self._transaction.booking(booking_id) if is_known_without else None
        return booking is not None and booking.status is BookingStatus.CANCELLED

    async def _hand_over(self, entry: CalendarEntry) -> None:
        """Let what replaced an event have its booking, if that was heard of before."""
        if entry.event.status is not EventStatus.REPLACED or not entry.booking_id:
            return
        for successor in await self._pages.successors(entry.event.uid):
            if await self._has_parted(successor, entry.booking_id):
                continue
            if not successor.booking_id:
                linked = replace(successor, booking_id=entry.booking_id)
                taken = await self._taking.take(await self._following.follow(linked, entry.event))
                await self._hand_over(taken)
            elif successor.booking_id != entry.booking_id:
                booking = await self._transaction.booking(entry.booking_id)
                if booking is not None:
                    await cancel(self._transaction, booking, MOVED)


def _timeless(event: CalendarEvent) -> CalendarEvent:
    """Without when it was said, and what a booking knows better."""
    return replace(event, at_ms=0, sequence=None, customer=None, visit=Visit())


def _is_earlier(one: CalendarEvent, other: CalendarEvent) -> bool:
    if one.uid == other.uid or one.sequence is None or other.sequence is None:
        return False
    return one.sequence < other.sequence


def _replaced(event: CalendarEvent, by: CalendarEvent) -> CalendarEvent:
    return event.merged_with(replace(event, status=EventStatus.REPLACED, at_ms=max(event.at_ms, by.at_ms)))


def _unheard_of(event: CalendarEvent) -> CalendarEvent:
    """What is known of an event that was replaced before anybody heard of it."""
    return replace(
        event,
        uid=event.replaces,
        status=EventStatus.REPLACED,
        replaces="",
        booking_id="",
        customer=None,
        visit=Visit(),
        sequence=None,
    )
