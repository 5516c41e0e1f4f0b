"""Recurring time spans in local time."""

from dataclasses import dataclass
from datetime import date
from typing import Final


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


WHOLE_DAY: Final = WallSpan(start_minute=0, end_minute=1440)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySpan:
    """A recurring time span: a shift, or a break. It recurs on days of the week, or by a rule."""

    days: frozenset[int]
    """Monday is 0. Empty if it recurs by a rule."""
    span: WallSpan
    valid_from: date | None = None
    """First date on which it starts, inclusive."""
    valid_until: date | None = None
    """Last date on which it starts, inclusive."""
    every_weeks: int = 1
    """It recurs only in every n-th week, counted from the week (Monday to Sunday) of `valid_from`."""
    rrule: str = ""
    """Recurrence rule (RFC 5545) over local dates; its DTSTART is `valid_from`. Empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingBreak:
    """A recurring break without a fixed time."""

    window: WeeklySpan
    """Time in which the break begins and ends."""
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringTimeOff:
    """An absence that recurs by a rule."""

    rrule: str
    """Recurrence rule (RFC 5545) over local dates."""
    first: date
    """First date on which it can recur: the rule's DTSTART."""
    span: WallSpan = WHOLE_DAY
    reason: str = ""
