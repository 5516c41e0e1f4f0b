"""Gaps: one change of the business that would have won lost callers, found by asking the engine again.

Asked again are those lost questions alone to which the engine, with every booking there is, has no start to offer:
so without a change none is won. A change touches one technician, who then takes all that is won, for the others
still can take nothing; so it is enough to play that technician's diary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.domain.report import Gap, GapChange, Gaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.domain.trace import Question
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.travel import site_at
from slotmcp.services.reporting.demand import is_wanted
from slotmcp.services.reporting.gap_changes import changed, changes_worth_trying
from slotmcp.services.reporting.open_time import with_claims

MOST_GAPS: Final = 10


@dataclass(frozen=True, slots=True)
class LostQuestion:
    """What somebody wanted who left without, and when they said so."""

    at_ms: int
    question: Question


def find_gaps(schedule: Schedule, claims: Sequence[Claim], lost: Sequence[LostQuestion]) -> Gaps:
    """The changes that would have won the most.

    Args:
        schedule: the business.
        claims: all bookings; the book's own claims are not looked at.
        lost: questions of conversations that were lost.
    """
    schedule = with_claims(schedule, claims)
    asked = [one for one in lost if one.question.service_id in schedule.services]
    unmet = unmet_questions(schedule, asked)
    tried = changes_worth_trying(schedule, [one.question for one in unmet])
    gaps = [Gap(change=change, won=won) for change in tried if (won := count_won(schedule, change, unmet))]
    gaps.sort(key=lambda gap: (-gap.won, type(gap.change).__name__, repr(gap.change)))
    return Gaps(lost=len(asked), had_alternatives=len(asked) - len(unmet), gaps=tuple(gaps[:MOST_GAPS]))


def unmet_questions(schedule: Schedule, lost: Iterable[LostQuestion]) -> list[LostQuestion]:
    """Those to which there was nothing to offer, in the order in which they were asked."""
    unmet: list[LostQuestion] = []
    availability: Availability | None = None
    for one in sorted(lost, key=lambda one: one.at_ms):
        availability = Availability.of(schedule, one.at_ms, availability)
        if _first_start(availability, _need(schedule, one.question), one.question) is None:
            unmet.append(one)
    return unmet


def count_won(schedule: Schedule, change: GapChange, unmet: Sequence[LostQuestion]) -> int:
    """How many of the unmet questions, asked in their order, would have been booked with a change made."""
    technician_schedule = changed(schedule, change)
    skills, technician_id = technician_schedule.technician.skills, technician_schedule.technician.id
    availability: Availability | None = None
    won = 0
    for one in unmet:
        need = _need(schedule, one.question)
        if need.technician_id not in {None, technician_id} or not need.skills <= skills:
            continue
        alone = replace(schedule, technician_schedules={technician_id: technician_schedule})
        availability = Availability.of(alone, one.at_ms, availability)
        start = _first_start(availability, need, one.question)
        if start is not None and assign(availability, need, start) is not None:
            won += 1
            technician_schedule = _with_booking(technician_schedule, one.question, need, start, f"won-{won}")
    return won


def _first_start(availability: Availability, need: Need, question: Question) -> Minute | None:
    starts = list_starts(availability, need, question.start_from, question.start_to)
    return next((start for start in starts if is_wanted(question, start)), None)


def _need(schedule: Schedule, question: Question) -> Need:
    return Need.of_service(
        schedule.services[question.service_id],
        duration_minutes=question.duration_minutes,
        technician_id=question.technician_id,
        site=site_at(question.area, schedule.project.travel),
    )


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
