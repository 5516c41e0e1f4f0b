"""Spans of time: half-open [start, end), in whole minutes since the Unix epoch, UTC."""

from typing import TypeAlias

Minute: TypeAlias = int
"""A point in time: whole minutes since 1970-01-01T00:00Z."""

Interval: TypeAlias = tuple[Minute, Minute]
"""Half-open [start, end). Plain tuples: the engine makes thousands of them for one answer."""

MINUTES_PER_DAY = 1440
MS_PER_MINUTE = 60_000


def minute_at_or_after(instant_ms: int) -> Minute:
    """The first whole minute that is not before an instant (milliseconds since the epoch)."""
    return -(-instant_ms // MS_PER_MINUTE)


def overlaps(one: Interval, other: Interval) -> bool:
    """Whether two half-open spans share a minute."""
    return one[0] < other[1] and other[0] < one[1]
