"""Why a start cannot be had, and what would open it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Slot


class Reason(StrEnum):
    """What is in a technician's way at a start."""

    INACTIVE = "inactive"
    """The technician takes no work at all."""
    SKILL_MISSING = "skill_missing"
    HOLIDAY = "holiday"
    """A shift falls out because the business is closed that day."""
    OUTSIDE_SHIFT = "outside_shift"
    TIME_OFF = "time_off"
    BREAK = "break"
    BOOKED = "booked"
    """By a booking, with the buffers around it."""
    HELD = "held"
    """By another caller who is thinking."""
    BUSY = "busy"
    """By something outside, such as a calendar."""
    DAY_FULL = "day_full"
    """The most bookings a day."""
    TRAVEL = "travel"
    """The way there or onward takes too long."""
    OFF_GRID = "off_grid"
    """Starts are offered at other minutes."""
    NOTICE = "notice"
    """Too soon from now."""
    HORIZON = "horizon"
    """Further ahead than bookings are open."""


_EVERYDAY: Final = (Reason.INACTIVE, Reason.OUTSIDE_SHIFT)
"""What is so at most minutes of anybody's life, least telling first."""


def informative_reasons(counts: Mapping[Reason, int], *, of_one_start: bool = False) -> Counter[Reason]:
    """The reasons that tell something: what is so most of the time counts only where nothing else does.

    Of a range most minutes are off the grid; of one start that was named, that is as good a reason as any.
    """
    told = Counter(counts)
    for common in _EVERYDAY if of_one_start else (Reason.OFF_GRID, *_EVERYDAY):
        if len(told) > 1:
            del told[common]
    return told


def without_missing_skills(counts: Counter[Reason]) -> Counter[Reason]:
    """The reasons but that somebody has not learned it, which is so at any time; that only where there is no other."""
    known = Counter(counts)
    if len(known) > 1:
        del known[Reason.SKILL_MISSING]
    return known


def combined_reasons(in_the_way: Mapping[str, Mapping[Reason, int]]) -> Counter[Reason]:
    """What was in the way of any technician, from what was in the way of each, as far as it tells something."""
    return informative_reasons(sum(map(Counter, in_the_way.values()), Counter()))


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianReason:
    """Whether one technician can take a start."""

    technician_id: str
    reason: Reason | None
    """The first that is in the way; None for those who can."""
    until: Minute | None = None
    """When that ends, where something takes the time."""
    missing_skills: tuple[str, ...] = ()


class Change(StrEnum):
    """One way to make a start bookable."""

    ANY_TECHNICIAN = "any_technician"
    SHORTER = "shorter"
    OTHER_TIME = "other_time"
    OTHER_DAY = "other_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A smallest change of one kind, and what it would open. The engine has checked it."""

    change: Change
    slot: Slot
    """As it would be; its length is the one that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a start can be had, or why not."""

    slot: Slot | None
    """None when it cannot be had."""
    technicians: tuple[TechnicianReason, ...]
    """All of the project's, in the order of the project file."""
    openings: tuple[Opening, ...]
    """When it cannot be had: what would open it, the smallest change first."""
