"""Causes why an existing claim does not fit its technician's schedule (rules 8 to 12, 23 and 29).

A claim keeps its own length and buffers. Grid, notice and horizon do not apply to it: it was accepted already.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import inf
from operator import attrgetter
from typing import NamedTuple, Self

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import TechnicianStatus, TravelMode
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute, is_within, merge, overlaps
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job, is_day_of, is_served_by
from slotmcp.engine.availability import Availability
from slotmcp.engine.floating_breaks import floating_breaks_on
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import DateRange, dates_of, regular_hours, time_off_between, working_days
from slotmcp.engine.route import Route
from slotmcp.engine.rules import is_in_span
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.engine.zones import local_date

_MONTH = timedelta(days=31)
_MARGIN = timedelta(days=3)
"""Dates around a claim's month whose shifts may reach into it, because of time zones or midnight."""


class ScheduleFit:
    """Check of claims against one technician's schedule. It caches the hours by month."""

    def __init__(
        self, schedule: Schedule, technician_id: str, claims: Iterable[Claim], travel_times: TravelTimes | None = None
    ) -> None:
        """Index a technician's time.

        Args:
            schedule: the project's schedule.
            technician_id: a technician of the schedule.
            claims: the claims that take the technician's time.
            travel_times: travel times from a routing service; None: all are estimated.
        """
        technician_schedule = schedule.technician_schedules[technician_id]
        self._project = schedule.project
        self._services = schedule.services
        self._technician = technician_schedule.technician
        self._travel_times = travel_times
        self._claims = sorted(claims, key=attrgetter("start"))
        self._starts = [claim.start for claim in self._claims]
        self._ends = [claim.end for claim in self._claims]
        self._before = max((claim.buffer_before_minutes for claim in self._claims), default=0)
        self._after = max((claim.buffer_after_minutes for claim in self._claims), default=0)
        self._calendar = _merged(busy for busy in technician_schedule.busy if _is_of_calendar(busy))
        self._busy = _merged(busy for busy in technician_schedule.busy if not _is_of_calendar(busy))
        self._ids_by_day: dict[date, list[str]] = defaultdict(list)
        if self._technician.max_bookings_per_day is not None:
            for claim in self._claims:
                self._ids_by_day[self._day(claim)].append(claim.id)
        self._months: dict[date, _Month] = {}

    @classmethod
    def among_claims(cls, availability: Availability, technician_id: str) -> Self:
        """Return the check against all live claims of a technician."""
        claims = availability.index.timelines[technician_id].claims
        return cls(availability.schedule, technician_id, claims, availability.cached_travel)

    @classmethod
    def among_bookings(cls, availability: Availability, technician_id: str) -> Self:
        """Return the check for bookings. Holds are ignored, because they end by themselves."""
        claims = availability.index.timelines[technician_id].claims
        bookings = [claim for claim in claims if not claim.is_hold]
        return cls(availability.schedule, technician_id, bookings, availability.cached_travel)

    def causes(self, claim: Claim) -> frozenset[AttentionCause]:
        """Return every cause why the technician cannot serve a claim; the claim itself takes no time."""
        return frozenset(
            (
                *self._absences(claim),
                *self._closures(claim),
                *self._missing_skills(claim),
                *self._taken(claim),
                *self._limits(claim),
                *self._bookable(claim),
                *(self._area(claim) if self._project.areas else ()),
            )
        )

    def _absences(self, claim: Claim) -> Iterator[AttentionCause]:
        if self._technician.status is TechnicianStatus.OFF:
            yield AttentionCause.TECHNICIAN_OFF
        absences = self._technician.time_off
        if self._technician.recurring_time_off:
            absences = time_off_between(self._technician, self._month_of(claim.start).dates)
        if any(overlaps(claim.interval, (absence.start, absence.end)) for absence in absences):
            yield AttentionCause.TIME_OFF

    def _closures(self, claim: Claim) -> Iterator[AttentionCause]:
        month = self._month_of(claim.start)
        hours = month.hours if claim.priority is Priority.NORMAL else month.emergency_hours
        if is_within(claim.interval, hours):
            return
        dates = month.dates
        usual_hours = regular_hours(self._technician, DateRange(dates.first, dates.last), claim.priority)
        is_usually_open = is_within(claim.interval, usual_hours)
        if not is_usually_open:
            yield AttentionCause.OUTSIDE_HOURS
        if is_usually_open or self._is_closed(local_date(self._technician.timezone, claim.start), dates):
            yield AttentionCause.BUSINESS_CLOSED

    def _is_closed(self, day: date, dates: DateRange) -> bool:
        return day in dates.closed and all(override.date != day for override in self._technician.overrides)

    def _missing_skills(self, claim: Claim) -> Iterator[AttentionCause]:
        service = self._services.get(claim.service_id)
        if service is None:
            yield AttentionCause.SERVICE_REMOVED
        elif not service.skills <= self._technician.skills:
            yield AttentionCause.SKILL_MISSING

    def _taken(self, claim: Claim) -> Iterator[AttentionCause]:
        with_buffers = _with_buffers(claim)
        in_calendar, is_busy = (_is_hit(spans, claim.interval) for spans in (self._calendar, self._busy))
        if in_calendar:
            yield AttentionCause.CALENDAR_CONFLICT
        if is_busy:
            yield AttentionCause.BUSY
        if (
            any(overlaps(with_buffers, _with_buffers(other)) for other in self._neighbors(claim))
            or (not in_calendar and _is_hit(self._calendar, with_buffers))
            or (not is_busy and _is_hit(self._busy, with_buffers))
            or not self._leaves_breaks(claim)
        ):
            yield AttentionCause.TOO_CLOSE

    def _leaves_breaks(self, claim: Claim) -> bool:
        """Return whether the floating breaks still fit beside a claim."""
        if not self._technician.floating_breaks:
            return True
        others = [_with_buffers(other) for other in self._claims if other.id != claim.id]
        taken = merge([*others, *self._calendar, *self._busy])
        floating = floating_breaks_on(self._technician, self._month_of(claim.start).dates)
        return floating is None or floating.fit_beside(
            _with_buffers(claim), lambda window: [span for span in taken if overlaps(span, window)]
        )

    def _limits(self, claim: Claim) -> Iterator[AttentionCause]:
        limit = self._technician.max_bookings_per_day
        if limit is not None:
            day = self._day(claim)
            if sum(claim_id != claim.id for claim_id in self._ids_by_day[day]) >= limit:
                yield AttentionCause.DAY_FULL
        if claim.location is not None and self._project.travel.mode is not TravelMode.NONE:
            yield from self._travel(claim)

    def _area(self, claim: Claim) -> Iterator[AttentionCause]:
        area = area_of_job(self._project, claim.postal_code)
        if area is None:
            return
        if not is_served_by(area, self._technician.id):
            yield AttentionCause.OUTSIDE_AREA
        if not is_day_of(area, self._project.timezone, claim.appointment[0]):
            yield AttentionCause.AREA_DAY

    def _bookable(self, claim: Claim) -> Iterator[AttentionCause]:
        """Yield the cause of a booking outside the spans in which its service can start. Holds stay promised."""
        service = self._services.get(claim.service_id)
        if service is None or not service.bookable or claim.is_hold:
            return
        if not is_in_span(self._project.timezone, service.bookable, claim.start, claim.priority):
            yield AttentionCause.NOT_BOOKABLE_THEN

    def _travel(self, claim: Claim) -> Iterator[AttentionCause]:
        need = Need(
            duration_minutes=claim.end - claim.start,
            buffer_before_minutes=claim.buffer_before_minutes,
            buffer_after_minutes=claim.buffer_after_minutes,
            site=site_at(claim.location, self._project.travel, self._travel_times),
        )
        leg = self._route_around(claim).leg_at(claim.start)
        if not leg.earliest_start(need) <= claim.start <= leg.latest_start(need):
            yield AttentionCause.TRAVEL_TIME

    def _route_around(self, claim: Claim) -> Route:
        """Return the route of the shift that contains a claim's start, without the claim.

        Without such a shift, the drives between the jobs around it still count, but not the drive from home.
        """
        shift = self._shift_at(claim.start)
        begin, end = shift or (claim.start - MINUTES_PER_DAY, claim.end + MINUTES_PER_DAY)
        jobs = [job for job in self._claims_between(begin, end) if job.id != claim.id]
        return Route(self._technician.home if shift else None, [(begin, end)], jobs)

    def _shift_at(self, minute: Minute) -> Interval | None:
        """Return the shift that contains a minute, also on a date on which the business is closed."""
        dates = self._month_of(minute).dates
        for shifts in (
            working_days(self._technician, dates),
            working_days(self._technician, DateRange(dates.first, dates.last)),
        ):
            index = bisect_right(shifts, (minute, inf)) - 1
            if index >= 0 and minute < shifts[index][1]:
                return shifts[index]
        return None

    def _neighbors(self, claim: Claim) -> Iterator[Claim]:
        """Yield the other claims that are near enough for their buffers to matter."""
        start, end = _with_buffers(claim)
        first = bisect_right(self._ends, start - self._after)
        last = bisect_left(self._starts, end + self._before)
        return (other for other in self._claims[first:last] if other.id != claim.id)

    def _claims_between(self, start: Minute, end: Minute) -> list[Claim]:
        """Return the claims that start within an interval."""
        return self._claims[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def _day(self, claim: Claim) -> date:
        return local_date(self._project.timezone, claim.start)

    def _month_of(self, minute: Minute) -> "_Month":
        first_day = local_date("UTC", minute).replace(day=1)
        month = self._months.get(first_day)
        if month is None:
            first, last = first_day - _MARGIN, first_day + _MONTH + _MARGIN
            dates = dates_of(self._project, first, last)
            hours = [regular_hours(self._technician, dates, priority) for priority in Priority]
            month = self._months[first_day] = _Month(dates, *hours)
        return month


class _Month(NamedTuple):
    """Dates of a month with a margin, and the technician's hours on them."""

    dates: DateRange
    hours: tuple[Interval, ...]
    emergency_hours: tuple[Interval, ...]


def _merged(busy: Iterable[BusyTime]) -> list[Interval]:
    return merge((span.start, span.end) for span in busy)


def _is_of_calendar(busy: BusyTime) -> bool:
    return busy.source.startswith(CALENDAR_SOURCE_PREFIX)


def _with_buffers(claim: Claim) -> Interval:
    return claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes


def _is_hit(merged: list[Interval], interval: Interval) -> bool:
    """Return whether an interval overlaps one of a merged list."""
    index = bisect_left(merged, (interval[1], -inf)) - 1
    return index >= 0 and merged[index][1] > interval[0]
