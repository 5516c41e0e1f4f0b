"""Technicians: their workload, their status, and their time off.

When a technician becomes unavailable, holds and bookings are revalidated (`revalidation.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypedDict

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, Technician, TechnicianStatus, TimeOff
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, Minute, overlaps, subtract
from slotmcp.domain.moment import Moment
from slotmcp.engine.availability import Availability
from slotmcp.engine.floating_breaks import PlannedBreak
from slotmcp.engine.opening_hours import break_intervals, dates_of, shift_intervals
from slotmcp.engine.zones import local_date, midnight, next_midnight, utc_to_wall
from slotmcp.services.appointments import resolve_moment
from slotmcp.services.attention import AffectedBooking, affected_bookings
from slotmcp.services.lookups import FoundBooking, found_booking
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.technician_times import on_call_time, recurring_time_off
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import offer_freed_time

MAX_DAYS_OFF: Final = 366
_DAYS_PER_WEEK: Final = 7
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianOverview:
    """Technician with bookings and time off."""

    technician: Technician
    bookings_today: int
    bookings_this_week: int
    """Today and the six days after it, by the project's dates."""
    next_booking: FoundBooking | None
    time_off: tuple[TimeOff, ...]
    """Current and future time off that does not recur, by start."""
    recurring_time_off: tuple[TimeOff, ...]
    """Recurring time off that has not ended, of the coming two weeks, by start."""
    on_call: tuple[Interval, ...]
    """On-call time that has not ended, of the coming week, by start."""
    breaks: tuple[Interval, ...]
    """Breaks of today in the technician's zone with a fixed time, within shifts, by start."""
    floating_breaks: tuple[PlannedBreak, ...]
    """Breaks of today without a fixed time, with places where they fit now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechniciansAnswer:
    """Technicians of a project, in the order of the project file."""

    project: Project
    technicians: tuple[TechnicianOverview, ...]
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceAnswer:
    """Effects of a technician's absence or return on future bookings and holds."""

    project: Project
    technician: Technician
    changed: bool
    """False if the technician already had this status or time off."""
    attention: tuple[AffectedBooking, ...]
    """Bookings that are kept, have not begun, and need attention, by start."""
    time_off: tuple[TimeOff, ...]
    """Current and future time off, by start."""
    holds_moved: int
    holds_withdrawn: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOffRequest:
    """Request to add time off. Dates and local times are the technician's."""

    technician_id: str
    start: Moment
    """For a date: the start of the day."""
    end: Moment
    """For a date: the end of the day."""
    reason: str = ""
    project_id: str | None = None


_Change = Callable[[Technician, int], tuple[Technician, Interval | None]]
"""Function of a technician and the current time in milliseconds.

It returns the changed technician, and the time that the change affects; None: all time.
"""


class TechnicianService:
    """Use cases of technicians."""

    def __init__(self, writer: ProjectWriter) -> None:
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache

    async def list_technicians(self, project_id: str | None) -> TechniciansAnswer:
        """Return every technician's workload.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)
        availability = await self._availability_cache.availability(project_id)
        ids = availability.schedule.technician_schedules
        return TechniciansAnswer(
            project=availability.schedule.project,
            technicians=tuple([await self._load_overview(availability, technician_id) for technician_id in ids]),
            now_ms=availability.now_ms,
        )

    async def set_technician_status(
        self, project_id: str | None, technician_id: str, status: TechnicianStatus
    ) -> AbsenceAnswer:
        """Make a technician unavailable, or available again.

        Raises:
            NotFound, InvalidArgument, Unavailable.
        """
        return await self._change(
            project_id, technician_id, lambda technician, _: (replace(technician, status=status), None)
        )

    async def add_time_off(self, request: TimeOffRequest) -> AbsenceAnswer:
        """Add time off, unless the technician already has the same time off.

        Raises:
            NotFound, InvalidArgument, Unavailable.
        """

        def change(technician: Technician, now_ms: int) -> tuple[Technician, Interval]:
            added = _time_off(request, technician, now_ms // MS_PER_MINUTE)
            is_known = any(
                (known.start, known.end, known.reason) == (added.start, added.end, added.reason)
                for known in technician.time_off
            )
            time_off = technician.time_off if is_known else (*technician.time_off, added)
            return replace(technician, time_off=time_off), (added.start, added.end)

        return await self._change(request.project_id, request.technician_id, change)

    async def _change(self, project_id: str | None, technician_id: str, change: _Change) -> AbsenceAnswer:
        async def work(unit: UnitOfWork) -> AbsenceAnswer:
            transaction = unit.transaction
            await transaction.lapse_holds()
            before = await unit.availability()
            technician = _find_technician(before, technician_id)
            changed, span = change(technician, before.now_ms)
            if changed != technician:
                team = [schedule.technician for schedule in before.schedule.technician_schedules.values()]
                await transaction.save_technicians([changed if member is technician else member for member in team])
            effects = await revalidate_claims(unit, before)
            if changed != technician:
                await offer_freed_time(unit, before)
            bookings = [
                booking
                for booking in await transaction.bookings_needing_attention()
                if _is_concerned(booking, technician_id, span, before.now_ms)
            ]
            return AbsenceAnswer(
                project=before.schedule.project,
                technician=changed,
                changed=changed != technician,
                attention=affected_bookings(await unit.availability(), bookings),
                time_off=_remaining_time_off(changed, before.now_ms // MS_PER_MINUTE),
                holds_moved=effects.holds_moved,
                holds_withdrawn=effects.holds_withdrawn,
                now_ms=before.now_ms,
            )

        return await self._writer.write(await self._availability_cache.project_id(project_id), work)

    async def _load_overview(self, availability: Availability, technician_id: str) -> TechnicianOverview:
        schedule, timeline = availability.schedule, availability.index.timelines[technician_id]
        now = availability.now_ms // MS_PER_MINUTE
        next_claim = min(
            (claim for claim in timeline.claims if not claim.is_hold and claim.end > now),
            default=None,
            key=lambda claim: claim.start,
        )
        booking = await self._store.booking(schedule.project.id, next_claim.id) if next_claim else None
        technician = schedule.technician_schedules[technician_id].technician
        return TechnicianOverview(
            technician=technician,
            bookings_today=timeline.loads[0],
            bookings_this_week=sum(timeline.loads[day] for day in range(_DAYS_PER_WEEK)),
            next_booking=found_booking(schedule, booking, availability.now_ms) if booking else None,
            time_off=_remaining_time_off(technician, now),
            **_coming_times(availability, technician_id),
        )


class _ComingTimes(TypedDict):
    recurring_time_off: tuple[TimeOff, ...]
    on_call: tuple[Interval, ...]
    breaks: tuple[Interval, ...]
    floating_breaks: tuple[PlannedBreak, ...]


def _coming_times(availability: Availability, technician_id: str) -> _ComingTimes:
    """Return the recurring times of the coming days, and the breaks of today."""
    timeline = availability.index.timelines[technician_id]
    technician, project = timeline.technician_schedule.technician, availability.schedule.project
    now = availability.now_ms // MS_PER_MINUTE
    today = local_date(technician.timezone, now)
    week = dates_of(project, today - _ONE_DAY, today + timedelta(days=_DAYS_PER_WEEK - 1))
    two_weeks = dates_of(project, today - _ONE_DAY, today + timedelta(days=2 * _DAYS_PER_WEEK - 1))
    bounds = midnight(technician.timezone, today), next_midnight(technician.timezone, today)
    shifts = shift_intervals(technician, week)
    breaks = subtract(shifts, subtract(shifts, break_intervals(technician, week)))
    planned = (each for each in timeline.planned_breaks() if bounds[0] <= each.due.window[0] < bounds[1])
    return {
        "recurring_time_off": tuple(off for off in recurring_time_off(technician, two_weeks) if off.end > now),
        "on_call": tuple(span for span in on_call_time(technician, week) if span[1] > now),
        "breaks": tuple(span for span in breaks if bounds[0] <= span[0] < bounds[1]),
        "floating_breaks": tuple(planned),
    }


def _find_technician(availability: Availability, technician_id: str) -> Technician:
    technician_schedules = availability.schedule.technician_schedules
    if technician_id not in technician_schedules:
        names = {key: value.technician.name for key, value in technician_schedules.items()}
        raise NotFound.among("technicianId", "technician", technician_id, names)
    return technician_schedules[technician_id].technician


def _time_off(request: TimeOffRequest, technician: Technician, now: Minute) -> TimeOff:
    zone_key = technician.timezone
    start = resolve_moment(request.start, zone_key, "start")
    end = resolve_moment(request.end, zone_key, "end", end_of_day=True)
    if end <= start:
        raise InvalidArgument("end", "it must be after start.")
    if end <= now:
        local = utc_to_wall(zone_key, now).isoformat(timespec="minutes")
        raise InvalidArgument("end", f"it is in the past; it is {local} now.")
    if end - start > MAX_DAYS_OFF * MINUTES_PER_DAY:
        raise InvalidArgument("end", f"give at most {MAX_DAYS_OFF} days; for longer, set the status to off.")
    return TimeOff(start=start, end=end, reason=request.reason, by_operator=True)


def _remaining_time_off(technician: Technician, now: Minute) -> tuple[TimeOff, ...]:
    return tuple(
        sorted((absence for absence in technician.time_off if absence.end > now), key=lambda absence: absence.start)
    )


def _is_concerned(booking: Booking, technician_id: str, span: Interval | None, now_ms: int) -> bool:
    """Return whether a technician's booking has not begun and overlaps a span; None: all time."""
    claim = booking.claim
    return (
        claim.technician_id == technician_id
        and claim.start * MS_PER_MINUTE > now_ms
        and (span is None or overlaps(claim.interval, span))
    )
