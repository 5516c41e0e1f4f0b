"""Reports: what came of a period's questions, told from stored facts. Nothing in them is personal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import TracedUse

HOURS_OF_DAY = 24
DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Half-open: the project's local dates from `first_day` on, before `end_day`."""

    first_day: date
    end_day: date
    start: Minute
    """The first minute of `first_day`."""
    end: Minute
    """The first minute of `end_day`."""


class LossReason(StrEnum):
    """Why a conversation ended without a booking: what its last decision was."""

    NOTHING_OFFERED = "nothing_offered"
    """The last question had no answer."""
    TAKEN = "taken"
    """The last time that was wanted could not be had."""
    NOT_CHOSEN = "not_chosen"
    """Times were offered, and none was taken."""
    HOLD_ABANDONED = "hold_left"
    """A time was held, and never booked."""
    FAILED = "failed"
    """The last call ended in another error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How far conversations came. Each count includes those that came further."""

    asked: int
    offered: int
    held: int
    """A time held, or booked without a hold."""
    booked: int
    thinking: int
    """Neither booked nor lost: a hold of theirs lives still."""
    lost: Mapping[LossReason, int]
    """All others that asked, by why."""


HourlyCounts = tuple[tuple[int, ...], ...]
"""A heat map: seven rows from Monday on, of 24 hours each, in the project's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedQuestions:
    """Questions about one service to which nothing could be offered, by what was mostly in the way."""

    reason: Reason | None
    """None: it was not traced."""
    service_id: str
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """What one technician's opening hours were used for. The parts add up to `open_minutes`."""

    technician_id: str
    open_minutes: int
    booked_minutes: int
    """With the buffers around bookings."""
    travel_minutes: int
    busy_minutes: int
    free_minutes: int


class DecidedBy(StrEnum):
    """What decided who was assigned."""

    WISH = "wish"
    KEPT = "kept"
    """It was theirs already, before it was moved."""
    ONLY_ONE = "only_one"
    """Nobody else could."""
    LOAD = "load"
    PRIORITY = "priority"
    ETA = "eta"
    OTHER = "other"
    """No key of the policy: all were equal, or it came from a project file, or from a program that did not note it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One technician's part of the bookings against their part of the open time."""

    technician_id: str
    bookings: int
    share_of_bookings: float
    """From 0 to 1; 0 where there are none at all."""
    share_of_open_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTimes:
    """How long one use case took: the smallest time that so many percent of its calls did not exceed."""

    use: TracedUse
    calls: int
    p50_us: int
    p95_us: int
    p99_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraHour:
    """One more hour of a technician's shifts, on every such weekday of the period."""

    technician_id: str
    weekday: int
    """Monday is 0."""
    hour: int
    """By the technician's own clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSkills:
    """A technician learns what a service needs."""

    technician_id: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTechnician:
    """One more technician, with another's shifts and breaks, and the skills of a service."""

    like_technician_id: str
    service_id: str


GapChange = ExtraHour | ExtraSkills | ExtraTechnician
"""One change of the business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What one change would have won."""

    change: GapChange
    won: int
    """Lost conversations that would have booked; without the change none of them could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Changes by how many callers they would have won, the most first."""

    lost: int
    """Lost conversations with a question that could be asked again."""
    had_alternatives: int
    """Those that could have been offered a start even so: no change is needed to win them, and none is said to."""
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of one project's period."""

    project_id: str
    timezone: str
    """IANA name; of the dates, weekdays and hours in here."""
    period: Period
    funnel: Funnel
    demand: HourlyCounts
    """Conversations whose first question wanted a start in that hour of that weekday."""
    supply: HourlyCounts
    """Starts in that hour that were left free, summed over technicians and the period's dates."""
    refused: tuple[RefusedQuestions, ...]
    """The most frequent first."""
    utilization: tuple[Utilization, ...]
    """In the order of the project file."""
    decided: Mapping[DecidedBy, int]
    """Of the bookings that start in the period."""
    fairness: tuple[Share, ...]
    """In the order of the project file."""
    response_times: tuple[ResponseTimes, ...]
    collisions: int
    """Times that had been offered in a conversation and were gone when it took them."""
