"""Gaps: single changes of the business that would have won lost conversations."""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.claim import Claim
from slotmcp.domain.report import Gap, Gaps
from slotmcp.domain.schedule import Schedule
from slotmcp.services.reporting.candidate_changes import candidate_changes
from slotmcp.services.reporting.questions import LostQuestion
from slotmcp.services.reporting.replay import Replay
from slotmcp.services.reporting.utilization import with_claims

MAX_GAPS: Final = 10


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
    changes = candidate_changes(schedule, [lost_question.question for lost_question in unmet])
    gaps = [Gap(change=change, won=won) for change in changes if (won := replay.count_won(change, unmet))]
    gaps.sort(key=lambda gap: (-gap.won, type(gap.change).__name__, repr(gap.change)))
    return Gaps(lost=len(known), had_alternatives=len(known) - len(unmet), gaps=tuple(gaps[:MAX_GAPS]))
