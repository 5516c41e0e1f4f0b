"""Reasons why a start is not free, and changes that would make it bookable."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar, assert_never

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Slot

T = TypeVar("T")


class Reason(StrEnum):
    """Reason why a technician cannot take a start."""

    SKILL_MISSING = "skill_missing"
    INACTIVE = "inactive"
    """The technician is off and gets no jobs."""
    PAST = "past"
    """The start has passed."""
    HORIZON = "horizon"
    """Beyond the booking horizon."""
    TOO_LONG = "too_long"
    """The job is longer than every unbroken span of the technician's working time."""
    HOLIDAY = "holiday"
    """The technician has a shift, but the business is closed on that date."""
    OUTSIDE_SHIFT = "outside_shift"
    TIME_OFF = "time_off"
    BREAK = "break"
    BOOKED = "booked"
    """Taken by a booking, buffers included."""
    HELD = "held"
    """Held for another caller."""
    OWN_HOLD = "own_hold"
    """Held for this caller. It is free for the caller, so only traces name it."""
    BUSY = "busy"
    """Taken outside of slotmcp, such as by a calendar event."""
    DAY_FULL = "day_full"
    """The maximum number of bookings per day is reached."""
    TRAVEL = "travel"
    """Travel to the job, or to the next one, takes too long."""
    NOTICE = "notice"
    """Earlier than the minimum notice."""
    OFF_GRID = "off_grid"
    """The start is not on the grid of offered starts."""
    OUTSIDE_AREA = "outside_area"
    """No technician, or not this one, serves the area of the job."""
    CLOSED = "closed"
    """The technician has a shift, but a closure of the project contains the date."""
    ON_CALL_ONLY = "on_call_only"
    """The technician is on call then, for emergencies only."""
    RESERVED = "reserved"
    """The technician's time is kept for emergencies."""
    AREA_DAY = "area_day"
    """The area of the job is not served on that day."""
    NOT_BOOKABLE_THEN = "not_bookable_then"
    """Outside the spans in which the service can start."""
    EMERGENCY_ONLY = "emergency_only"
    """In a span of the service that is for emergencies only."""
    SERVICE_DAY_FULL = "service_day_full"
    """The maximum number of the service's bookings per day is reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerReason(Mapping[Reason, T]):
    """Table with one value for each reason.

    A new reason does not type-check until it has a field here, and then until every table has its value.
    """

    skill_missing: T
    inactive: T
    past: T
    horizon: T
    too_long: T
    holiday: T
    outside_shift: T
    time_off: T
    break_: T
    booked: T
    held: T
    own_hold: T
    busy: T
    day_full: T
    travel: T
    notice: T
    off_grid: T
    outside_area: T
    closed: T
    on_call_only: T
    reserved: T
    area_day: T
    not_bookable_then: T
    emergency_only: T
    service_day_full: T

    def __getitem__(self, reason: Reason) -> T:  # noqa: C901, PLR0911, PLR0912  one field a reason
        """Return the value of a reason."""
        match reason:
            case Reason.INACTIVE:
                return self.inactive
            case Reason.SKILL_MISSING:
                return self.skill_missing
            case Reason.PAST:
                return self.past
            case Reason.TOO_LONG:
                return self.too_long
            case Reason.HOLIDAY:
                return self.holiday
            case Reason.OUTSIDE_SHIFT:
                return self.outside_shift
            case Reason.TIME_OFF:
                return self.time_off
            case Reason.BREAK:
                return self.break_
            case Reason.BOOKED:
                return self.booked
            case Reason.HELD:
                return self.held
            case Reason.OWN_HOLD:
                return self.own_hold
            case Reason.BUSY:
                return self.busy
            case Reason.DAY_FULL:
                return self.day_full
            case Reason.TRAVEL:
                return self.travel
            case Reason.OFF_GRID:
                return self.off_grid
            case Reason.NOTICE:
                return self.notice
            case Reason.HORIZON:
                return self.horizon
            case Reason.OUTSIDE_AREA:
                return self.outside_area
            case Reason.CLOSED:
                return self.closed
            case Reason.ON_CALL_ONLY:
                return self.on_call_only
            case Reason.RESERVED:
                return self.reserved
            case Reason.AREA_DAY:
                return self.area_day
            case Reason.NOT_BOOKABLE_THEN:
                return self.not_bookable_then
            case Reason.EMERGENCY_ONLY:
                return self.emergency_only
            case Reason.SERVICE_DAY_FULL:
                return self.service_day_full
            case _:
                assert_never(reason)

    def __iter__(self) -> Iterator[Reason]:
        """Iterate over the reasons."""
        return iter(Reason)

    def __len__(self) -> int:
        """Return the number of reasons."""
        return len(Reason)


_COMMON: Final = (
    Reason.OFF_GRID,
    Reason.INACTIVE,
    Reason.NOT_BOOKABLE_THEN,
    Reason.TOO_LONG,
    Reason.OUTSIDE_SHIFT,
    Reason.ON_CALL_ONLY,
    Reason.EMERGENCY_ONLY,
)
"""Reasons that apply at most starts of a range, the least informative first."""
_FROM_FAR_TO_NEAR: Final = (
    Reason.SKILL_MISSING,
    Reason.OUTSIDE_AREA,
    Reason.INACTIVE,
    Reason.TOO_LONG,
    Reason.OUTSIDE_SHIFT,
    Reason.HOLIDAY,
    Reason.CLOSED,
    Reason.TIME_OFF,
    Reason.BREAK,
    Reason.ON_CALL_ONLY,
    Reason.BUSY,
    Reason.BOOKED,
    Reason.DAY_FULL,
    Reason.TRAVEL,
    Reason.HELD,
    Reason.OWN_HOLD,
    Reason.RESERVED,
    Reason.OFF_GRID,
    Reason.AREA_DAY,
    Reason.NOT_BOOKABLE_THEN,
    Reason.EMERGENCY_ONLY,
    Reason.SERVICE_DAY_FULL,
    Reason.NOTICE,
    Reason.PAST,
    Reason.HORIZON,
)
"""Reasons in the order of how close a technician is to being available."""


def informative_reasons(counts: Mapping[Reason, int]) -> Counter[Reason]:
    """Return the counts of a range without common reasons, unless there are no others."""
    informative = Counter(counts)
    for common in _COMMON:
        if len(informative) > 1:
            del informative[common]
    return informative


def without_missing_skills(counts: Counter[Reason]) -> Counter[Reason]:
    """Return the counts without missing skills, unless there are no others. A missing skill blocks every start."""
    others = Counter(counts)
    if len(others) > 1:
        del others[Reason.SKILL_MISSING]
    return others


def combined_reasons(by_technician: Mapping[str, Mapping[Reason, int]]) -> Counter[Reason]:
    """Return the informative reasons of all technicians together, from those of each."""
    return informative_reasons(sum(map(Counter, by_technician.values()), Counter()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReasons:
    """Reasons why the starts of a range are unavailable."""

    by_technician: Mapping[str, Mapping[Reason, int]]
    """Number of starts that each reason blocks, by technician with the skills."""
    by_start: Mapping[Reason, int]
    """Number of starts by the reason of the team."""

    @property
    def main(self) -> Reason | None:
        """The most frequent informative reason of the team."""
        counts = informative_reasons(self.by_start)
        return max(counts, key=lambda reason: (counts[reason], _FROM_FAR_TO_NEAR.index(reason)), default=None)


def team_reason(reasons: Iterable[Reason]) -> Reason | None:
    """Return why no technician can take a start: the reason of the one who is closest to being available.

    Technicians without the skills never count beside others, and technicians who are away never count beside those who
    are at work. None: there are no reasons.
    """
    return max(reasons, key=_FROM_FAR_TO_NEAR.index, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianReason:
    """One technician's reason against a start."""

    technician_id: str
    reason: Reason | None
    """The first reason; None if the technician can take the start."""
    until: Minute | None = None
    """End of the booking, hold, absence, break or busy time that blocks the start, if there is one."""
    missing_skills: tuple[str, ...] = ()


class Change(StrEnum):
    """Kind of change that makes a start bookable."""

    ANY_TECHNICIAN = "any_technician"
    EMERGENCY = "emergency"
    """The priority emergency, if it is one."""
    SHORTER = "shorter"
    OTHER_TIME = "other_time"
    OTHER_DAY = "other_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The smallest change of one kind that makes a start bookable, with the resulting slot."""

    change: Change
    slot: Slot
    """Bookable slot after the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Explanation of one start: the slot, or the reasons against it."""

    slot: Slot | None
    """None when the start is not free."""
    technicians: tuple[TechnicianReason, ...]
    """All technicians of the project, in the order of the project file."""
    openings: tuple[Opening, ...]
    """Changes after which a start that is not free can be booked, in the order of `Change`."""

    def reason_of(self, technician_id: str | None) -> Reason | None:
        """Return a technician's reason, or without a technician that of the team."""
        requested = [one for one in self.technicians if technician_id in {None, one.technician_id}]
        return team_reason([one.reason for one in requested if one.reason is not None])

    def has_opening(self, change: Change) -> bool:
        """Return whether a change of that kind makes the start bookable."""
        return any(opening.change is change for opening in self.openings)
