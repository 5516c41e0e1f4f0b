"""Assignment of a technician to a job, with the reason and the holds that move to make room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.interval import Minute
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import deciding_key, rank, ranking_values
from slotmcp.engine.relocation import HoldMoves
from slotmcp.engine.reserve import limits_of
from slotmcp.engine.rules import is_service_day_full, obstacle_of_rules
from slotmcp.engine.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A technician for a job. The moves must be made first, in their order."""

    technician_id: str
    reason: AssignmentReason
    moves: HoldMoves = ()


def assign(availability: Availability, need: Need, start: Minute) -> Assignment | None:
    """Choose the technician for a start; return None if `check_start` returns None."""
    if not availability.is_bookable_start(need, start) or obstacle_of_rules(availability, need, start):
        return None
    index = availability.index
    timelines, limits = index.eligible(need), limits_of(availability, need)
    position = availability.frame.number(start)
    free = [timeline for timeline in timelines if timeline.can_start_at(need, start, position)]
    if limits is not None:
        free = [
            timeline for timeline in free if limits.permits(need, start, timeline.technician_schedule.technician.id)
        ]
    if free:
        return _best(availability, need, start, dict.fromkeys(free, ()))
    if limits is not None:
        return None
    moves_by_timeline = {
        timeline: moves for timeline in timelines if (moves := index.relocation.moves_for(timeline, need, start))
    }
    return _best(availability, need, start, moves_by_timeline) if moves_by_timeline else None


def assign_first(availability: Availability, needs: Iterable[Need], start: Minute) -> Assignment | None:
    """Choose the technician for the first of alternative requirements that can be met at a start."""
    assignments = (assign(availability, need, start) for need in needs)
    return next((assignment for assignment in assignments if assignment), None)


def assign_kept(availability: Availability, need: Need, start: Minute) -> Assignment | None:
    """Choose the technician for a promised start, without checking grid, notice and horizon again (rule 20)."""
    free = [timeline for timeline in availability.index.eligible(need) if timeline.can_serve(need, start)]
    return _best(availability, need, start, dict.fromkeys(free, ())) if free else None


def assign_revived(availability: Availability, need: Need, start: Minute) -> Assignment | None:
    """Choose the technician for the start of a lapsed hold, within the reserve and the maximum of the service."""
    if is_service_day_full(availability, need, start):
        return None
    limits = limits_of(availability, need)
    free = [
        timeline
        for timeline in availability.index.eligible(need)
        if timeline.can_serve(need, start)
        and (limits is None or limits.permits(need, start, timeline.technician_schedule.technician.id))
    ]
    return _best(availability, need, start, dict.fromkeys(free, ())) if free else None


def _best(availability: Availability, need: Need, start: Minute, options: Mapping[Timeline, HoldMoves]) -> Assignment:
    policy = availability.schedule.project.assignment_ranking
    timelines = {timeline.candidate_at(need, start): timeline for timeline in options}
    winner, *others = sorted(timelines, key=rank(policy))
    reason = AssignmentReason(
        policy=policy,
        values=ranking_values(policy, winner),
        considered=len(options),
        wished=need.technician_id is not None,
        decided_by=deciding_key(policy, winner, others[0]) if others else None,
    )
    return Assignment(technician_id=winner.technician_id, reason=reason, moves=options[timelines[winner]])
