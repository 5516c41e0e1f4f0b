"""Who comes first: the order of candidates and of the assignment."""

from collections.abc import Mapping

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Candidate

Policy = tuple[RankingKey, ...]
"""Criteria, the one that counts most first."""

Rank = tuple[int | str, ...]
"""Sorts candidates; smaller is better."""


def ranking_values(candidate: Candidate) -> Mapping[RankingKey, int]:
    """What a candidate has for each criterion; smaller is better."""
    return {RankingKey.PRIORITY: candidate.priority, RankingKey.LOAD: candidate.bookings_that_day}


def rank(candidate: Candidate, policy: Policy) -> Rank:
    """The policy's values in its order, then the id, so that no two are equal."""
    values = ranking_values(candidate)
    return (*(values[key] for key in policy), candidate.technician_id)
