"""Ranking of technicians, for the candidates of a slot and for the assignment of a booking."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import assert_never

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Candidate

Policy = tuple[RankingKey, ...]
"""Ranking keys, the most important first."""


def _candidate_field(key: RankingKey) -> str:
    """Return the name of the candidate's field that a key compares; smaller values are better."""
    match key:
        case RankingKey.PRIORITY:
            return "priority"
        case RankingKey.LOAD:
            return "bookings_that_day"
        case RankingKey.ETA:
            return "sortable_score"
        case _:
            assert_never(key)


_FIELDS = {key: _candidate_field(key) for key in RankingKey}


def ranking_values(policy: Policy, candidate: Candidate) -> Mapping[RankingKey, int]:
    """Return a candidate's value for each key of a policy. An unknown travel time is left out."""
    known = [key for key in policy if key is not RankingKey.ETA or candidate.score is not None]
    return {key: getattr(candidate, _FIELDS[key]) for key in known}


def deciding_key(policy: Policy, winner: Candidate, runner_up: Candidate) -> RankingKey | None:
    """Return the first key in which two candidates differ; None when only the technician id decides."""
    differing = (key for key in policy if getattr(winner, _FIELDS[key]) != getattr(runner_up, _FIELDS[key]))
    return next(differing, None)


def rank(policy: Policy) -> Callable[[Candidate], tuple[int | str, ...]]:
    """Return a sort key: the policy's values in order, then the technician id as the tiebreaker."""
    return attrgetter(*(_FIELDS[key] for key in policy), "technician_id")
