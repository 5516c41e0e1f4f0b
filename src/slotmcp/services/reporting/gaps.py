"""Gaps: single changes of the business that would have won lost conversations."""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.claim import Claim
from slotmcp.domain.report import Gap, Gaps
from slotmcp.domain.schedule import Schedule
from slotmcp.services.reporting.candidate_changes import candidate_changes
from slotmcp.services.reporting.questions import LostQuestion
from slotmcp.services.reporting.replay import Replay, has_rules_of_team
from slotmcp.services.reporting.utilization import with_claims

MAX_GAPS: Final = 10
MAX_QUESTIONS: Final = 1000
"""Number of questions to simulate, the latest first."""
MAX_SCHEDULES_SEARCHED: Final = 5_000
"""Number of questions times technicians for each change, if a change of one technician can affect all others."""


def find_gaps(schedule: Schedule, claims: Sequence[Claim], lost: Sequence[LostQuestion]) -> Gaps:
    """Return the changes that would have won the most conversations.

    Args:
        schedule: the business; its own claims are ignored.
        claims: all bookings.
        lost: questions of lost conversations.
    """
    replay = Replay(with_claims(schedule, claims))
    known = [lost_question for lost_question in lost if lost_question.question.service_id in schedule.services]
    unmet = replay.unmet_questions(known)
    simulated = unmet[-_max_questions(schedule) :]
    changes = candidate_changes(schedule, [lost_question.question for lost_question in simulated])
    gaps = [Gap(change=change, won=won) for change in changes if (won := replay.count_won(change, simulated))]
    gaps.sort(key=lambda gap: (-gap.won, type(gap.change).__name__, repr(gap.change)))
    return Gaps(
        lost=len(known),
        had_alternatives=len(known) - len(unmet),
        not_simulated=len(unmet) - len(simulated),
        gaps=tuple(gaps[:MAX_GAPS]),
    )


def _max_questions(schedule: Schedule) -> int:
    """Return the number of questions to simulate, so that the work is bounded."""
    if not has_rules_of_team(schedule):
        return MAX_QUESTIONS
    return min(MAX_QUESTIONS, max(1, MAX_SCHEDULES_SEARCHED // max(1, len(schedule.technician_schedules))))
