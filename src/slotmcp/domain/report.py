"""Reports on a period's calls, computed from stored traces and bookings. They contain no personal data."""

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
    """Half-open period of local dates in the project's time zone."""

    first_day: date
    end_day: date
    start: Minute
    """First minute of `first_day`."""
    end: Minute
    """First minute of `end_day`."""


class LossReason(StrEnum):
    """Reason why a conversation ended without a booking, from its last call."""

    NOTHING_OFFERED = "nothing_offered"
    """The last request for slots had no result."""
    TAKEN = "taken"
    """The requested time was taken."""
    NOT_CHOSEN = "not_chosen"
    """Times were offered, and the caller chose none."""
    HOLD_ABANDONED = "hold_left"
    """A time was held, but never booked."""
    FAILED = "failed"
    """The last call ended in another error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Conversations by the step they reached. Each count includes the conversations that went further."""

    conversations: int
    offered: int
    held: int
    """Conversations that held a time, or booked one without a hold."""
    booked: int
    thinking: int
    """Conversations without a booking that have a live hold."""
    lost: Mapping[LossReason, int]
    """All other conversations without a booking."""


HourlyCounts = tuple[tuple[int, ...], ...]
"""Counts by weekday from Monday, and by hour of the day, in the project's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedQuestions:
    """Number of unmet requests for one service, by main reason."""

    reason: Reason | None
    """None: the trace has no reason."""
    service_id: str
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """Use of one technician's opening hours. The other minutes add up to `open_minutes`."""

    technician_id: str
    open_minutes: int
    booked_minutes: int
    """Bookings with their buffers."""
    travel_minutes: int
    busy_minutes: int
    free_minutes: int


class DecidedBy(StrEnum):
    """Factor that decided which technician was assigned."""

    REQUESTED = "wish"
    KEPT = "kept"
    """The booking already had the technician before it was moved."""
    ONLY_ONE = "only_one"
    """No other technician was available."""
    LOAD = "load"
    PRIORITY = "priority"
    ETA = "eta"
    OTHER = "other"
    """No recorded factor: a tie, or a booking that was imported or has no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One technician's share of the bookings and of the open time."""

    technician_id: str
    bookings: int
    share_of_bookings: float
    """From 0 to 1; 0 without bookings."""
    share_of_open_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTimes:
    """Percentiles of the response times of one use case."""

    use: TracedUse
    calls: int
    p50_us: int
    p95_us: int
    p99_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraHour:
    """One more hour in a technician's shifts, on one weekday of every week."""

    technician_id: str
    weekday: int
    """Monday is 0."""
    hour: int
    """Local hour of the technician."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSkills:
    """More skills of one technician, as a service requires them."""

    technician_id: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTechnician:
    """One more technician, with the shifts, breaks and areas of an existing one and the skills for a service."""

    like_technician_id: str
    service_id: str


class RelaxedRule(StrEnum):
    """Rule of a business that can keep callers from booking."""

    RESERVE = "reserve"
    """Places that a service keeps for emergencies."""
    BOOKABLE_HOURS = "bookable_hours"
    """Spans in which a service can start, those for emergencies included."""
    NOTICE = "notice"
    """Minimum notice of a service: its own, or the project's."""
    SERVICE_DAY_MAXIMUM = "service_day_maximum"
    TECHNICIAN_DAY_MAXIMUM = "technician_day_maximum"
    BREAKS = "breaks"
    """All breaks of a technician, those with a fixed time and floating ones."""
    AREA_TECHNICIANS = "area_technicians"
    """Technicians to whom an area is restricted."""
    AREA_DAYS = "area_days"
    """Days to which an area is restricted."""
    OUTSIDE_AREAS = "outside_areas"
    """Refusal of the postal codes that are in no area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutRule:
    """Absence of one rule."""

    rule: RelaxedRule
    subject_id: str = ""
    """Service, technician or area that has the rule; empty: the project."""


GapChange = ExtraHour | ExtraSkills | ExtraTechnician | WithoutRule
"""One change of the business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Gain from one change."""

    change: GapChange
    won: int
    """Lost conversations that would have booked with the change, and could not without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Changes that would have turned lost conversations into bookings, the largest gain first."""

    lost: int
    """Lost conversations whose request can be repeated against the changed schedule."""
    had_alternatives: int
    """Lost conversations that had free times anyway, so that no change would have helped."""
    not_simulated: int = 0
    """Lost conversations that were left out, the earliest, because there were too many."""
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Report on one period of a project."""

    project_id: str
    timezone: str
    """IANA time zone of all dates, weekdays and hours."""
    period: Period
    funnel: Funnel
    demand: HourlyCounts
    """Conversations whose first question included the hour."""
    supply: HourlyCounts
    """Free starts in the hour, summed over technicians and dates."""
    refused: tuple[RefusedQuestions, ...]
    """Most frequent first."""
    utilization: tuple[Utilization, ...]
    """In the order of the project file."""
    decided: Mapping[DecidedBy, int]
    """Bookings that start in the period, by the factor that decided their assignment."""
    fairness: tuple[Share, ...]
    """In the order of the project file."""
    response_times: tuple[ResponseTimes, ...]
    collisions: int
    """Calls for a time that was offered earlier in the same conversation, but taken in the meantime."""
