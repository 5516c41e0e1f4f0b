"""Board: one day of a project by technician, with everything that takes their time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Technician, TimeOff
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, merge, overlaps, subtract
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.floating_breaks import PlannedBreak, floating_breaks_on
from slotmcp.engine.opening_hours import DateRange, break_intervals, dates_of, shift_intervals, time_off_between
from slotmcp.engine.zones import local_date, midnight, next_midnight
from slotmcp.ports import ScheduleReader, Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.concurrency import SingleFlight
from slotmcp.services.technician_times import on_call_time

MAX_AGE_SECONDS: Final = 1.0
"""Maximum age of a cached revision."""
_MARGIN: Final = timedelta(days=2)
"""Dates before and after the day whose shifts may overlap it, because of time zones or midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianDay:
    """Day of a technician. Only shifts, breaks with a fixed time and on-call time are clipped to the day."""

    technician: Technician
    shifts: tuple[Interval, ...]
    """Working time without breaks, time off included; by start."""
    breaks: tuple[Interval, ...]
    """Within shifts."""
    floating_breaks: tuple[PlannedBreak, ...]
    """Those whose place, or window if no room is left, overlaps the day."""
    on_call: tuple[Interval, ...]
    """Time for emergencies only, without breaks and time off; by start."""
    time_off: tuple[TimeOff, ...]
    busy: tuple[BusyTime, ...]
    bookings: tuple[Booking, ...]
    """Not canceled; by start."""
    holds: tuple[Claim, ...]
    """Live; by start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAnswer:
    """Day of a project."""

    schedule: Schedule
    day: date
    today: date
    span: Interval
    """The day on the project's clock: 23, 24 or 25 hours."""
    technicians: tuple[TechnicianDay, ...]
    """In the order of the project file."""
    needing_attention: int
    """Number of bookings on any day that need attention and have not ended."""
    now_ms: int


class BoardService:
    """Use cases of the board."""

    def __init__(self, *, store: Store, schedules: ScheduleReader, availability_cache: AvailabilityCache) -> None:
        self._store = store
        self._schedules = schedules
        self._availability_cache = availability_cache
        self._single_flight = SingleFlight()
        self._memory = store.project_memory
        self._revisions: dict[str, tuple[float, int]] = self._memory.table()

    async def board(self, project_id: str | None, day: date | None = None) -> BoardAnswer:
        """Return a day; None: today on the project's clock.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        zone_key = schedule.project.timezone
        today = local_date(zone_key, now_ms // MS_PER_MINUTE)
        day = day or today
        span = midnight(zone_key, day), next_midnight(zone_key, day)
        bookings = _by_technician(await self._store.bookings(schedule.project.id, span))
        needing = await self._store.bookings_needing_attention(schedule.project.id, now_ms // MS_PER_MINUTE)
        return BoardAnswer(
            schedule=schedule,
            day=day,
            today=today,
            span=span,
            technicians=tuple(
                _day_of(schedule, technician_schedule, bookings.get(technician_id, ()), span, now_ms)
                for technician_id, technician_schedule in schedule.technician_schedules.items()
            ),
            needing_attention=len(needing),
            now_ms=now_ms,
        )

    async def revision(self, project_id: str) -> int:
        """Return the project's revision, at most a second old. All callers share one read per second.

        Raises:
            NotFound, Unavailable.
        """
        seconds = asyncio.get_running_loop().time
        read_at, revision = self._revisions.get(project_id, (0.0, 0))
        if revision and seconds() - read_at < MAX_AGE_SECONDS:
            return revision
        head = await self._single_flight.run(project_id, lambda: self._schedules.head(project_id))
        self._revisions[project_id] = seconds(), head.revision
        self._memory.note(project_id)
        return head.revision


def _day_of(
    schedule: Schedule,
    technician_schedule: TechnicianSchedule,
    bookings: Sequence[Booking],
    span: Interval,
    now_ms: int,
) -> TechnicianDay:
    technician = technician_schedule.technician
    dates = _dates_around(schedule, technician, span)
    shifts, breaks = _clip(shift_intervals(technician, dates), span), _clip(break_intervals(technician, dates), span)
    absences = time_off_between(technician, dates)
    holds = [
        claim
        for claim in technician_schedule.claims
        if claim.is_hold and claim.is_live(now_ms) and overlaps(claim.interval, span)
    ]
    return TechnicianDay(
        technician=technician,
        shifts=tuple(subtract(shifts, breaks)),
        breaks=tuple(part for shift in shifts for part in _clip(breaks, shift)),
        floating_breaks=tuple(_planned_breaks(technician_schedule, dates, bookings, span, now_ms)),
        on_call=tuple(_clip(on_call_time(technician, dates), span)),
        time_off=tuple(absence for absence in absences if overlaps((absence.start, absence.end), span)),
        busy=tuple(busy for busy in technician_schedule.busy if overlaps((busy.start, busy.end), span)),
        bookings=tuple(bookings),
        holds=tuple(sorted(holds, key=lambda claim: (claim.start, claim.id))),
    )


def _planned_breaks(
    technician_schedule: TechnicianSchedule,
    dates: DateRange,
    bookings: Sequence[Booking],
    span: Interval,
    now_ms: int,
) -> Iterator[PlannedBreak]:
    """Yield the floating breaks of a day, beside its bookings and all live claims and busy times."""
    floating = floating_breaks_on(technician_schedule.technician, dates)
    if floating is None:
        return
    claims = [claim for claim in technician_schedule.claims if claim.is_live(now_ms)]
    claims += [booking.claim for booking in bookings]
    taken = merge(
        [(claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes) for claim in claims]
        + [(busy.start, busy.end) for busy in technician_schedule.busy]
    )
    for planned in floating.planned(taken):
        if overlaps(planned.place or planned.due.window, span):
            yield planned


def _dates_around(schedule: Schedule, technician: Technician, span: Interval) -> DateRange:
    """Return the dates whose shifts may reach into a span."""
    first = local_date(technician.timezone, span[0]) - _MARGIN
    last = local_date(technician.timezone, span[1]) + _MARGIN
    return dates_of(schedule.project, first, last)


def _clip(spans: Iterable[Interval], within: Interval) -> list[Interval]:
    return [(max(start, within[0]), min(end, within[1])) for start, end in spans if overlaps((start, end), within)]


def _by_technician(bookings: Sequence[Booking]) -> Mapping[str, list[Booking]]:
    by_technician: dict[str, list[Booking]] = defaultdict(list)
    for booking in bookings:
        by_technician[booking.claim.technician_id].append(booking)
    return by_technician
