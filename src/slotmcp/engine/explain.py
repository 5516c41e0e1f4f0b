"""Reasons why a start is not free, from the predicates that `engine.slots` uses to find free starts."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TypeVar

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.interval import Interval, Minute, is_within, minute_at_or_after, overlaps
from slotmcp.domain.offer import Slot
from slotmcp.domain.reasons import Change, Explanation, Opening, RangeReasons, Reason, TechnicianReason, team_reason
from slotmcp.engine.areas import is_served_by
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import (
    DateRange,
    break_intervals,
    dates_without_closures,
    shift_intervals,
    time_off_between,
    working_days,
)
from slotmcp.engine.reserve import limits_of
from slotmcp.engine.rules import obstacle_of_rules
from slotmcp.engine.slots import check_start, list_starts
from slotmcp.engine.timeline import Obstacle, Timeline
from slotmcp.engine.zones import midnight, next_midnight, utc_to_wall, wall_to_utc

T = TypeVar("T")

_SHORTEN_STEP_MINUTES = 15
_DAYS_AROUND = 7
_MAX_TECHNICIANS = 40
_MAX_STARTS = 4000
"""Maximum number of checks over all technicians. It limits the time of a response without slots."""
_REASON_BY_OBSTACLE = {Obstacle.BREAK: Reason.BREAK, Obstacle.FULL: Reason.DAY_FULL, Obstacle.TRAVEL: Reason.TRAVEL}
"""Obstacles that correspond to a single reason."""


def explain(availability: Availability, need: Need, start: Minute) -> Explanation:
    """Return the slot of a start, or each technician's reason against it and the changes that would open it."""
    slot = check_start(availability, need, start)
    timelines = availability.index.timelines.values()
    openings = () if slot else tuple(filter(None, _openings(availability, need, start)))
    technicians = tuple(_technicians(availability, timelines, need, start, slot))
    return Explanation(slot=slot, technicians=technicians, openings=openings)


def reasons_at(availability: Availability, need: Need, start: Minute) -> Iterator[TechnicianReason]:
    """Yield each technician's reason against a start; it is None for technicians who can take the start."""
    timelines = availability.index.timelines.values()
    return _technicians(availability, timelines, need, start, check_start(availability, need, start))


def reason_against(availability: Availability, need: Need, start: Minute) -> Reason | None:
    """Return the reason against a start, of the requested technician or of the team; None if it is free."""
    technicians = reasons_at(availability, need, start)
    requested = [one for one in technicians if need.technician_id in {None, one.technician_id}]
    return team_reason([one.reason for one in requested if one.reason is not None])


def reasons_between(
    availability: Availability,
    need: Need,
    start_from: Minute,
    start_to: Minute,
    *,
    is_relevant: Callable[[Minute], bool] | None = None,
) -> RangeReasons:
    """Count the grid starts in a range that each reason blocks, by skilled technician and for all of them together.

    `is_relevant` filters the starts. If there are many starts or technicians, only a sample is checked. If no
    technician has the skills, or none with the skills serves the area, each has that reason once.
    """
    frame = availability.frame
    end = min(start_to, availability.horizon_end_of(need))
    positions = frame.positions[frame.number(start_from) : frame.number(end)]
    if is_relevant is not None:
        positions = [start for start in positions if is_relevant(start)]
    timelines = _sample(availability.index.eligible(need), _MAX_TECHNICIANS)
    if not timelines:
        return _reasons_without_technicians(availability, need)
    positions = _sample(positions, _MAX_STARTS // len(timelines))
    offered = set(list_starts(availability, need, start_from, start_to))
    by_technician: dict[str, Counter[Reason]] = {
        timeline.technician_schedule.technician.id: Counter() for timeline in timelines
    }
    by_start = Counter[Reason]()
    for start in positions:
        slot = check_start(availability, need, start) if start in offered else None
        technicians = _technicians(availability, timelines, need, start, slot)
        blocked = [(one.technician_id, one.reason) for one in technicians if one.reason is not None]
        for technician_id, reason in blocked:
            by_technician[technician_id][reason] += 1
        if slot is None and (of_team := team_reason([reason for _, reason in blocked])) is not None:
            by_start[of_team] += 1
    return RangeReasons(by_technician=by_technician, by_start=by_start)


def _reasons_without_technicians(availability: Availability, need: Need) -> RangeReasons:
    """Return the reasons if no technician with the skills serves the area, or none has the skills."""
    skilled = availability.index.eligible(replace(need, area=None))
    reason = Reason.OUTSIDE_AREA if skilled else Reason.SKILL_MISSING
    timelines = skilled or availability.index.timelines.values()
    ids = (timeline.technician_schedule.technician.id for timeline in timelines)
    return RangeReasons(by_technician={technician_id: {reason: 1} for technician_id in ids}, by_start={reason: 1})


def _technicians(
    availability: Availability, timelines: Iterable[Timeline], need: Need, start: Minute, slot: Slot | None
) -> Iterator[TechnicianReason]:
    """Yield each technician's reason; it is None for the candidates of the slot."""
    able = {candidate.technician_id for candidate in slot.candidates} if slot else set()
    rule = None if slot else _outside_frame(availability, need, start) or obstacle_of_rules(availability, need, start)
    for timeline in timelines:
        technician_id = timeline.technician_schedule.technician.id
        if technician_id in able:
            yield TechnicianReason(technician_id=technician_id, reason=None)
        else:
            yield _reason(availability, timeline, need, start, rule)


def _sample(items: Sequence[T], max_items: int) -> Sequence[T]:
    """Return about `max_items` evenly spaced items. The step is odd, so that the sampled hours vary by day."""
    return items if len(items) <= max_items else items[:: len(items) // max_items | 1]


def _reason(
    availability: Availability, timeline: Timeline, need: Need, start: Minute, rule: Reason | None
) -> TechnicianReason:
    """Return the first reason that blocks one technician.

    Notice and grid come last, because they say nothing about the technician. `rule`, the reason against the start
    for every technician, comes early, because the obstacles are known only within the frame.
    """
    technician = timeline.technician_schedule.technician
    if missing := need.skills - technician.skills:
        skills = tuple(sorted(missing))
        return TechnicianReason(technician_id=technician.id, reason=Reason.SKILL_MISSING, missing_skills=skills)
    if (earlier := _never_available(timeline, need) or rule) is not None:
        return TechnicianReason(technician_id=technician.id, reason=earlier)
    obstacle = timeline.obstacle(need, start)
    if obstacle is Obstacle.CLOSED:
        return _closed_reason(availability, timeline, need, start)
    if obstacle is Obstacle.TAKEN:
        return _taken_reason(timeline, need, start)
    reason = _REASON_BY_OBSTACLE[obstacle] if obstacle else _common_reason(availability, timeline, need, start)
    return TechnicianReason(technician_id=technician.id, reason=reason)


def _never_available(timeline: Timeline, need: Need) -> Reason | None:
    """Return the reason that keeps a technician from the job at any time."""
    if not is_served_by(need.area, timeline.technician_schedule.technician.id):
        return Reason.OUTSIDE_AREA
    return None if timeline.is_active else Reason.INACTIVE


def _outside_frame(availability: Availability, need: Need, start: Minute) -> Reason | None:
    """Return the reason against a start in the past or beyond the horizon."""
    if start < minute_at_or_after(availability.now_ms):
        return Reason.PAST
    return Reason.HORIZON if start >= availability.horizon_end_of(need) else None


def _common_reason(availability: Availability, timeline: Timeline, need: Need, start: Minute) -> Reason | None:
    if start < availability.earliest_start_of(need):
        return Reason.NOTICE
    if not availability.frame.contains(start) or not timeline.is_on_grid(need, start):
        return Reason.OFF_GRID
    limits, technician_id = limits_of(availability, need), timeline.technician_schedule.technician.id
    return None if limits is None or limits.permits(need, start, technician_id) else Reason.RESERVED


def _closed_reason(availability: Availability, timeline: Timeline, need: Need, start: Minute) -> TechnicianReason:
    technician, working_time = timeline.technician_schedule.technician, timeline.working_time_for(need)
    job = start, start + need.duration_minutes
    with_on_call = timeline.working_time.for_emergencies
    if with_on_call is not None and working_time is not with_on_call and is_within(job, with_on_call.hours):
        return TechnicianReason(technician_id=technician.id, reason=Reason.ON_CALL_ONLY)
    if 0 < timeline.longest_span_minutes(need) < need.duration_minutes:
        return TechnicianReason(technician_id=technician.id, reason=Reason.TOO_LONG)
    if not is_within(job, working_time.shifts):
        return TechnicianReason(
            technician_id=technician.id, reason=_reason_without_shift(availability, timeline, need, job)
        )
    absences = time_off_between(technician, _dates_around(availability, start))
    ends = [absence.end for absence in absences if overlaps((absence.start, absence.end), job)]
    if ends:
        return TechnicianReason(technician_id=technician.id, reason=Reason.TIME_OFF, until=max(ends))
    breaks = break_intervals(technician, _dates_around(availability, start))
    until = next(pause[1] for pause in breaks if overlaps(pause, job))
    return TechnicianReason(technician_id=technician.id, reason=Reason.BREAK, until=until)


def _reason_without_shift(availability: Availability, timeline: Timeline, need: Need, job: Interval) -> Reason:
    """Return why no shift contains a job: a closure, a holiday, or there is none on any date."""
    dates, technician = _dates_around(availability, job[0]), timeline.technician_schedule.technician
    usual = shift_intervals if need.priority is Priority.NORMAL else working_days
    if not is_within(job, usual(technician, dates)):
        return Reason.OUTSIDE_SHIFT
    holidays = dates_without_closures(availability.schedule.project, dates.first, dates.last)
    is_closure = is_within(job, usual(technician, holidays))
    return Reason.CLOSED if is_closure else Reason.HOLIDAY


def _taken_reason(timeline: Timeline, need: Need, start: Minute) -> TechnicianReason:
    job = start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes
    technician_id = timeline.technician_schedule.technician.id
    blocker = timeline.first_claim_within(job)
    if blocker is not None:
        reason = Reason.HELD if blocker.is_hold else Reason.BOOKED
        return TechnicianReason(technician_id=technician_id, reason=reason, until=blocker.end)
    until = max(busy.end for busy in timeline.technician_schedule.busy if overlaps((busy.start, busy.end), job))
    return TechnicianReason(technician_id=technician_id, reason=Reason.BUSY, until=until)


def _openings(availability: Availability, need: Need, start: Minute) -> Iterator[Opening | None]:
    if need.technician_id is not None:
        yield _opening(availability, Change.ANY_TECHNICIAN, replace(need, technician_id=None), start)
    if need.priority is Priority.NORMAL:
        yield _opening(availability, Change.EMERGENCY, replace(need, priority=Priority.EMERGENCY), start)
    yield _shorter_opening(availability, need, start)
    yield _same_day_opening(availability, need, start)
    yield _other_day_opening(availability, need, start)


def _opening(availability: Availability, change: Change, need: Need, start: Minute) -> Opening | None:
    slot = check_start(availability, need, start)
    return Opening(change=change, slot=slot) if slot else None


def _shorter_opening(availability: Availability, need: Need, start: Minute) -> Opening | None:
    for duration in range(
        need.duration_minutes - _SHORTEN_STEP_MINUTES, need.shortest_minutes - 1, -_SHORTEN_STEP_MINUTES
    ):
        opening = _opening(availability, Change.SHORTER, replace(need, duration_minutes=duration), start)
        if opening:
            return opening
    return None


def _same_day_opening(availability: Availability, need: Need, start: Minute) -> Opening | None:
    zone_key = availability.schedule.project.timezone
    day = utc_to_wall(zone_key, start).date()
    starts = list_starts(availability, need, midnight(zone_key, day), next_midnight(zone_key, day))
    return _opening(availability, Change.OTHER_TIME, need, _nearest(starts, start)) if starts else None


def _other_day_opening(availability: Availability, need: Need, start: Minute) -> Opening | None:
    """Return an opening at the same time on the nearest other day, else at the nearest time on another day."""
    zone_key = availability.schedule.project.timezone
    wall = utc_to_wall(zone_key, start).replace(tzinfo=None)
    for days in range(1, _DAYS_AROUND + 1):
        for other in (wall + timedelta(days=days), wall - timedelta(days=days)):
            opening = _opening(availability, Change.OTHER_DAY, need, wall_to_utc(zone_key, other))
            if opening:
                return opening
    frame = availability.frame
    starts = list_starts(availability, need, frame.midnights[0], frame.midnights[-1])
    others = [other for other in starts if utc_to_wall(zone_key, other).date() != wall.date()]
    return _opening(availability, Change.OTHER_DAY, need, _nearest(others, start)) if others else None


def _nearest(starts: Iterable[Minute], start: Minute) -> Minute:
    return min(starts, key=lambda candidate: (abs(candidate - start), candidate))


def _dates_around(availability: Availability, start: Minute) -> DateRange:
    return _dates_near(availability.schedule.project.timezone, start)


@lru_cache(maxsize=64)
def _dates_near(zone_key: str, start: Minute) -> DateRange:
    """Return the dates from two days before a start to two days after it, ignoring holidays and other closed dates.

    Cached, because all technicians are checked at the same start.
    """
    day = utc_to_wall(zone_key, start).date()
    return DateRange(day - timedelta(days=2), day + timedelta(days=2))
