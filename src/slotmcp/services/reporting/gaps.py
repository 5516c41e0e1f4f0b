"""Gaps: single changes of the business that would have won lost conversations.

Only questions without a free start are simulated, with all bookings in place, so that none can be won without a change.
A change affects one technician. The others have no free start for these questions, so only that one is simulated.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.catalog import Technician, TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, Gap, GapChange, Gaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.domain.trace import Question
from slotmcp.engine.areas import in_area, is_served_by
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.travel import site_at
from slotmcp.services.reporting.demand import HourOfWeek, is_wanted, wanted_hours
from slotmcp.services.reporting.utilization import with_claims

MAX_GAPS: Final = 10
MAX_HOURS: Final = 24
"""Number of hours of the week to try, the most requested first."""
MAX_TECHNICIANS: Final = 5
"""Number of technicians to try for each hour, and for the skills of each service."""
_EXTRA_TECHNICIAN: Final = "extra-technician"


@dataclass(frozen=True, slots=True)
class LostQuestion:
    """Last question of a lost conversation, with its time."""

    at_ms: int
    question: Question


def find_gaps(schedule: Schedule, claims: Sequence[Claim], lost: Sequence[LostQuestion]) -> Gaps:
    """Return the changes that would have won the most conversations.

    Args:
        schedule: the business; its own claims are ignored.
        claims: all bookings.
        lost: questions of lost conversations.
    """
    schedule = with_claims(schedule, claims)
    known = [lost_question for lost_question in lost if lost_question.question.service_id in schedule.services]
    unmet = unmet_questions(schedule, known)
    changes = _changes(schedule, [lost_question.question for lost_question in unmet])
    gaps = [Gap(change=change, won=won) for change in changes if (won := count_won(schedule, change, unmet))]
    gaps.sort(key=lambda gap: (-gap.won, type(gap.change).__name__, repr(gap.change)))
    return Gaps(lost=len(known), had_alternatives=len(known) - len(unmet), gaps=tuple(gaps[:MAX_GAPS]))


def unmet_questions(schedule: Schedule, lost: Iterable[LostQuestion]) -> list[LostQuestion]:
    """Return the questions without a free start, by time."""
    unmet: list[LostQuestion] = []
    availability: Availability | None = None
    for lost_question in sorted(lost, key=lambda lost_question: lost_question.at_ms):
        question = lost_question.question
        availability = Availability.of(schedule, lost_question.at_ms, availability)
        if _first_start(availability, _need(schedule, question), question) is None:
            unmet.append(lost_question)
    return unmet


def count_won(schedule: Schedule, change: GapChange, unmet: Sequence[LostQuestion]) -> int:
    """Count the unmet questions that a change would have turned into bookings, made in the questions' order."""
    technician_schedule = _changed_schedule(schedule, change)
    skills, technician_id = technician_schedule.technician.skills, technician_schedule.technician.id
    availability: Availability | None = None
    won = 0
    for lost_question in unmet:
        question = lost_question.question
        need = _need(schedule, question)
        is_able = need.skills <= skills and is_served_by(need.area, technician_id)
        if need.technician_id not in {None, technician_id} or not is_able:
            continue
        alone = replace(schedule, technician_schedules={technician_id: technician_schedule})
        availability = Availability.of(alone, lost_question.at_ms, availability)
        start = _first_start(availability, need, question)
        if start is not None and assign(availability, need, start) is not None:
            won += 1
            technician_schedule = _with_booking(technician_schedule, question, need, start, f"won-{won}")
    return won


def _first_start(availability: Availability, need: Need, question: Question) -> Minute | None:
    starts = list_starts(availability, need, question.start_from, question.start_to)
    parts = availability.schedule.project.parts_of_day
    return next((start for start in starts if is_wanted(question, start, parts)), None)


def _need(schedule: Schedule, question: Question) -> Need:
    need = Need.of_service(
        schedule.services[question.service_id],
        duration_minutes=question.duration_minutes,
        technician_id=question.technician_id,
        site=site_at(question.area, schedule.project.travel),
        priority=question.priority,
    )
    area = next((area for area in schedule.project.areas if area.id == question.area_id), None)
    return in_area(need, area)


def _with_booking(
    technician_schedule: TechnicianSchedule, question: Question, need: Need, start: Minute, claim_id: str
) -> TechnicianSchedule:
    claim = Claim(
        id=claim_id,
        technician_id=technician_schedule.technician.id,
        service_id=question.service_id,
        start=start,
        end=start + need.duration_minutes,
        buffer_before_minutes=need.buffer_before_minutes,
        buffer_after_minutes=need.buffer_after_minutes,
        location=question.area,
    )
    return replace(technician_schedule, claims=(*technician_schedule.claims, claim))


def _changes(schedule: Schedule, unmet: Sequence[Question]) -> Iterator[GapChange]:
    """Yield the changes to simulate for unmet questions: somewhat more than a hundred, in a stable order."""
    services = Counter(question.service_id for question in unmet)
    technicians = [technician_schedule.technician for technician_schedule in schedule.technician_schedules.values()]
    active = [technician for technician in technicians if technician.status is TechnicianStatus.ACTIVE]
    yield from _extra_hours(schedule, active, unmet)
    yield from _extra_skills(schedule, active, services)
    yield from _extra_technicians(active, services)


def _extra_hours(schedule: Schedule, active: Sequence[Technician], unmet: Sequence[Question]) -> Iterator[ExtraHour]:
    for zone_key in sorted({technician.timezone for technician in active}):
        in_zone = [technician for technician in active if technician.timezone == zone_key]
        wanted = [(question, wanted_hours(question, zone_key, schedule.project.parts_of_day)) for question in unmet]
        counts = Counter(hour for _, hours in wanted for hour in hours)
        for hour in sorted(counts, key=lambda hour: (-counts[hour], hour))[:MAX_HOURS]:
            questions = [question for question, hours in wanted if hour in hours]
            for technician_id in _idle_technicians(schedule, in_zone, questions, hour)[:MAX_TECHNICIANS]:
                yield ExtraHour(technician_id=technician_id, weekday=hour[0], hour=hour[1])


def _idle_technicians(
    schedule: Schedule, technicians: Sequence[Technician], questions: Sequence[Question], hour: HourOfWeek
) -> list[str]:
    """Return the technicians without a shift in an hour, by number of suitable questions, then by adjacent shifts."""
    suitable = {
        technician.id: sum(_is_suited(schedule, technician, question) for question in questions)
        for technician in technicians
    }
    idle = [technician for technician in technicians if suitable[technician.id] and not _has_shift(technician, *hour)]
    idle.sort(key=lambda technician: (-suitable[technician.id], not _has_shift_beside(technician, *hour)))
    return [technician.id for technician in idle]


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
    return technician.timezone, technician.shifts, technician.breaks


def _changed_schedule(schedule: Schedule, change: GapChange) -> TechnicianSchedule:
    """Return the schedule of the technician whom a change affects, with the change."""
    if isinstance(change, ExtraTechnician):
        colleague = schedule.technician_schedules[change.like_technician_id].technician
        skills = schedule.services[change.service_id].skills
        extra = replace(colleague, id=_EXTRA_TECHNICIAN, name=_EXTRA_TECHNICIAN, skills=skills, calcom=None)
        return TechnicianSchedule(technician=replace(extra, overrides=(), time_off=()))
    technician_schedule = schedule.technician_schedules[change.technician_id]
    technician = technician_schedule.technician
    if isinstance(change, ExtraSkills):
        technician = replace(technician, skills=technician.skills | set(change.skills))
    else:
        span = WallSpan(start_minute=change.hour * 60, end_minute=change.hour * 60 + 60)
        shift = WeeklySpan(days=frozenset({change.weekday}), span=span)
        technician = replace(technician, shifts=(*technician.shifts, shift))
    return replace(technician_schedule, technician=technician)


def _is_suited(schedule: Schedule, technician: Technician, question: Question) -> bool:
    is_requested = question.technician_id in {None, technician.id}
    return is_requested and schedule.services[question.service_id].skills <= technician.skills


def _has_shift(technician: Technician, weekday: int, hour: int) -> bool:
    return any(
        weekday in shift.days and shift.span.start_minute <= hour * 60 and hour * 60 + 60 <= shift.span.end_minute
        for shift in technician.shifts
    )


def _has_shift_beside(technician: Technician, weekday: int, hour: int) -> bool:
    """Return whether a shift ends at the start of an hour, or starts at its end."""
    return any(
        weekday in shift.days and (shift.span.end_minute == hour * 60 or shift.span.start_minute == hour * 60 + 60)
        for shift in technician.shifts
    )
