"""Reasons: what is in the way of a start, told from the same predicates that decide it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.interval import Interval, Minute, minute_at_or_after, overlaps
from slotmcp.domain.offer import Slot
from slotmcp.domain.reasons import Change, Explanation, Opening, Reason, TechnicianReason
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.openings import Dates, breaks, working_days
from slotmcp.engine.slots import check_start, list_starts
from slotmcp.engine.timeline import Obstacle, Timeline
from slotmcp.engine.zones import midnight, next_midnight, utc_to_wall, wall_to_utc

T = TypeVar("T")

_SHORTER_BY = 15
_DAYS_AROUND = 7
_TECHNICIANS_LOOKED_AT = 40
_STARTS_LOOKED_AT = 4000
"""Of all of them together: so an answer that has nothing to offer takes hardly longer than another."""
_REASONS = {Obstacle.FULL: Reason.DAY_FULL, Obstacle.TRAVEL: Reason.TRAVEL}
"""Obstacles of which there is no more to tell."""


def explain(availability: Availability, need: Need, start: Minute) -> Explanation:
    """Why a start can be had, or what is in the way of each technician and what would open it."""
    slot = check_start(availability, need, start)
    lines = availability.index.timelines.values()
    openings = () if slot else tuple(_openings(availability, need, start))
    technicians = tuple(_technicians(availability, lines, need, start, slot))
    return Explanation(slot=slot, technicians=technicians, openings=openings)


def reasons_at(availability: Availability, need: Need, start: Minute) -> tuple[TechnicianReason, ...]:
    """Of each technician whether they can take a start, or what is in the way."""
    lines = availability.index.timelines.values()
    return tuple(_technicians(availability, lines, need, start, check_start(availability, need, start)))


def reasons_between(
    availability: Availability,
    need: Need,
    start_from: Minute,
    start_to: Minute,
    *,
    wanted: Callable[[Minute], bool] | None = None,
) -> dict[str, Counter[Reason]]:
    """What is in the way of each technician with the skills in a range: at how many starts of the grid.

    `wanted` tells which starts count. Of many starts or technicians some are looked at, spread evenly. Where nobody has
    the skills that is said of everybody, once.
    """
    frame = availability.frame
    positions = frame.positions[frame.number(start_from) : frame.number(start_to)]
    if wanted is not None:
        positions = [start for start in positions if wanted(start)]
    lines = _sample(availability.index.eligible(need), _TECHNICIANS_LOOKED_AT)
    if not lines:
        return {technician_id: Counter({Reason.SKILL_MISSING: 1}) for technician_id in availability.index.timelines}
    positions = _sample(positions, _STARTS_LOOKED_AT // len(lines))
    offered = set(list_starts(availability, need, start_from, start_to))
    counts: dict[str, Counter[Reason]] = {line.technician_schedule.technician.id: Counter() for line in lines}
    for start in positions:
        slot = check_start(availability, need, start) if start in offered else None
        for blocked in _technicians(availability, lines, need, start, slot):
            if blocked.reason is not None:
                counts[blocked.technician_id][blocked.reason] += 1
    return counts


def _technicians(
    availability: Availability, lines: Iterable[Timeline], need: Need, start: Minute, slot: Slot | None
) -> Iterator[TechnicianReason]:
    """Those who make the slot what it is, and what is in the way of the others."""
    able = {candidate.technician_id for candidate in slot.candidates} if slot else set()
    for line in lines:
        technician_id = line.technician_schedule.technician.id
        if technician_id in able:
            yield TechnicianReason(technician_id=technician_id, reason=None)
        else:
            yield _reason(availability, line, need, start)


def _sample(items: Sequence[T], most: int) -> Sequence[T]:
    """About so many of them at most, an odd number apart, so that it is not the same hours of every day."""
    return items if len(items) <= most else items[:: len(items) // most | 1]


def _reason(availability: Availability, line: Timeline, need: Need, start: Minute) -> TechnicianReason:
    """The first that is in the way of one technician, or of everybody where nothing else is.

    On dates that nobody can book, that is all there is to say.
    """
    technician = line.technician_schedule.technician
    if technician.status is TechnicianStatus.OFF:
        return TechnicianReason(technician_id=technician.id, reason=Reason.INACTIVE)
    if missing := need.skills - technician.skills:
        skills = tuple(sorted(missing))
        return TechnicianReason(technician_id=technician.id, reason=Reason.SKILL_MISSING, missing_skills=skills)
    if out_of_reach := _out_of_reach(availability, start):
        return TechnicianReason(technician_id=technician.id, reason=out_of_reach)
    obstacle = line.obstacle(need, start)
    if obstacle is Obstacle.CLOSED:
        return _closed(availability, line, need, start)
    if obstacle is Obstacle.TAKEN:
        return _taken(line, need, start)
    reason = _REASONS[obstacle] if obstacle else _in_everybodys_way(availability, line, need, start)
    return TechnicianReason(technician_id=technician.id, reason=reason)


def _out_of_reach(availability: Availability, start: Minute) -> Reason | None:
    """Where nobody's diary needs to be looked at, or tells anything."""
    if start < minute_at_or_after(availability.now_ms):
        return Reason.NOTICE
    return Reason.HORIZON if start >= availability.frame.midnights[-1] else None


def _in_everybodys_way(availability: Availability, line: Timeline, need: Need, start: Minute) -> Reason | None:
    if start < availability.earliest_start:
        return Reason.NOTICE
    return None if availability.frame.has(start) and line.is_on_grid(need, start) else Reason.OFF_GRID


def _closed(availability: Availability, line: Timeline, need: Need, start: Minute) -> TechnicianReason:
    technician = line.technician_schedule.technician
    job = start, start + need.duration_minutes
    if not _lies_in(job, line.days):
        dates = _dates_around(availability, start)
        is_holiday = _lies_in(job, working_days(technician, dates))
        reason = Reason.HOLIDAY if is_holiday else Reason.OUTSIDE_SHIFT
        return TechnicianReason(technician_id=technician.id, reason=reason)
    absences = [off.end for off in technician.time_off if overlaps((off.start, off.end), job)]
    if absences:
        return TechnicianReason(technician_id=technician.id, reason=Reason.TIME_OFF, until=max(absences))
    pauses = breaks(technician, _dates_around(availability, start))
    until = next(end for begin, end in pauses if overlaps((begin, end), job))
    return TechnicianReason(technician_id=technician.id, reason=Reason.BREAK, until=until)


def _taken(line: Timeline, need: Need, start: Minute) -> TechnicianReason:
    job = start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes
    technician_id = line.technician_schedule.technician.id
    for claim in line.claims:
        if overlaps((claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes), job):
            reason = Reason.HELD if claim.is_hold else Reason.BOOKED
            return TechnicianReason(technician_id=technician_id, reason=reason, until=claim.end)
    until = max(busy.end for busy in line.technician_schedule.busy if overlaps((busy.start, busy.end), job))
    return TechnicianReason(technician_id=technician_id, reason=Reason.BUSY, until=until)


def _openings(availability: Availability, need: Need, start: Minute) -> Iterator[Opening]:
    if need.technician_id is not None:
        yield from _checked(availability, Change.ANY_TECHNICIAN, replace(need, technician_id=None), start)
    yield from _shorter(availability, need, start)
    yield from _same_day(availability, need, start)
    yield from _other_day(availability, need, start)


def _checked(availability: Availability, change: Change, need: Need, start: Minute) -> Iterator[Opening]:
    slot = check_start(availability, need, start)
    if slot:
        yield Opening(change=change, slot=slot)


def _shorter(availability: Availability, need: Need, start: Minute) -> Iterator[Opening]:
    for duration in range(need.duration_minutes - _SHORTER_BY, 0, -_SHORTER_BY):
        found = list(_checked(availability, Change.SHORTER, replace(need, duration_minutes=duration), start))
        if found:
            yield found[0]
            return


def _same_day(availability: Availability, need: Need, start: Minute) -> Iterator[Opening]:
    zone_key = availability.schedule.project.timezone
    day = utc_to_wall(zone_key, start).date()
    starts = list_starts(availability, need, midnight(zone_key, day), next_midnight(zone_key, day))
    if starts:
        yield from _checked(availability, Change.OTHER_TIME, need, _nearest(starts, start))


def _other_day(availability: Availability, need: Need, start: Minute) -> Iterator[Opening]:
    """The same time on the nearest other day, or without one the nearest time on any other."""
    zone_key = availability.schedule.project.timezone
    wall = utc_to_wall(zone_key, start).replace(tzinfo=None)
    for days in range(1, _DAYS_AROUND + 1):
        for other in (wall + timedelta(days=days), wall - timedelta(days=days)):
            found = list(_checked(availability, Change.OTHER_DAY, need, wall_to_utc(zone_key, other)))
            if found:
                yield found[0]
                return
    frame = availability.frame
    starts = list_starts(availability, need, frame.midnights[0], frame.midnights[-1])
    others = [one for one in starts if utc_to_wall(zone_key, one).date() != wall.date()]
    if others:
        yield from _checked(availability, Change.OTHER_DAY, need, _nearest(others, start))


def _nearest(starts: Iterable[Minute], start: Minute) -> Minute:
    return min(starts, key=lambda one: (abs(one - start), one))


def _lies_in(job: Interval, spans: tuple[Interval, ...]) -> bool:
    return any(start <= job[0] and job[1] <= end for start, end in spans)


def _dates_around(availability: Availability, start: Minute) -> Dates:
    """The dates around a start, as if the business were open on all of them."""
    day = utc_to_wall(availability.schedule.project.timezone, start).date()
    return Dates(day - timedelta(days=2), day + timedelta(days=2))
