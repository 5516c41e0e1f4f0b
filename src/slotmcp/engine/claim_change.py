"""Change of a technician's claims: which differ, and the merged taken time after them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Interval, Minute, merge

MAX_DIFFERENT: Final = 4
"""Maximum number of removed and added claims for which following the change costs less than starting anew."""


class ClaimChange(NamedTuple):
    """Claims that differ between two tuples."""

    removed: tuple[Claim, ...]
    added: tuple[Claim, ...]

    @classmethod
    def between(cls, before: Sequence[Claim], after: Sequence[Claim]) -> "ClaimChange | None":
        """Return the claims between the equal beginning and the equal end; None if there are many."""
        shorter = min(len(before), len(after))
        first = next((number for number in range(shorter) if before[number] is not after[number]), shorter)
        if max(len(before), len(after)) - first > shorter - first + MAX_DIFFERENT:
            return None
        last = next((n for n in range(shorter - first) if before[-1 - n] is not after[-1 - n]), shorter - first)
        change = cls(tuple(before[first : len(before) - last]), tuple(after[first : len(after) - last]))
        return change if len(change.removed) + len(change.added) <= MAX_DIFFERENT else None

    @property
    def keeps_time(self) -> bool:
        """True if the added claims take the time of the removed ones."""
        return sorted(map(span_of, self.removed)) == sorted(map(span_of, self.added))


def span_of(claim: Claim) -> Interval:
    """Return the time of a claim with its buffers."""
    return claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes


def add_span(starts: list[Minute], ends: list[Minute], span: Interval) -> None:
    """Add a span to merged intervals, which are given as their starts and their ends."""
    start, end = span
    if end <= start:
        return
    first, after = bisect_left(ends, start), bisect_right(starts, end)
    if first < after:
        start, end = min(start, starts[first]), max(end, ends[after - 1])
    starts[first:after], ends[first:after] = [start], [end]


def remove_span(starts: list[Minute], ends: list[Minute], span: Interval, remaining: Iterable[Interval]) -> None:
    """Remove a span from merged intervals. The remaining spans in its interval are merged anew."""
    number = bisect_right(starts, span[0]) - 1
    if number < 0 or ends[number] <= span[0]:
        return  # it was removed with another claim beside it
    first, last = starts[number], ends[number]
    rest = merge([each for each in remaining if first <= each[0] and each[1] <= last])
    starts[number : number + 1] = [start for start, _ in rest]
    ends[number : number + 1] = [end for _, end in rest]
