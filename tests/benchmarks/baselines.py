"""Two baseline algorithms that find every free start, with the same result as the engine.

They support the features of the measured businesses: shifts, breaks, bookings with buffers, the clock grid, and the
default ranking. Both expand hours once for each pattern, rank technicians once a day, and consider only starts within
opening hours. They differ in the check of whether a technician can take a start.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.domain.recurrence import WeeklySpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule

Span = tuple[int, int]
Candidate = tuple[str, int, int, None, int]
Slot = tuple[int, int, int, tuple[Candidate, ...]]
"""Start, end, capacity, and best candidates: equal to the engine's named tuples."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """Opening hours and taken spans, with buffers, of one technician."""

    hours: Sequence[Span]
    hours_from: Sequence[int]
    hours_to: Sequence[int]
    taken: Sequence[Span]
    """Spans of the claims, in the schedule's order."""
    busy_from: Sequence[int]
    """Starts of the merged spans."""
    busy_to: Sequence[int]


@dataclass(frozen=True, slots=True)
class Day:
    """Starts on the grid within opening hours, and the technicians in rank order, of one date."""

    starts: Sequence[int]
    ranked: Sequence[tuple[Candidate, Line]]


def build(schedule: Schedule, now: int) -> list[Day]:
    """Build the data that both algorithms search. All technicians must be in the project's time zone."""
    zone = ZoneInfo(schedule.project.timezone)
    today = (_EPOCH + timedelta(minutes=now)).astimezone(zone).replace(hour=0, minute=0, tzinfo=None)
    dates = [today + timedelta(days=n) for n in range(schedule.project.horizon_days + 1)]
    midnights = [_minute(date, zone) for date in dates]
    patterns: dict[object, list[Span]] = {}
    ranked: list[list[tuple[Candidate, Line]]] = [[] for _ in dates]
    for technician_schedule in schedule.technician_schedules.values():
        technician = technician_schedule.technician
        pattern = technician.shifts, technician.breaks
        if pattern not in patterns:
            patterns[pattern] = [span for date in dates for span in _hours(technician, date, zone)]
        line = _line(technician_schedule, patterns[pattern])
        loads = Counter(bisect_right(midnights, claim.start) - 1 for claim in technician_schedule.claims)
        for number, ranked_on_day in enumerate(ranked):
            ranked_on_day.append(((technician.id, technician.priority, loads[number], None, 0), line))
    opened = _merge([span for hours in patterns.values() for span in hours])
    starts = [
        _grid(opened, midnight, midnight + 24 * 60, schedule.project.slot_interval_minutes) for midnight in midnights
    ]
    return [Day(starts_of_day, _in_order(on_day)) for starts_of_day, on_day in zip(starts, ranked, strict=True)]


def rebuild(days: Sequence[Day], schedule: Schedule, technician_schedule: TechnicianSchedule, now: int) -> list[Day]:
    """Rebuild the data of one changed technician schedule."""
    technician = technician_schedule.technician
    rebuilt = build(replace(schedule, technician_schedules={technician.id: technician_schedule}), now)
    return [
        replace(
            day,
            ranked=_in_order([*(each for each in day.ranked if each[0][0] != technician.id), *rebuilt_day.ranked]),
        )
        for day, rebuilt_day in zip(days, rebuilt, strict=True)
    ]


def scan(days: Sequence[Day], service: ServiceType, best: int) -> list[Slot]:
    """Search by checking each start, technician, opening span and booking."""
    length = service.duration_minutes
    before, after = service.buffer_before_minutes, length + service.buffer_after_minutes
    slots: list[Slot] = []
    for day in days:
        for start in day.starts:
            candidates: list[Candidate] = []
            for candidate, line in day.ranked:
                for opens, closes in line.hours:
                    if opens <= start and start + length <= closes:
                        break
                else:
                    continue
                for taken_from, taken_to in line.taken:
                    if taken_from < start + after and start - before < taken_to:
                        break
                else:
                    candidates.append(candidate)
            if candidates:
                slots.append((start, start + length, len(candidates), tuple(candidates[:best])))
    return slots


def bisect(days: Sequence[Day], service: ServiceType, best: int) -> list[Slot]:
    """Search by bisecting the opening hours and the merged busy times, for each start and technician."""
    length = service.duration_minutes
    before, after = service.buffer_before_minutes, length + service.buffer_after_minutes
    slots: list[Slot] = []
    for day in days:
        for start in day.starts:
            candidates: list[Candidate] = []
            for candidate, line in day.ranked:
                opening = bisect_right(line.hours_from, start) - 1
                if opening < 0 or line.hours_to[opening] < start + length:
                    continue
                following = bisect_right(line.busy_to, start - before)
                if following == len(line.busy_to) or start + after <= line.busy_from[following]:
                    candidates.append(candidate)
            if candidates:
                slots.append((start, start + length, len(candidates), tuple(candidates[:best])))
    return slots


def _in_order(ranked: Sequence[tuple[Candidate, Line]]) -> list[tuple[Candidate, Line]]:
    return sorted(ranked, key=lambda each: (each[0][1], each[0][2], each[0][0]))


def _line(technician_schedule: TechnicianSchedule, hours: Sequence[Span]) -> Line:
    taken = [(c.start - c.buffer_before_minutes, c.end + c.buffer_after_minutes) for c in technician_schedule.claims]
    merged = _merge(taken)
    return Line(
        hours,
        [opens for opens, _ in hours],
        [closes for _, closes in hours],
        taken,
        [start for start, _ in merged],
        [end for _, end in merged],
    )


def _merge(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _grid(opened: Sequence[Span], day_from: int, day_to: int, step: int) -> list[int]:
    """Return the starts of one day within spans."""
    return [
        start
        for opens, closes in opened
        for start in range(max(-(-opens // step) * step, day_from), min(closes, day_to), step)
    ]


def _hours(technician: Technician, date: datetime, zone: ZoneInfo) -> list[Span]:
    """Return the shifts of a date without its breaks, in UTC."""
    hours = [_span(each, date, zone) for each in technician.shifts if date.weekday() in each.days]
    for pause_from, pause_to in [_span(each, date, zone) for each in technician.breaks if date.weekday() in each.days]:
        pieces = [((opens, min(closes, pause_from)), (max(opens, pause_to), closes)) for opens, closes in hours]
        hours = [piece for pair in pieces for piece in pair if piece[0] < piece[1]]
    return hours


def _span(weekly: WeeklySpan, date: datetime, zone: ZoneInfo) -> Span:
    start, end = (timedelta(minutes=minute) for minute in (weekly.span.start_minute, weekly.span.end_minute))
    return _minute(date + start, zone), _minute(date + end, zone)


def _minute(wall: datetime, zone: ZoneInfo) -> int:
    return int(wall.replace(tzinfo=zone).timestamp()) // 60
