"""Who comes first: the order of candidates and of the assignment."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.offer import Candidate

Policy = tuple[RankingKey, ...]
"""Criteria, the one that counts most first."""

_FIELDS = {RankingKey.PRIORITY: "priority", RankingKey.LOAD: "bookings_that_day", RankingKey.ETA: "sortable_score"}
"""What a candidate has for each criterion; smaller is better."""


def ranking_values(policy: Policy, candidate: Candidate) -> Mapping[RankingKey, int]:
    """What a candidate has for each criterion of a policy. A way that is not known is left out."""
    known = [key for key in policy if key is not RankingKey.ETA or candidate.score is not None]
    return {key: getattr(candidate, _FIELDS[key]) for key in known}


def deciding_key(policy: Policy, winner: Candidate, following: Candidate) -> RankingKey | None:
    """The first criterion in which two candidates differ; None where only the id tells them apart."""
    differing = (key for key in policy if getattr(winner, _FIELDS[key]) != getattr(following, _FIELDS[key]))
    return next(differing, None)


def rank(policy: Policy) -> Callable[[Candidate], tuple[int | str, ...]]:
    """A sort key: the policy's values in its order, then the id, so that no two are equal; smaller is better."""
    return attrgetter(*(_FIELDS[key] for key in policy), "technician_id")
