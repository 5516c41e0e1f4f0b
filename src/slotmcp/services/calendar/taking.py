"""What an event takes here: brought to what it means now, however often that is done.

An accepted event of a service is a booking; where its technician's time is taken, it is kept as busy time until that
is free. Whatever else takes time is busy time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Booking, Visit
from slotmcp.domain.calendar import EVENT_SOURCE_PREFIX, CalendarEntry, CalendarEvent, EventKind, EventStatus
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import ClaimConflict
from slotmcp.services.calendar.conflicts import ConflictChanges, overlapping_claims, resolve_conflicts
from slotmcp.services.calendar.customers import keys_of, reachable
from slotmcp.services.calendar.hosts import EventMatch, match_event
from slotmcp.services.passing_on import pass_on
from slotmcp.services.unit_of_work import UnitOfWork

_ASIDE: Final = "calcom:aside"
"""The source of a busy time that stands for something that is about to come."""


class TimeAllocator:
    """Takes time for events, within one transaction, and counts what came of it."""

    def __init__(self, unit: UnitOfWork, schedule: Schedule) -> None:
        self.unit = unit
        self.transaction = unit.transaction
        self.schedule = schedule
        """As it was when this began: whom hosts and event types stand for."""
        self.way = ConflictChanges()

    async def take(self, entry: CalendarEntry) -> CalendarEntry:
        """Keep an event with all that it takes beside its booking; one that can be a booking becomes one."""
        meaning = match_event(self.schedule, entry.event)
        before = entry.busy
        if not entry.booking_id and self._is_bookable(entry.event, meaning):
            entry = await self._book_it(entry, meaning)
        busy = self._busy_of(entry, meaning)
        await self.transaction.remove_busy([one for one in before if one not in busy])
        await self.transaction.add_busy([one for one in busy if one not in before])
        entry = self._with_customer(replace(entry, busy=busy))
        await self.transaction.calendar.save_entry(entry)
        if busy != before:
            await self._look_after([*before, *busy])
        return entry

    async def has_room(self, technician_id: str, interval: Interval, *, for_claim: str = "") -> bool:
        """Whether a technician's time is free of live claims but one, once the holds that can move have moved."""
        if not await self._others(technician_id, interval, for_claim):
            return True
        aside = BusyTime(technician_id=technician_id, start=interval[0], end=interval[1], source=_ASIDE)
        await self.transaction.add_busy([aside])
        moved = 0
        for claim in await self._others(technician_id, interval, for_claim):
            moved += claim.is_hold and await pass_on(self.unit, claim)
        await self.transaction.remove_busy([aside])
        self.way = self.way.plus(ConflictChanges(moved=moved))
        return not await self._others(technician_id, interval, for_claim)

    async def _others(self, technician_id: str, interval: Interval, but: str) -> list[Claim]:
        technician_schedule = await self._diary(technician_id)
        return [
            claim
            for claim in overlapping_claims(technician_schedule, interval, self.transaction.now_ms)
            if claim.id != but
        ]

    def _is_bookable(self, event: CalendarEvent, meaning: EventMatch) -> bool:
        """Whether it is a booking, if there is room for it. What has ended takes nothing any more."""
        return (
            event.kind is EventKind.APPOINTMENT
            and event.status is EventStatus.ACCEPTED
            and meaning.service is not None
            and meaning.technician_ids != ()
            and event.end * MS_PER_MINUTE > self.transaction.now_ms
        )

    async def _book_it(self, entry: CalendarEntry, meaning: EventMatch) -> CalendarEntry:
        """Sell the event's time to its customer, if it is free."""
        technician_id, service = meaning.technician_ids[0], meaning.service
        if service is None or not await self.has_room(technician_id, entry.event.interval):
            return entry
        booking = self._booking(entry, service, technician_id)
        try:
            await self.transaction.add_booking(booking)
        except ClaimConflict:
            return entry
        return replace(entry, booking_id=booking.id)

    def _busy_of(self, entry: CalendarEntry, meaning: EventMatch) -> tuple[BusyTime, ...]:
        """The time that it takes beside its booking, or instead of one."""
        event = entry.event
        if not self._takes_time(event):
            return ()
        service = meaning.service
        before, after = (service.buffer_before_minutes, service.buffer_after_minutes) if service else (0, 0)
        who = meaning.technician_ids[1:] if entry.booking_id else meaning.technician_ids
        start, end, source = event.start - before, event.end + after, EVENT_SOURCE_PREFIX + event.uid
        return tuple(BusyTime(technician_id=one, start=start, end=end, source=source) for one in who)

    def _takes_time(self, event: CalendarEvent) -> bool:
        connection = self.schedule.project.calcom
        if event.status is EventStatus.PENDING:
            return connection is None or connection.pending_blocks
        return event.status is EventStatus.ACCEPTED

    def _with_customer(self, entry: CalendarEntry) -> CalendarEntry:
        """Without, where a booking knows the customer better, or nobody has to know any more."""
        if entry.booking_id or entry.event.status.is_over:
            return replace(entry, event=replace(entry.event, customer=None, visit=Visit()), contact_keys=())
        return replace(entry, contact_keys=entry.contact_keys or self._keys(entry.event))

    def _keys(self, event: CalendarEvent) -> tuple[str, ...]:
        return keys_of(self.transaction, event.customer, self.schedule.project)

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
        return Booking(
            claim=claim,
            customer=reachable(event.customer, self.schedule.project),
            visit=event.visit,
            contact_keys=entry.contact_keys or self._keys(event),
        )

    async def _look_after(self, changed: Sequence[BusyTime]) -> None:
        for technician_id in sorted({one.technician_id for one in changed}):
            spans = [(one.start, one.end) for one in changed if one.technician_id == technician_id]
            self.way = self.way.plus(await resolve_conflicts(self.unit, technician_id, spans))

    async def _diary(self, technician_id: str) -> TechnicianSchedule:
        return (await self.transaction.schedule()).technician_schedules[technician_id]
