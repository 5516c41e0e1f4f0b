"""Arithmetic on sorted lists of half-open spans.

A list is *merged* when it is sorted and no two spans overlap or touch.
"""

from collections.abc import Iterable, Sequence

from slotmcp.domain.interval import Interval


def merge(spans: Iterable[Interval]) -> list[Interval]:
    """The same minutes as one merged list. Empty and reversed spans vanish."""
    merged: list[Interval] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def subtract(spans: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """What is left of merged spans when merged holes are taken out."""
    if not holes:
        return list(spans)
    left: list[Interval] = []
    first = 0
    for start, end in spans:
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        left.extend(_without(start, end, holes, first))
    return left


def _without(start: int, end: int, holes: Sequence[Interval], first: int) -> Iterable[Interval]:
    for hole_start, hole_end in holes[first:]:
        if hole_start >= end:
            break
        if start < hole_start:
            yield start, hole_start
        start = max(start, hole_end)
    if start < end:
        yield start, end
