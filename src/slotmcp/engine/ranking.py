"""Who comes first: the order of candidates and of the assignment."""

from collections.abc import Mapping

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Candidate

Policy = tuple[RankingKey, ...]
"""Criteria, the one that counts most first."""

Rank = tuple[int | str, ...]
"""Sorts candidates; smaller is better."""


def ranking_values(candidate: Candidate) -> Mapping[RankingKey, int]:
    """What a candidate has for each criterion; smaller is better. A way that is not known is left out."""
    values = {RankingKey.PRIORITY: candidate.priority, RankingKey.LOAD: candidate.bookings_that_day}
    return values if candidate.score is None else {**values, RankingKey.ETA: candidate.score}


def rank(candidate: Candidate, policy: Policy) -> Rank:
    """The policy's values in its order, unknown ones last, then the id, so that no two are equal."""
    values = ranking_values(candidate)
    return (*(values.get(key, _UNKNOWN) for key in policy), candidate.technician_id)


_UNKNOWN = 1 << 60
