"""Replay of lost questions: each is asked again at its time, and books the first start that it is offered.

Only questions without a free start are replayed against a change, with all bookings in place, so that none can be won
without a change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.report import GapChange
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question
from slotmcp.engine.areas import is_served_by
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.zones import local_date
from slotmcp.services.reporting.changed_business import changed_business, changed_technician
from slotmcp.services.reporting.demand import is_wanted
from slotmcp.services.reporting.questions import LostQuestion, need_of

if TYPE_CHECKING:
    from datetime import date

    from slotmcp.engine.timeline import Timeline


class Replay:
    """Replay of questions against a business, as it is and with one change."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._timelines: dict[date, Mapping[str, Timeline]] = {}
        """Timelines of the business as it is, by the date of a question. Changes keep most of them."""

    def unmet_questions(self, lost: Iterable[LostQuestion]) -> list[LostQuestion]:
        """Return the questions without a free start, by time."""
        unmet: list[LostQuestion] = []
        availability: Availability | None = None
        for lost_question in sorted(lost, key=lambda lost_question: lost_question.at_ms):
            question = lost_question.question
            availability = Availability.of(self._schedule, lost_question.at_ms, availability)
            self._timelines[availability.frame.first_day] = availability.index.timelines
            if _first_start(availability, need_of(self._schedule, question), question) is None:
                unmet.append(lost_question)
        return unmet

    def count_won(self, change: GapChange, unmet: Sequence[LostQuestion]) -> int:
        """Count the unmet questions that a change would have turned into bookings, made in the questions' order."""
        schedule, technician_id = changed_business(self._schedule, change), changed_technician(change)
        if technician_id is not None and not has_rules_of_team(schedule):
            # The other technicians have no free start for these questions.
            schedule = replace(
                schedule, technician_schedules={technician_id: schedule.technician_schedules[technician_id]}
            )
        availability: Availability | None = None
        won = 0
        for lost_question in unmet:
            question = lost_question.question
            need = need_of(schedule, question)
            if not _is_served(schedule, need):
                continue
            availability = self._availability(schedule, lost_question.at_ms, availability)
            start = _first_start(availability, need, question)
            assignment = None if start is None else assign(availability, need, start)
            if start is not None and assignment is not None:
                won += 1
                claim = _claim(question, need, start, f"won-{won}", assignment.technician_id)
                schedule = _with_claim(schedule, claim)
        return won

    def _availability(self, schedule: Schedule, at_ms: int, previous: Availability | None) -> Availability:
        """Return the availability at an instant, with all timelines of the business that a change did not affect."""
        if previous is not None and previous.is_usable_at(at_ms):
            return Availability.of(schedule, at_ms, previous)
        today = local_date(schedule.project.timezone, at_ms // MS_PER_MINUTE)
        return Availability.of(schedule, at_ms, built=self._timelines[today])


def has_rules_of_team(schedule: Schedule) -> bool:
    """Return whether a booking of one technician can change what the others may sell."""
    return any(service.reserves or service.max_bookings_per_day is not None for service in schedule.services.values())


def _is_served(schedule: Schedule, need: Need) -> bool:
    """Return whether a technician has the skills, serves the area, and is the requested one if there is one."""
    return any(
        need.skills <= technician_schedule.technician.skills
        and is_served_by(need.area, technician_id)
        and need.technician_id in {None, technician_id}
        for technician_id, technician_schedule in schedule.technician_schedules.items()
    )


def _first_start(availability: Availability, need: Need, question: Question) -> Minute | None:
    starts = list_starts(availability, need, question.start_from, question.start_to)
    parts = availability.schedule.project.parts_of_day
    return next((start for start in starts if is_wanted(question, start, parts)), None)


def _claim(question: Question, need: Need, start: Minute, claim_id: str, technician_id: str) -> Claim:
    return Claim(
        id=claim_id,
        technician_id=technician_id,
        service_id=question.service_id,
        start=start,
        end=start + need.duration_minutes,
        buffer_before_minutes=need.buffer_before_minutes,
        buffer_after_minutes=need.buffer_after_minutes,
        location=question.area,
    )


def _with_claim(schedule: Schedule, claim: Claim) -> Schedule:
    before = schedule.technician_schedules[claim.technician_id]
    after = replace(before, claims=(*before.claims, claim))
    return replace(schedule, technician_schedules={**schedule.technician_schedules, claim.technician_id: after})
