"""Changes of the business that may win lost questions: hours, skills, technicians, and rules to relax."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from slotmcp.domain.catalog import Technician, TechnicianStatus
from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, GapChange
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question
from slotmcp.engine.areas import is_served_by
from slotmcp.services.reporting.demand import HourOfWeek, wanted_hours
from slotmcp.services.reporting.questions import area_of
from slotmcp.services.reporting.relaxed_rules import MAX_TECHNICIANS, rules_to_relax
from slotmcp.services.reporting.shift_pattern import ShiftPattern, dates_of_questions

MAX_HOURS: Final = 24
"""Number of hours of the week to try, the most requested first."""


def candidate_changes(schedule: Schedule, unmet: Sequence[Question]) -> Iterator[GapChange]:
    """Yield the changes to simulate for unmet questions: at most about two hundred, in a stable order."""
    if not unmet:
        return
    services = Counter(question.service_id for question in unmet)
    technicians = [technician_schedule.technician for technician_schedule in schedule.technician_schedules.values()]
    active = [technician for technician in technicians if technician.status is TechnicianStatus.ACTIVE]
    yield from _extra_hours(schedule, active, unmet)
    yield from _extra_skills(schedule, active, services)
    yield from _extra_technicians(active, services)
    yield from rules_to_relax(schedule, _most_suitable(schedule, active, unmet), unmet)


def _extra_hours(schedule: Schedule, active: Sequence[Technician], unmet: Sequence[Question]) -> Iterator[ExtraHour]:
    for zone_key in sorted({technician.timezone for technician in active}):
        dates = dates_of_questions(unmet, zone_key)
        patterns = [ShiftPattern(technician, dates) for technician in active if technician.timezone == zone_key]
        wanted = [(question, wanted_hours(question, zone_key, schedule.project.parts_of_day)) for question in unmet]
        counts = Counter(hour for _, hours in wanted for hour in hours)
        for hour in sorted(counts, key=lambda hour: (-counts[hour], hour))[:MAX_HOURS]:
            questions = [question for question, hours in wanted if hour in hours]
            for technician_id in _idle_technicians(schedule, patterns, questions, hour)[:MAX_TECHNICIANS]:
                yield ExtraHour(technician_id=technician_id, weekday=hour[0], hour=hour[1])


def _idle_technicians(
    schedule: Schedule, patterns: Sequence[ShiftPattern], questions: Sequence[Question], hour: HourOfWeek
) -> list[str]:
    """Return the technicians who do not always work in an hour.

    They are ordered by number of suitable questions, then by adjacent shifts.
    """
    suitable = {
        pattern.technician.id: sum(_is_suited(schedule, pattern.technician, question) for question in questions)
        for pattern in patterns
    }
    idle = [pattern for pattern in patterns if suitable[pattern.technician.id] and not pattern.always_contains(hour)]
    idle.sort(key=lambda pattern: (-suitable[pattern.technician.id], not pattern.adjoins(hour)))
    return [pattern.technician.id for pattern in idle]


def _extra_skills(schedule: Schedule, active: Sequence[Technician], services: Counter[str]) -> Iterator[ExtraSkills]:
    for service_id in sorted(services):
        needed = schedule.services[service_id].skills
        lacking = [technician for technician in active if needed - technician.skills]
        lacking.sort(key=lambda technician: len(needed - technician.skills))
        for technician in lacking[:MAX_TECHNICIANS]:
            yield ExtraSkills(technician_id=technician.id, skills=tuple(sorted(needed - technician.skills)))


def _extra_technicians(active: Sequence[Technician], services: Counter[str]) -> Iterator[ExtraTechnician]:
    """Yield an extra technician with the most common shifts and breaks for each service."""
    with_shifts = [technician for technician in active if technician.shifts]
    if not with_shifts:
        return
    patterns = Counter(map(_working_time, with_shifts))
    typical = max(with_shifts, key=lambda technician: patterns[_working_time(technician)])
    for service_id in sorted(services):
        yield ExtraTechnician(like_technician_id=typical.id, service_id=service_id)


def _working_time(technician: Technician) -> Hashable:
    return technician.timezone, technician.shifts, technician.breaks, technician.floating_breaks


def _most_suitable(schedule: Schedule, active: Sequence[Technician], unmet: Sequence[Question]) -> list[Technician]:
    """Return the technicians who could take an unmet question, those who could take the most first."""
    suitable = {
        technician.id: sum(_is_suited(schedule, technician, question) for question in unmet) for technician in active
    }
    able = [technician for technician in active if suitable[technician.id]]
    return sorted(able, key=lambda technician: -suitable[technician.id])


def _is_suited(schedule: Schedule, technician: Technician, question: Question) -> bool:
    is_requested = question.technician_id in {None, technician.id}
    has_skills = schedule.services[question.service_id].skills <= technician.skills
    return is_requested and has_skills and is_served_by(area_of(schedule.project, question), technician.id)
