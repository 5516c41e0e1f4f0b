"""The board: one day of a business, technician by technician, with all that takes their time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Technician, TimeOff
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, Minute, overlaps, subtract
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.opening_hours import DateRange, break_intervals, closed_dates, shift_intervals
from slotmcp.engine.zones import local_date, midnight, next_midnight
from slotmcp.ports import ScheduleReader, Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.concurrency import SingleFlight

LOOK_SECONDS: Final = 1.0
"""How old what is known of a revision may be."""
_MARGIN: Final = timedelta(days=2)
"""Spans of other zones, and those past midnight, begin so many dates before at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianDay:
    """What one technician has that day. Spans are cut to the day; bookings, holds and the rest are as they are."""

    technician: Technician
    shifts: tuple[Interval, ...]
    """Working time, breaks taken out, time off left in; by start."""
    breaks: tuple[Interval, ...]
    """Within shifts."""
    time_off: tuple[TimeOff, ...]
    busy: tuple[BusyTime, ...]
    bookings: tuple[Booking, ...]
    """Not cancelled; by start."""
    holds: tuple[Claim, ...]
    """Live; by start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAnswer:
    """A day of a business."""

    schedule: Schedule
    day: date
    today: date
    span: Interval
    """The day, by the project's clocks: 23, 24 or 25 hours."""
    technicians: tuple[TechnicianDay, ...]
    """In the order of the project file."""
    now_ms: int


class BoardService:
    """Shows days, and knows when one has changed."""

    def __init__(self, *, store: Store, schedules: ScheduleReader, availability_cache: AvailabilityCache) -> None:
        self._store = store
        self._schedules = schedules
        self._availability_cache = availability_cache
        self._single_flight = SingleFlight()
        self._revisions: dict[str, tuple[float, int]] = {}

    async def board(self, project_id: str | None, day: date | None = None) -> BoardAnswer:
        """A day; None: today, by the project's clocks.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        zone_key = schedule.project.timezone
        today = local_date(zone_key, now_ms // MS_PER_MINUTE)
        day = day or today
        span = midnight(zone_key, day), next_midnight(zone_key, day)
        bookings = _by_technician(await self._store.bookings(schedule.project.id, span))
        return BoardAnswer(
            schedule=schedule,
            day=day,
            today=today,
            span=span,
            technicians=tuple(
                _day_of(schedule, technician_schedule, bookings.get(technician_id, ()), span, now_ms)
                for technician_id, technician_schedule in schedule.technician_schedules.items()
            ),
            now_ms=now_ms,
        )

    async def revision(self, project_id: str) -> int:
        """That of the book, as it was a second ago at most: however many ask, the database is asked once a second.

        Raises:
            NotFound, Unavailable.
        """
        seconds = asyncio.get_running_loop().time
        looked, known = self._revisions.get(project_id, (0.0, 0))
        if known and seconds() - looked < LOOK_SECONDS:
            return known
        head = await self._single_flight.run(project_id, lambda: self._schedules.head(project_id))
        self._revisions[project_id] = seconds(), head.revision
        return head.revision


def _day_of(
    schedule: Schedule,
    technician_schedule: TechnicianSchedule,
    bookings: Sequence[Booking],
    span: Interval,
    now_ms: int,
) -> TechnicianDay:
    technician = technician_schedule.technician
    shifts, pauses = _hours(schedule, technician, span)
    holds = [
        one
        for one in technician_schedule.claims
        if one.is_hold and one.is_live(now_ms) and overlaps(one.interval, span)
    ]
    return TechnicianDay(
        technician=technician,
        shifts=tuple(subtract(shifts, pauses)),
        breaks=tuple(within for shift in shifts for within in _cut(pauses, shift)),
        time_off=tuple(one for one in technician.time_off if overlaps((one.start, one.end), span)),
        busy=tuple(one for one in technician_schedule.busy if overlaps((one.start, one.end), span)),
        bookings=tuple(bookings),
        holds=tuple(sorted(holds, key=_start)),
    )


def _hours(schedule: Schedule, technician: Technician, span: Interval) -> tuple[list[Interval], list[Interval]]:
    """A technician's shifts and breaks that day."""
    first = local_date(technician.timezone, span[0]) - _MARGIN
    last = local_date(technician.timezone, span[1]) + _MARGIN
    dates = DateRange(first, last, closed_dates(schedule.project, range(first.year, last.year + 1)))
    return _cut(shift_intervals(technician, dates), span), _cut(break_intervals(technician, dates), span)


def _cut(spans: Iterable[Interval], within: Interval) -> list[Interval]:
    return [(max(start, within[0]), min(end, within[1])) for start, end in spans if overlaps((start, end), within)]


def _by_technician(bookings: Sequence[Booking]) -> Mapping[str, list[Booking]]:
    found: dict[str, list[Booking]] = defaultdict(list)
    for booking in bookings:
        found[booking.claim.technician_id].append(booking)
    return found


def _start(claim: Claim) -> tuple[Minute, str]:
    return claim.start, claim.id
