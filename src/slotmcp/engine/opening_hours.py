"""A technician's opening hours in UTC, from shifts, overrides, public holidays, breaks and time off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from slotmcp.domain.catalog import DateOverride, Project, Technician, TechnicianStatus
from slotmcp.domain.interval import Interval, merge, subtract
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.engine.zones import wall_minute_to_utc

DatedInterval = tuple[date, Interval]
"""An interval with the local date on which it starts."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Dates to expand, both ends inclusive, with those on which the business is closed."""

    first: date
    last: date
    closed: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A technician's working time, from the shifts that start on some dates. All intervals are merged."""

    hours: tuple[Interval, ...]
    """Opening hours."""
    shifts: tuple[Interval, ...]
    """Shifts, with breaks and time off left in."""
    regular_hours: tuple[Interval, ...]
    """Shifts without breaks, with time off left in."""


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


def regular_hours(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's shifts without breaks, merged; status and time off do not count."""
    return _hours(technician.timezone, technician.shifts, technician.breaks, technician.overrides, dates)


def opening_hours(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's working time, merged, from the shifts that start on these dates."""
    if technician.status is TechnicianStatus.OFF:
        return ()
    hours = regular_hours(technician, dates)
    if not technician.time_off:
        return hours
    return tuple(subtract(hours, merge((absence.start, absence.end) for absence in technician.time_off)))


def working_time(technician: Technician, dates: DateRange) -> WorkingTime:
    """Return a technician's working time from the shifts that start on these dates."""
    return WorkingTime(
        hours=opening_hours(technician, dates),
        shifts=shift_intervals(technician, dates),
        regular_hours=regular_hours(technician, dates),
    )


def shift_intervals(technician: Technician, dates: DateRange) -> tuple[Interval, ...]:
    """Return a technician's shifts, merged; breaks and time off are not subtracted."""
    return _shifts(technician.timezone, technician.shifts, technician.overrides, dates)


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
    special = [interval for override in overrides for interval in _on_date(zone_key, override.date, override.windows)]
    return tuple(merge(regular + special))


def _merged(zone_key: str, weekly: tuple[WeeklySpan, ...], dates: DateRange) -> list[Interval]:
    return merge(interval for _, interval in _expand(zone_key, weekly, dates.first, dates.last))


@lru_cache(maxsize=4096)
def _expand(zone_key: str, weekly: tuple[WeeklySpan, ...], first: date, last: date) -> tuple[DatedInterval, ...]:
    return tuple(
        (day, interval)
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
        for weekly_span in weekly
        if _starts_on(weekly_span, day)
        for interval in _on_date(zone_key, day, (weekly_span.span,))
    )


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
    )
