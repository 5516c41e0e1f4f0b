"""When a business is open, as people say it: by weekday, on its own clock."""

from datetime import date

from slotmcp.domain.catalog import Project, Technician, TechnicianStatus
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, merge
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.zones import utc_to_wall


def weekly_hours(schedule: Schedule, now_ms: int) -> dict[int, tuple[Interval, ...]]:
    """When anybody who works now is on shift, by the project's clocks as they differ today."""
    spans: dict[int, list[Interval]] = {day: [] for day in range(7)}
    for technician_schedule in schedule.technician_schedules.values():
        if technician_schedule.technician.status is TechnicianStatus.ACTIVE:
            for day, span in _shift_spans(technician_schedule.technician, schedule.project, now_ms // MS_PER_MINUTE):
                spans[day].append(span)
    return {day: tuple(merge(found)) for day, found in spans.items()}


def _shift_spans(technician: Technician, project: Project, now: int) -> list[tuple[int, Interval]]:
    today = utc_to_wall(project.timezone, now)
    there = utc_to_wall(technician.timezone, now)
    ahead = int((today.replace(tzinfo=None) - there.replace(tzinfo=None)).total_seconds()) // 60
    return [
        piece
        for weekly in technician.shifts
        if _is_valid(weekly.valid_from, weekly.valid_until, today.date())
        for day in weekly.days
        for piece in _by_day(day, weekly.span.start_minute + ahead, weekly.span.end_minute + ahead)
    ]


def _is_valid(first: date | None, last: date | None, today: date) -> bool:
    return (first is None or first <= today) and (last is None or today <= last)


def _by_day(day: int, start: int, end: int) -> list[tuple[int, Interval]]:
    """A span cut at midnights, each piece with its weekday."""
    return [
        (number % 7, (max(start, midnight) - midnight, min(end, midnight + MINUTES_PER_DAY) - midnight))
        for number in range(day + start // MINUTES_PER_DAY, day + -(-end // MINUTES_PER_DAY))
        for midnight in ((number - day) * MINUTES_PER_DAY,)
    ]
