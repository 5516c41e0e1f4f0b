"""Opening hours of one technician as a set of minutes (rules 1 to 7)."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import holidays

from oracle.wall_clock import DAY, calendar_date, minute_when
from slotmcp.domain.catalog import Project, Technician, TechnicianStatus
from slotmcp.domain.recurrence import WallSpan, WeeklySpan


def opening_minutes(project: Project, technician: Technician, first_day: int, last_day: int) -> frozenset[int]:
    """Return every UTC minute of work, from the shifts that start on the dates first_day..last_day."""
    if technician.status is TechnicianStatus.OFF:
        return frozenset()
    minutes = shift_minutes(project, technician, first_day, last_day)
    minutes -= break_minutes(technician, first_day, last_day)
    for absence in technician.time_off:
        minutes.difference_update(range(absence.start, absence.end))
    return frozenset(minutes)


def shift_minutes(project: Project, technician: Technician, first_day: int, last_day: int) -> set[int]:
    """Return every minute of the shifts that start on the dates first_day..last_day (rules 1 to 4)."""
    minutes: set[int] = set()
    for day in range(first_day, last_day + 1):
        for span in _windows(project, technician, day):
            minutes.update(_minutes(technician, day, span))
    return minutes


def break_minutes(technician: Technician, first_day: int, last_day: int) -> set[int]:
    """Return every minute of the breaks that start on the dates first_day..last_day (rule 5)."""
    minutes: set[int] = set()
    for day in range(first_day, last_day + 1):
        for pause in technician.breaks:
            if _starts_on(pause, day):
                minutes.update(_minutes(technician, day, pause.span))
    return minutes


def _windows(project: Project, technician: Technician, day: int) -> Iterator[WallSpan]:
    """Yield the windows of a date: of an override (rule 3), none (rule 4), or of the shifts (rule 2)."""
    for override in technician.overrides:
        if override.date == calendar_date(day):
            yield from override.windows
            return
    if _is_closed(project, calendar_date(day)):
        return
    for shift in technician.shifts:
        if _starts_on(shift, day):
            yield shift.span


def _starts_on(weekly: WeeklySpan, day: int) -> bool:
    today = calendar_date(day)
    if weekly.valid_from is not None and today < weekly.valid_from:
        return False
    if weekly.valid_until is not None and today > weekly.valid_until:
        return False
    return today.weekday() in weekly.days


def _minutes(technician: Technician, day: int, span: WallSpan) -> range:
    """Return a wall span of a date in UTC; a range that ends before it starts is empty (rule 1)."""
    start = minute_when(technician.timezone, day * DAY + span.start_minute)
    end = minute_when(technician.timezone, day * DAY + span.end_minute)
    return range(start, end)


def _is_closed(project: Project, today: date) -> bool:
    if today in project.closed_dates:
        return True
    return any(today in _public_holidays(region, today.year) for region in project.holiday_regions)


@lru_cache
def _public_holidays(region: str, year: int) -> frozenset[date]:
    country, _, subdivision = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
