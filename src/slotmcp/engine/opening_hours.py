"""A technician's opening hours in UTC, from shifts, overrides, holidays, closures, breaks and time off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from slotmcp.domain.booking_rules import Closure, Priority
from slotmcp.domain.catalog import DateOverride, Project, Technician, TechnicianStatus, TimeOff
from slotmcp.domain.interval import Interval, merge, subtract
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.engine.recurrence_rules import dates_of_rule
from slotmcp.engine.zones import wall_minute_to_utc

_DAYS_PER_WEEK: Final = 7

DatedInterval = tuple[date, Interval]
"""An interval with the local date on which it starts."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Dates to expand, both ends inclusive, with those on which the business is closed."""

    first: date
    last: date
    closed: frozenset[date] = frozenset()
    partly_closed: tuple[Closure, ...] = ()
    """Closures of a part of each of their dates."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A technician's working time, from the shifts that start on some dates. All intervals are merged."""

    hours: tuple[Interval, ...]
    """Opening hours."""
    shifts: tuple[Interval, ...]
    """Shifts, with breaks and time off left in."""
    regular_hours: tuple[Interval, ...]
    """Shifts without breaks, with time off left in."""
    for_emergencies: "WorkingTime | None" = None
    """The same with on-call time; None: the technician is never on call."""


def dates_of(project: Project, first: date, last: date) -> DateRange:
    """Return dates with those on which a project is closed, by a holiday or a closure."""
    holidays = dates_without_closures(project, first, last)
    if not project.closures:
        return holidays
    near = [closure for closure in project.closures if closure.first <= last and first <= closure.last]
    whole = {
        day
        for closure in near
        if closure.span is None
        for day in _days(max(first, closure.first), min(last, closure.last))
    }
    partly = tuple(closure for closure in near if closure.span is not None)
    return replace(holidays, closed=holidays.closed | whole, partly_closed=partly)


def dates_without_closures(project: Project, first: date, last: date) -> DateRange:
    """Return dates with the holidays and closed dates of a project."""
    return DateRange(first, last, closed_dates(project, range(first.year, last.year + 1)))


def closed_dates(project: Project, years: Iterable[int]) -> frozenset[date]:
    """Return the project's public holidays in these years and its own closed dates."""
    dates = set(project.closed_dates)
    for region in project.holiday_regions:
        for year in years:
            dates |= public_holidays(region, year)
    return frozenset(dates)


@lru_cache(maxsize=512)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """Return the observed public holidays of a country ("US") or of one of its regions ("US-CO").

    Source: the `holidays` package.
    """
    import holidays  # noqa: PLC0415  slow to import, and most projects name no region

    country, _, subdivision = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def regular_hours(
    technician: Technician, dates: DateRange, priority: Priority = Priority.NORMAL
) -> tuple[Interval, ...]:
    """Return a technician's shifts without breaks, merged, for emergencies with on-call time.

    Status and time off do not count.
    """
    hours = _hours(technician.timezone, technician.shifts, technician.breaks, technician.overrides, dates)
    if not technician.on_call or priority is Priority.NORMAL:
        return hours
    on_call = _on_call(technician.timezone, technician.on_call, technician.overrides, dates)
    breaks = _merged(technician.timezone, technician.breaks, dates)
    return tuple(merge([*hours, *subtract(on_call, breaks)]))


def opening_hours(
    technician: Technician, dates: DateRange, priority: Priority = Priority.NORMAL
) -> tuple[Interval, ...]:
    """Return a technician's working time, merged, from the shifts that start on these dates."""
    if technician.status is TechnicianStatus.OFF:
        return ()
    hours = regular_hours(technician, dates, priority)
    if not technician.time_off and not technician.recurring_time_off:
        return hours
    absences = time_off_between(technician, dates)
    return tuple(subtract(hours, merge((absence.start, absence.end) for absence in absences)))


def time_off_between(technician: Technician, dates: DateRange) -> tuple[TimeOff, ...]:
    """Return a technician's absences: all single ones, and the recurring ones that start on these dates."""
    recurring = (
        TimeOff(start=start, end=end, reason=off.reason)
        for off in technician.recurring_time_off
        for day in dates_of_rule(off.rrule, off.first, dates.first, dates.last)
        for start, end in _on_date(technician.timezone, day, (off.span,))
        if start < end
    )
    return (*technician.time_off, *recurring)


def working_time(technician: Technician, dates: DateRange) -> WorkingTime:
    """Return a technician's working time from the shifts that start on these dates."""
    return WorkingTime(
        hours=opening_hours(technician, dates),
        shifts=shift_intervals(technician, dates),
        regular_hours=regular_hours(technician, dates),
        for_emergencies=_working_time_for_emergencies(technician, dates) if technician.on_call else None,
    )


def _working_time_for_emergencies(technician: Technician, dates: DateRange) -> WorkingTime:
    return WorkingTime(
        hours=opening_hours(technician, dates, Priority.EMERGENCY),
        shifts=working_days(technician, dates),
        regular_hours=regular_hours(technician, dates, Priority.EMERGENCY),
    )


def shift_intervals(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's shifts, merged; breaks and time off are not subtracted."""
    return _shifts(technician.timezone, technician.shifts, technician.overrides, dates)


def working_days(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's shifts and on-call time, merged; breaks and time off are not subtracted."""
    shifts = shift_intervals(technician, dates)
    if not technician.on_call:
        return shifts
    return tuple(merge([*shifts, *_on_call(technician.timezone, technician.on_call, technician.overrides, dates)]))


def break_intervals(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's breaks, merged, inside and outside the shifts."""
    return tuple(_merged(technician.timezone, technician.breaks, dates))


@lru_cache(maxsize=4096)
def _hours(
    zone_key: str,
    shifts: tuple[WeeklySpan, ...],
    breaks: tuple[WeeklySpan, ...],
    overrides: tuple[DateOverride, ...],
    dates: DateRange,
) -> tuple[Interval, ...]:
    """Return shifts without breaks. Cached by value, so that technicians with equal patterns share the result."""
    return tuple(subtract(_shifts(zone_key, shifts, overrides, dates), _merged(zone_key, breaks, dates)))


@lru_cache(maxsize=4096)
def _shifts(
    zone_key: str, shifts: tuple[WeeklySpan, ...], overrides: tuple[DateOverride, ...], dates: DateRange
) -> tuple[Interval, ...]:
    replaced = dates.closed | {override.date for override in overrides}
    regular = [interval for day, interval in _expand(zone_key, shifts, dates.first, dates.last) if day not in replaced]
    if dates.partly_closed:
        regular = subtract(merge(regular), _closed_intervals(zone_key, dates))
    special = [interval for override in overrides for interval in _on_date(zone_key, override.date, override.windows)]
    return tuple(merge(regular + special))


def _closed_intervals(zone_key: str, dates: DateRange) -> list[Interval]:
    """Return the parts of dates on which the business is closed, merged."""
    return merge(
        interval
        for closure in dates.partly_closed
        if closure.span is not None
        for day in _days(max(dates.first, closure.first), min(dates.last, closure.last))
        for interval in _on_date(zone_key, day, (closure.span,))
    )


@lru_cache(maxsize=4096)
def _on_call(
    zone_key: str, on_call: tuple[WeeklySpan, ...], overrides: tuple[DateOverride, ...], dates: DateRange
) -> tuple[Interval, ...]:
    """Return on-call time, merged. Only an override without windows removes that of its date."""
    removed = {override.date for override in overrides if not override.windows}
    expanded = _expand(zone_key, on_call, dates.first, dates.last)
    return tuple(merge([interval for day, interval in expanded if day not in removed]))


def _merged(zone_key: str, weekly: tuple[WeeklySpan, ...], dates: DateRange) -> list[Interval]:
    return merge(interval for _, interval in _expand(zone_key, weekly, dates.first, dates.last))


@lru_cache(maxsize=4096)
def _expand(zone_key: str, weekly: tuple[WeeklySpan, ...], first: date, last: date) -> tuple[DatedInterval, ...]:
    return tuple(
        (day, interval)
        for weekly_span in weekly
        for day in recurrences(weekly_span, first, last)
        for interval in _on_date(zone_key, day, (weekly_span.span,))
    )


def recurrences(weekly: WeeklySpan, first: date, last: date) -> Iterable[date]:
    """Return the dates between two others, both inclusive, on which a recurring span starts."""
    if weekly.rrule:
        return dates_of_rule(weekly.rrule, weekly.valid_from or first, first, last)
    return (day for day in _days(first, last) if _starts_on(weekly, day))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def interval_on(zone_key: str, day: date, span: WallSpan) -> Interval:
    """Return a span of a date in UTC. Clock changes can empty or reverse it."""
    return next(iter(_on_date(zone_key, day, (span,))))


def _on_date(zone_key: str, day: date, spans: Iterable[WallSpan]) -> Iterator[Interval]:
    for span in spans:
        yield (
            wall_minute_to_utc(zone_key, day, span.start_minute),
            wall_minute_to_utc(zone_key, day, span.end_minute),
        )


def _starts_on(weekly: WeeklySpan, day: date) -> bool:
    return (
        day.weekday() in weekly.days
        and (weekly.valid_from is None or weekly.valid_from <= day)
        and (weekly.valid_until is None or day <= weekly.valid_until)
        and (weekly.every_weeks == 1 or _weeks_since(weekly.valid_from, day) % weekly.every_weeks == 0)
    )


def _weeks_since(start: date | None, day: date) -> int:
    """Return the number of weeks, Monday to Sunday, from that of a start to that of a day."""
    monday = date.min if start is None else start - timedelta(days=start.weekday())
    return (day - monday).days // _DAYS_PER_WEEK
