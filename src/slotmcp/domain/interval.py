"""Time intervals: half-open [start, end), in whole minutes since the Unix epoch, UTC.

A list of intervals is *merged* when it is sorted and no two of them overlap or touch.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import TypeAlias

Minute: TypeAlias = int
"""A point in time: whole minutes since 1970-01-01T00:00Z."""

Interval: TypeAlias = tuple[Minute, Minute]
"""Half-open [start, end). Plain tuples, because the engine creates thousands of them per call."""

MINUTES_PER_DAY = 1440
MS_PER_SECOND = 1000
MS_PER_MINUTE = 60_000
MS_PER_DAY = 86_400_000
US_PER_MS = 1000
US_PER_SECOND = 1_000_000


def minute_at_or_after(instant_ms: int) -> Minute:
    """Return the first whole minute at or after an instant, in milliseconds since the Unix epoch."""
    return -(-instant_ms // MS_PER_MINUTE)


def overlaps(first: Interval, second: Interval) -> bool:
    """Return whether two half-open intervals share a minute."""
    return first[0] < second[1] and second[0] < first[1]


def is_within(interval: Interval, merged: Sequence[Interval]) -> bool:
    """Return whether one of the merged intervals contains an interval."""
    number = bisect_right(merged, (interval[0], inf)) - 1
    return number >= 0 and interval[1] <= merged[number][1]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same minutes as one merged list. Drop empty and reversed intervals."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def subtract(intervals: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """Return merged intervals without the minutes of merged holes."""
    if not holes:
        return list(intervals)
    remaining: list[Interval] = []
    first_hole = 0
    for start, end in intervals:
        while first_hole < len(holes) and holes[first_hole][1] <= start:
            first_hole += 1
        remaining.extend(_without(start, end, holes, first_hole))
    return remaining


def _without(start: Minute, end: Minute, holes: Sequence[Interval], first_hole: int) -> Iterator[Interval]:
    for hole_start, hole_end in holes[first_hole:]:
        if hole_start >= end:
            break
        if start < hole_start:
            yield start, hole_start
        start = max(start, hole_end)
    if start < end:
        yield start, end
