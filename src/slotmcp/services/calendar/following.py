"""How a booking follows its event: moved, given to somebody else or called off as that was in the calendar."""

from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.calendar import CalendarEntry, CalendarEvent, EventStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.ports import ClaimConflict
from slotmcp.services.calendar.hosts import technicians_for_hosts
from slotmcp.services.calendar.taking import TimeAllocator
from slotmcp.services.outcomes import cancel
from slotmcp.services.waitlist_queue import offer_freed_time

CANCELLED: Final = "Cancelled in Cal.com."
MOVED_ONTO_TAKEN: Final = "Moved in Cal.com to a time that is taken here. It stands there: look at the conflicts."
MOVED_ON_BOTH_SIDES: Final = "It was moved here and in Cal.com at once; the time of Cal.com holds."
SOMEBODY_ELSE: Final = "Cal.com gave it to somebody else, who cannot come then or is not in the project file."

_FIXED: Final = frozenset({BookingStatus.COMPLETED, BookingStatus.NO_SHOW})


class BookingUpdater:
    """Lets bookings follow their events, within one transaction."""

    def __init__(self, taking: TimeAllocator) -> None:
        self._taking = taking
        self._transaction = taking.transaction

    async def follow(self, entry: CalendarEntry, before: CalendarEvent | None) -> CalendarEntry:
        """The entry once its booking has followed it; without a booking where that could not.

        `before` is what was known of the booking's event; None: it was made from the booking, and says so itself.
        """
        booking = await self._transaction.booking(entry.booking_id) if entry.booking_id else None
        if booking is None:
            return replace(entry, booking_id="")
        if booking.status is BookingStatus.CANCELLED:
            await self._insist(entry)
        elif entry.event.status.is_over:
            await self._end(entry, booking)
        elif booking.status not in _FIXED:
            return await self._move_along(entry, booking, before)
        return entry

    async def _insist(self, entry: CalendarEntry) -> None:
        """A booking that was cancelled here stays so: its event has to be cancelled, too."""
        if not entry.event.status.is_over:
            await self._transaction.calendar.request_push(entry.booking_id)

    async def _end(self, entry: CalendarEntry, booking: Booking) -> None:
        """Call a booking off with its event, unless that has another time, or the booking another event, or will."""
        if entry.event.status is EventStatus.REPLACED or booking.status in _FIXED:
            return
        others = await self._transaction.calendar.entries_of_booking(booking.id)
        lives_on = any(one.event.uid != entry.event.uid and not one.event.status.is_over for one in others)
        if not lives_on and not await self._is_tried(booking, None):
            await cancel(self._transaction, booking, CANCELLED)
            await self._freed()

    async def _move_along(self, entry: CalendarEntry, booking: Booking, before: CalendarEvent | None) -> CalendarEntry:
        event, claim = entry.event, booking.claim
        has_moved = (
            before is not None and event.interval != before.interval and not await self._is_tried(booking, event.start)
        )
        start, end = event.interval if has_moved else claim.interval
        target = replace(claim, start=start, end=end, technician_id=self._who(event, booking, before))
        if target == claim:
            return entry
        note = MOVED_ON_BOTH_SIDES if has_moved and before is not None and claim.start != before.start else ""
        if await self._move(booking, target, note):
            return entry
        if not has_moved:
            await self._transaction.save_booking(replace(booking, attention=SOMEBODY_ELSE))
            return entry
        return await self._part(entry, booking)

    def _who(self, event: CalendarEvent, booking: Booking, before: CalendarEvent | None) -> str:
        """Who is to come: as before, unless the calendar says otherwise, or said so and it could not be yet."""
        had = booking.claim.technician_id
        if before is not None and event.hosts == before.hosts and booking.attention != SOMEBODY_ELSE:
            return had
        found = technicians_for_hosts(self._taking.schedule, event.hosts)
        return had if had in found or not found else found[0]

    async def _move(self, booking: Booking, target: Claim, note: str) -> bool:
        """Whether a booking could be given another time or technician."""
        if not await self._taking.has_room(target.technician_id, target.interval, for_claim=booking.id):
            return False
        moved = replace(booking.with_status(BookingStatus.RESCHEDULED), claim=target, attention=note)
        try:
            await self._transaction.save_booking(moved)
        except ClaimConflict:
            return False
        await self._freed()
        return True

    async def _part(self, entry: CalendarEntry, booking: Booking) -> CalendarEntry:
        """An event that was moved onto a time that is taken stands there without its booking, which has none left."""
        await cancel(self._transaction, booking, MOVED_ONTO_TAKEN)
        await self._freed()
        event = replace(
            entry.event, customer=booking.customer or entry.event.customer, visit=booking.visit, booking_id=""
        )
        return replace(entry, event=event, booking_id="", contact_keys=booking.contact_keys)

    async def _is_tried(self, booking: Booking, start: Minute | None) -> bool:
        """Whether we asked for just that, a start or None for an end, and nobody knows yet what came of it."""
        push = await self._transaction.calendar.push(booking.id)
        return push is not None and push.tried_at_ms is not None and push.tried_start == start

    async def _freed(self) -> None:
        await offer_freed_time(self._taking.unit)
