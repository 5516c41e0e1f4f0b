"""Allocation of technicians' time to calendar events, and updates of the bookings that belong to events.

An accepted event with a service becomes a booking. While its technician's time is taken, it is a busy time instead.
Every other event that takes time is a busy time.
"""

from dataclasses import replace
from typing import Final

from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause
from slotmcp.domain.booking import Booking, BookingStatus, Visit
from slotmcp.domain.calendar import EVENT_SOURCE_PREFIX, CalendarEntry, CalendarEvent, EventKind, EventStatus
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ClaimConflict
from slotmcp.services.calendar.conflicts import overlapping_claims
from slotmcp.services.calendar.matching import (
    EventMatch,
    contact_keys_of,
    match_event,
    normalize_event_customer,
    technicians_for_hosts,
)
from slotmcp.services.placement import reassign_hold
from slotmcp.services.status_changes import cancel
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import offer_freed_time

CANCELLED: Final = "Canceled in Cal.com."
MOVED_ONTO_TAKEN: Final = "Moved in Cal.com to a time that isn't available here. The event is listed as a conflict."

_FINAL_STATUSES: Final = frozenset({BookingStatus.COMPLETED, BookingStatus.NO_SHOW})
_RESERVED_SOURCE: Final = "calcom:aside"
"""Source of the temporary busy time that keeps an interval free while holds move out of it."""


class TimeAllocator:
    """Allocates technicians' time to events within one transaction, and counts the moved holds."""

    def __init__(self, unit: UnitOfWork, schedule: Schedule) -> None:
        self.unit = unit
        self.transaction = unit.transaction
        self.schedule = schedule
        """Schedule at the start of the transaction, used to match hosts and event types."""
        self.holds_moved = 0

    async def allocate(self, entry: CalendarEntry) -> CalendarEntry:
        """Save an event with its busy times, after booking it if possible. Repeating this changes nothing."""
        match = match_event(self.schedule, entry.event)
        before = entry.busy
        if not entry.booking_id and self._is_bookable(entry.event, match):
            entry = await self._book(entry, match)
        busy = self._busy_times(entry, match)
        await self.transaction.remove_busy([span for span in before if span not in busy])
        await self.transaction.add_busy([span for span in busy if span not in before])
        entry = self._with_current_customer(replace(entry, busy=busy))
        await self.transaction.calendar.save_entry(entry)
        return entry

    async def make_room(self, technician_id: str, interval: Interval, *, for_claim_id: str = "") -> bool:
        """Move holds out of an interval where possible; return whether no other live claim overlaps it now."""
        if not await self._other_claims(technician_id, interval, for_claim_id):
            return True
        reserved = BusyTime(technician_id=technician_id, start=interval[0], end=interval[1], source=_RESERVED_SOURCE)
        await self.transaction.add_busy([reserved])
        for claim in await self._other_claims(technician_id, interval, for_claim_id):
            self.holds_moved += claim.is_hold and await reassign_hold(self.unit, claim)
        await self.transaction.remove_busy([reserved])
        return not await self._other_claims(technician_id, interval, for_claim_id)

    async def _other_claims(self, technician_id: str, interval: Interval, excluded_id: str) -> list[Claim]:
        technician_schedule = (await self.transaction.schedule()).technician_schedules[technician_id]
        claims = overlapping_claims(technician_schedule, interval, self.transaction.now_ms)
        return [claim for claim in claims if claim.id != excluded_id]

    def _is_bookable(self, event: CalendarEvent, match: EventMatch) -> bool:
        """Return whether an event can become a booking, provided that its time is free."""
        return (
            event.kind is EventKind.APPOINTMENT
            and event.status is EventStatus.ACCEPTED
            and match.service is not None
            and match.technician_ids != ()
            and event.end * MS_PER_MINUTE > self.transaction.now_ms
        )

    async def _book(self, entry: CalendarEntry, match: EventMatch) -> CalendarEntry:
        """Add a booking for the event's customer if the time is free."""
        technician_id, service = match.technician_ids[0], match.service
        if service is None or not await self.make_room(technician_id, entry.event.interval):
            return entry
        booking = self._booking(entry, service, technician_id)
        try:
            await self.transaction.add_booking(booking)
        except ClaimConflict:
            return entry
        return replace(entry, booking_id=booking.id)

    def _busy_times(self, entry: CalendarEntry, match: EventMatch) -> tuple[BusyTime, ...]:
        """Return the busy times of an event: one for each technician, except the technician of its booking."""
        event, service = entry.event, match.service
        if not self._takes_time(event):
            return ()
        before, after = (service.buffer_before_minutes, service.buffer_after_minutes) if service else (0, 0)
        technician_ids = match.technician_ids[1:] if entry.booking_id else match.technician_ids
        start, end, source = event.start - before, event.end + after, EVENT_SOURCE_PREFIX + event.uid
        return tuple(BusyTime(technician_id=id_, start=start, end=end, source=source) for id_ in technician_ids)

    def _takes_time(self, event: CalendarEvent) -> bool:
        settings = self.schedule.project.calcom
        if event.status is EventStatus.PENDING:
            return settings is None or settings.pending_blocks
        return event.status is EventStatus.ACCEPTED

    def _with_current_customer(self, entry: CalendarEntry) -> CalendarEntry:
        """Erase the customer's data once the booking contains them or the event is over."""
        if entry.booking_id or entry.event.status.is_over:
            return replace(entry, event=replace(entry.event, customer=None, visit=Visit()), contact_keys=())
        return replace(entry, contact_keys=self._contact_keys(entry))

    def _contact_keys(self, entry: CalendarEntry) -> tuple[str, ...]:
        return entry.contact_keys or contact_keys_of(self.transaction, entry.event.customer, self.schedule.project)

    def _booking(self, entry: CalendarEntry, service: ServiceType, technician_id: str) -> Booking:
        event = entry.event
        claim = Claim(
            id=self.unit.ids.new_id(),
            technician_id=technician_id,
            service_id=service.id,
            start=event.start,
            end=event.end,
            buffer_before_minutes=service.buffer_before_minutes,
            buffer_after_minutes=service.buffer_after_minutes,
        )
        customer = normalize_event_customer(event.customer, self.schedule.project)
        return Booking(claim=claim, customer=customer, visit=event.visit, contact_keys=self._contact_keys(entry))


class BookingUpdater:
    """Applies moves, reassignments and cancellations of events to their bookings, within one transaction."""

    def __init__(self, allocator: TimeAllocator) -> None:
        self._allocator = allocator
        self._transaction = allocator.transaction

    async def update(self, entry: CalendarEntry, before: CalendarEvent | None) -> CalendarEntry:
        """Update the booking of an event; return the entry, without its booking if the two were separated.

        `before` is the previous state of the booking's event; None: the event was created from the booking.
        """
        booking = await self._transaction.booking(entry.booking_id) if entry.booking_id else None
        if booking is None:
            return replace(entry, booking_id="")
        if booking.status is BookingStatus.CANCELLED:
            if not entry.event.status.is_over:
                await self._transaction.calendar.request_push(entry.booking_id)  # the push cancels the event
        elif entry.event.status.is_over:
            await self._cancel_with_event(entry, booking)
        elif booking.status not in _FINAL_STATUSES:
            return await self._move_with_event(entry, booking, before)
        return entry

    async def _cancel_with_event(self, entry: CalendarEntry, booking: Booking) -> None:
        """Cancel a booking, unless its event was replaced, it has another event, or a push canceled the event.

        A visit that is over stays: its outcome is set instead, and past reports stay as they are.
        """
        is_final = booking.status in _FINAL_STATUSES or booking.is_over(self._transaction.now_ms)
        if entry.event.status is EventStatus.REPLACED or is_final:
            return
        entries = await self._transaction.calendar.entries_of_booking(booking.id)
        has_other = any(other.event.uid != entry.event.uid and not other.event.status.is_over for other in entries)
        if not has_other and not await self._is_being_pushed(booking, None):
            await self._cancel(booking, CANCELLED)

    async def _move_with_event(
        self, entry: CalendarEntry, booking: Booking, before: CalendarEvent | None
    ) -> CalendarEntry:
        event, claim = entry.event, booking.claim
        has_moved = (
            before is not None
            and event.interval != before.interval
            and not await self._is_being_pushed(booking, event.start)
        )
        start, end = event.interval if has_moved else claim.interval
        target = replace(claim, start=start, end=end, technician_id=self._technician_id(event, booking, before))
        if target == claim:
            return entry
        has_moved_twice = has_moved and before is not None and claim.start != before.start
        attention = Attention.of(AttentionCause.MOVED_TWICE) if has_moved_twice else NO_ATTENTION
        if await self._move(booking, target, attention):
            return entry
        if not has_moved:
            attention = booking.attention.including([AttentionCause.REASSIGNED])
            await self._transaction.set_attention(booking.id, attention)
            return entry
        return await self._separate(entry, booking)

    def _technician_id(self, event: CalendarEvent, booking: Booking, before: CalendarEvent | None) -> str:
        """Return the booking's technician, or the event's if its hosts changed or a reassignment is pending."""
        current_id = booking.claim.technician_id
        is_pending = AttentionCause.REASSIGNED in booking.attention.causes
        if before is not None and event.hosts == before.hosts and not is_pending:
            return current_id
        technician_ids = technicians_for_hosts(self._allocator.schedule, event.hosts)
        return current_id if current_id in technician_ids or not technician_ids else technician_ids[0]

    async def _move(self, booking: Booking, target: Claim, attention: Attention) -> bool:
        """Move a booking to another time or technician; return whether the time was available."""
        if not await self._allocator.make_room(target.technician_id, target.interval, for_claim_id=booking.id):
            return False
        before = await self._allocator.unit.availability()
        moved = replace(booking.with_status(BookingStatus.RESCHEDULED), claim=target, attention=attention)
        try:
            await self._transaction.save_booking(moved)
        except ClaimConflict:
            return False
        await offer_freed_time(self._allocator.unit, before)
        return True

    async def _separate(self, entry: CalendarEntry, booking: Booking) -> CalendarEntry:
        """Cancel a booking whose event moved to a taken time, and move the customer's data to the event."""
        await self._cancel(booking, MOVED_ONTO_TAKEN)
        customer = booking.customer or entry.event.customer
        event = replace(entry.event, customer=customer, visit=booking.visit, booking_id="")
        return replace(entry, event=event, booking_id="", contact_keys=booking.contact_keys)

    async def _cancel(self, booking: Booking, reason: str) -> None:
        before = await self._allocator.unit.availability()
        await cancel(self._transaction, booking, reason)
        await offer_freed_time(self._allocator.unit, before)

    async def _is_being_pushed(self, booking: Booking, start: Minute | None) -> bool:
        """Return whether a push with unknown outcome requested this start, or a cancellation if `start` is None."""
        push = await self._transaction.calendar.push(booking.id)
        return push is not None and push.tried_at_ms is not None and push.tried_start == start
