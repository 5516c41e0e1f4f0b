"""Opening hours of one technician as a set of minutes (rules 1 to 7)."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import holidays

from oracle.recurrences import recurs, starts_on
from oracle.wall_clock import DAY, calendar_date, minute_when
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Project, Technician, TechnicianStatus
from slotmcp.domain.recurrence import WallSpan


def opening_minutes(
    project: Project, technician: Technician, first_day: int, last_day: int, priority: Priority = Priority.NORMAL
) -> frozenset[int]:
    """Return every UTC minute of work, from the shifts that start on the dates first_day..last_day."""
    if technician.status is TechnicianStatus.OFF:
        return frozenset()
    minutes = shift_minutes(project, technician, first_day, last_day)
    if priority is Priority.EMERGENCY:
        minutes |= on_call_minutes(technician, first_day, last_day)
    minutes -= break_minutes(technician, first_day, last_day)
    for absence in absences(technician, first_day, last_day):
        minutes.difference_update(absence)
    return frozenset(minutes)


def absences(technician: Technician, first_day: int, last_day: int) -> list[range]:
    """Return the minutes of each absence; of the recurring ones, those that start on the dates first_day..last_day."""
    found = [range(absence.start, absence.end) for absence in technician.time_off]
    recurring = [
        wall_minutes(technician, day, off.span)
        for day in range(first_day, last_day + 1)
        for off in technician.recurring_time_off
        if recurs(off.rrule, off.first, calendar_date(day))
    ]
    return found + recurring


def shift_minutes(project: Project, technician: Technician, first_day: int, last_day: int) -> set[int]:
    """Return every minute of the shifts that start on the dates first_day..last_day (rules 1 to 4)."""
    minutes: set[int] = set()
    for day in range(first_day, last_day + 1):
        for span in _shifts_of(project, technician, day):
            minutes.update(wall_minutes(technician, day, span))
    for day in range(first_day, last_day + 1):
        for closure in project.closures:
            if closure.span is not None and closure.first <= calendar_date(day) <= closure.last:
                minutes.difference_update(wall_minutes(technician, day, closure.span))
    for day in range(first_day, last_day + 1):
        for override in technician.overrides:
            if override.date == calendar_date(day):
                for span in override.windows:
                    minutes.update(wall_minutes(technician, day, span))
    return minutes


def on_call_minutes(technician: Technician, first_day: int, last_day: int) -> set[int]:
    """Return every minute of the on-call time that starts on the dates first_day..last_day (rule 32)."""
    minutes: set[int] = set()
    for day in range(first_day, last_day + 1):
        is_off = any(one.date == calendar_date(day) and not one.windows for one in technician.overrides)
        for weekly in technician.on_call:
            if starts_on(weekly, calendar_date(day)) and not is_off:
                minutes.update(wall_minutes(technician, day, weekly.span))
    return minutes


def break_minutes(technician: Technician, first_day: int, last_day: int) -> set[int]:
    """Return every minute of the breaks that start on the dates first_day..last_day (rule 5)."""
    minutes: set[int] = set()
    for day in range(first_day, last_day + 1):
        for pause in technician.breaks:
            if starts_on(pause, calendar_date(day)):
                minutes.update(wall_minutes(technician, day, pause.span))
    return minutes


def _shifts_of(project: Project, technician: Technician, day: int) -> Iterator[WallSpan]:
    """Yield the shifts of a date: none with an override (rule 3), none if it is closed (rule 4), or rule 2."""
    if any(override.date == calendar_date(day) for override in technician.overrides):
        return
    if _is_closed(project, calendar_date(day)):
        return
    for shift in technician.shifts:
        if starts_on(shift, calendar_date(day)):
            yield shift.span


def wall_minutes(technician: Technician, day: int, span: WallSpan) -> range:
    """Return a wall span of a date in UTC; a range that ends before it starts is empty (rule 1)."""
    start = minute_when(technician.timezone, day * DAY + span.start_minute)
    end = minute_when(technician.timezone, day * DAY + span.end_minute)
    return range(start, end)


def _is_closed(project: Project, today: date) -> bool:
    if today in project.closed_dates:
        return True
    if any(closure.span is None and closure.first <= today <= closure.last for closure in project.closures):
        return True
    return any(today in _public_holidays(region, today.year) for region in project.holiday_regions)


@lru_cache
def _public_holidays(region: str, year: int) -> frozenset[date]:
    country, _, subdivision = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
