"""Changes of the business that are worth trying: made from what lost callers wanted, not from all there could be."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from slotmcp.domain.catalog import Technician, TechnicianStatus, WallSpan, WeeklySpan
from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, GapChange
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.domain.trace import Question
from slotmcp.services.reporting.demand import wanted_cells

MOST_HOURS: Final = 24
"""So many hours of the week are tried, those that were wanted most."""
MOST_TECHNICIANS: Final = 5
"""So many technicians are tried for each hour, and for each service to be learned."""
_NEW: Final = "extra-technician"


def changes_worth_trying(schedule: Schedule, unmet: Sequence[Question]) -> list[GapChange]:
    """At most a hundred and some, the same for the same questions."""
    services = Counter(question.service_id for question in unmet)
    active = [
        one.technician
        for one in schedule.technician_schedules.values()
        if one.technician.status is TechnicianStatus.ACTIVE
    ]
    found: Iterator[GapChange] = chain(
        _hours(schedule, active, unmet), _skills(schedule, active, services), _technicians(active, services)
    )
    return list(found)


def changed(schedule: Schedule, change: GapChange) -> TechnicianSchedule:
    """The diary that a change touches, as it is then."""
    if isinstance(change, ExtraTechnician):
        return TechnicianSchedule(technician=_hired(schedule, change))
    technician_schedule = schedule.technician_schedules[change.technician_id]
    technician = technician_schedule.technician
    if isinstance(change, ExtraSkills):
        return replace(
            technician_schedule, technician=replace(technician, skills=technician.skills | set(change.skills))
        )
    span = WallSpan(start_minute=change.hour * 60, end_minute=change.hour * 60 + 60)
    shift = WeeklySpan(days=frozenset({change.weekday}), span=span)
    return replace(technician_schedule, technician=replace(technician, shifts=(*technician.shifts, shift)))


def _hours(schedule: Schedule, active: Sequence[Technician], unmet: Sequence[Question]) -> Iterator[ExtraHour]:
    for zone_key in sorted({one.timezone for one in active}):
        theirs = [one for one in active if one.timezone == zone_key]
        wanted = [(question, wanted_cells(question, zone_key)) for question in unmet]
        counts = Counter(cell for _, cells in wanted for cell in cells)
        for cell in sorted(counts, key=lambda cell: (-counts[cell], cell))[:MOST_HOURS]:
            who = Counter(
                technician.id
                for question, cells in wanted
                if cell in cells
                for technician in theirs
                if _could(schedule, technician, question)
            )
            idle = [one for one in theirs if who[one.id] and not _works(one, *cell)]
            idle.sort(key=lambda one: (-who[one.id], not _is_beside(one, *cell)))
            for technician in idle[:MOST_TECHNICIANS]:
                yield ExtraHour(technician_id=technician.id, weekday=cell[0], hour=cell[1])


def _skills(schedule: Schedule, active: Sequence[Technician], services: Counter[str]) -> Iterator[ExtraSkills]:
    for service_id in sorted(services):
        needed = schedule.services[service_id].skills
        lacking = sorted((len(needed - one.skills), place) for place, one in enumerate(active) if needed - one.skills)
        for _, place in lacking[:MOST_TECHNICIANS]:
            missing = tuple(sorted(needed - active[place].skills))
            yield ExtraSkills(technician_id=active[place].id, skills=missing)


def _technicians(active: Sequence[Technician], services: Counter[str]) -> Iterator[ExtraTechnician]:
    patterns = Counter((one.timezone, one.shifts, one.breaks) for one in active if one.shifts)
    if not patterns:
        return
    ((usual, _),) = patterns.most_common(1)
    like = next(one for one in active if (one.timezone, one.shifts, one.breaks) == usual)
    for service_id in sorted(services):
        yield ExtraTechnician(like_technician_id=like.id, service_id=service_id)


def _hired(schedule: Schedule, change: ExtraTechnician) -> Technician:
    like = schedule.technician_schedules[change.like_technician_id].technician
    skills = schedule.services[change.service_id].skills
    return replace(like, id=_NEW, name=_NEW, skills=skills, overrides=(), time_off=(), calcom=None)


def _could(schedule: Schedule, technician: Technician, question: Question) -> bool:
    is_wished = question.technician_id in {None, technician.id}
    return is_wished and schedule.services[question.service_id].skills <= technician.skills


def _works(technician: Technician, weekday: int, hour: int) -> bool:
    return any(
        weekday in shift.days and shift.span.start_minute <= hour * 60 and hour * 60 + 60 <= shift.span.end_minute
        for shift in technician.shifts
    )


def _is_beside(technician: Technician, weekday: int, hour: int) -> bool:
    """Whether a shift of that day ends where the hour begins, or begins where it ends."""
    return any(
        weekday in shift.days and (shift.span.end_minute == hour * 60 or shift.span.start_minute == hour * 60 + 60)
        for shift in technician.shifts
    )
