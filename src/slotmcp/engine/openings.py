"""A technician's opening hours in UTC: shifts, overrides, holidays, breaks, time off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from slotmcp.domain.catalog import DateOverride, Technician, TechnicianStatus, WallSpan, WeeklySpan
from slotmcp.domain.interval import Interval
from slotmcp.engine.intervals import merge, subtract
from slotmcp.engine.zones import wall_minute_to_utc

Dated = tuple[date, Interval]
"""A span with the local date on which it starts."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Which dates to expand, both ends inclusive, and on which of them the business is closed."""

    first: date
    last: date
    closed: frozenset[date] = frozenset()


def opening_hours(technician: Technician, dates: Dates) -> tuple[Interval, ...]:
    """When a technician works, merged, for spans that start on these dates."""
    if technician.status is TechnicianStatus.OFF:
        return ()
    hours = _hours(technician.timezone, technician.shifts, technician.breaks, technician.overrides, dates)
    if not technician.time_off:
        return hours
    return tuple(subtract(hours, merge((off.start, off.end) for off in technician.time_off)))


def working_days(technician: Technician, dates: Dates) -> tuple[Interval, ...]:
    """The spans of a technician's shifts, merged, with breaks and time off left in."""
    return _shifts(technician.timezone, technician.shifts, technician.overrides, dates)


def breaks(technician: Technician, dates: Dates) -> tuple[Interval, ...]:
    """A technician's breaks, merged, whatever shift runs."""
    return tuple(_merged(technician.timezone, technician.breaks, dates))


@lru_cache(maxsize=4096)
def _hours(
    zone_key: str,
    shifts: tuple[WeeklySpan, ...],
    pauses: tuple[WeeklySpan, ...],
    overrides: tuple[DateOverride, ...],
    dates: Dates,
) -> tuple[Interval, ...]:
    """Cached by all that it depends on: technicians with the same pattern share one expansion."""
    return tuple(subtract(_shifts(zone_key, shifts, overrides, dates), _merged(zone_key, pauses, dates)))


@lru_cache(maxsize=4096)
def _shifts(
    zone_key: str, shifts: tuple[WeeklySpan, ...], overrides: tuple[DateOverride, ...], dates: Dates
) -> tuple[Interval, ...]:
    replaced = dates.closed | {override.date for override in overrides}
    regular = [span for day, span in _expand(zone_key, shifts, dates.first, dates.last) if day not in replaced]
    special = [span for override in overrides for span in _on(zone_key, override.date, override.windows)]
    return tuple(merge(regular + special))


def _merged(zone_key: str, weekly: tuple[WeeklySpan, ...], dates: Dates) -> list[Interval]:
    return merge(span for _, span in _expand(zone_key, weekly, dates.first, dates.last))


@lru_cache(maxsize=4096)
def _expand(zone_key: str, weekly: tuple[WeeklySpan, ...], first: date, last: date) -> tuple[Dated, ...]:
    return tuple(
        (day, span)
        for day in _dates(first, last)
        for one in weekly
        if _starts_on(one, day)
        for span in _on(zone_key, day, (one.span,))
    )


def _on(zone_key: str, day: date, spans: Iterable[WallSpan]) -> Iterator[Interval]:
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


def _dates(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
