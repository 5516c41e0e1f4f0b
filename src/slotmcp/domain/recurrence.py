"""Recurring time spans in local time."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class WallSpan:
    """A time span of one date in local time, in minutes from its midnight.

    `end_minute` is over 1440 for a span past midnight, and at most 2880.
    """

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsOfDay:
    """Parts of a day in local time, in this order and without overlaps. Night is the rest of the day."""

    morning: WallSpan = WallSpan(start_minute=6 * 60, end_minute=12 * 60)
    afternoon: WallSpan = WallSpan(start_minute=12 * 60, end_minute=17 * 60)
    evening: WallSpan = WallSpan(start_minute=17 * 60, end_minute=22 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySpan:
    """A weekly recurring time span: a shift, or a break."""

    days: frozenset[int]
    """Monday is 0."""
    span: WallSpan
    valid_from: date | None = None
    """First date on which it starts, inclusive."""
    valid_until: date | None = None
    """Last date on which it starts, inclusive."""
