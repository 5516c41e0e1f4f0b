"""What a business is: its project, its services, its technicians and their hours."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from slotmcp.domain.calcom import CalcomConnection, CalcomHost
from slotmcp.domain.interval import Minute


class SlotAlignment(StrEnum):
    """Where the grid of offered starts is anchored."""

    CLOCK = "clock"
    """Local wall times that are multiples of the interval from midnight, in the project's zone."""
    OPENING = "opening"
    """Where a technician's free gap begins (and anew at local midnight), then every interval."""


class RankingKey(StrEnum):
    """One criterion by which technicians are put in order; smaller is better for each."""

    PRIORITY = "priority"
    """The technician's own priority, 1 first."""
    LOAD = "load"
    """Bookings that day, in the project's zone."""
    ETA = "eta"
    """Minutes on the way there plus the buffers around it; unknown comes after all that are known."""


class TravelMode(StrEnum):
    """Whether the way between jobs counts."""

    NONE = "none"
    ESTIMATED = "estimated"
    """By distance, or by a routing service where one is set up."""


class TechnicianStatus(StrEnum):
    """Whether a technician takes work at all."""

    ACTIVE = "active"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Location:
    """A place, in decimal degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelPolicy:
    """How long the way between two places takes when only the distance is known."""

    mode: TravelMode = TravelMode.NONE
    speed_kmh: float = 40.0
    minutes_per_stop: int = 5
    """For parking and the walk to the door."""
    road_factor: float = 1.3
    """How much longer roads are than the great circle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One business: the rules that hold for all of its services and technicians."""

    id: str
    name: str
    timezone: str
    """IANA name."""
    locale: str = "en-US"
    slot_interval_minutes: int = 15
    slot_alignment: SlotAlignment = SlotAlignment.CLOCK
    min_notice_minutes: int = 60
    horizon_days: int = 31
    """A start is offered up to and including this many local dates after today."""
    hold_ttl_seconds: int = 90
    max_holds_per_customer: int = 3
    candidate_ranking: tuple[RankingKey, ...] = (RankingKey.PRIORITY, RankingKey.LOAD, RankingKey.ETA)
    assignment_ranking: tuple[RankingKey, ...] = (RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA)
    travel: TravelPolicy = field(default_factory=TravelPolicy)
    default_service_id: str | None = None
    holiday_regions: tuple[str, ...] = ()
    """Countries ("US") or regions of one ("US-CO") whose public holidays close the business."""
    closed_dates: tuple[date, ...] = ()
    """Further dates on which the business is closed."""
    calcom: CalcomConnection | None = None
    """None: not connected to Cal.com."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceType:
    """A kind of appointment."""

    id: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    skills: frozenset[str] = frozenset()
    calcom_event_type_id: int | None = None
    """What it is at Cal.com."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallSpan:
    """A span of one date's wall clock, in minutes from its midnight.

    `end_minute` is over 1440 where the span runs past midnight, at most 2880.
    """

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySpan:
    """A span that comes back on certain weekdays: a shift, or a break."""

    days: frozenset[int]
    """Monday is 0."""
    span: WallSpan
    valid_from: date | None = None
    """First date on which it starts, inclusive."""
    valid_until: date | None = None
    """Last date on which it starts, inclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateOverride:
    """Replaces the shifts that start on one date; breaks stay. No windows: closed all day."""

    date: date
    windows: tuple[WallSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOff:
    """A technician's absence."""

    start: Minute
    end: Minute
    reason: str = ""
    by_operator: bool = False
    """Added by hand, not by the project file; an import leaves it alone unless it prunes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Technician:
    """Somebody who does the work, and when."""

    id: str
    name: str
    timezone: str
    """IANA name; the zone of the shifts, breaks and overrides."""
    priority: int = 1
    """1 is first."""
    status: TechnicianStatus = TechnicianStatus.ACTIVE
    skills: frozenset[str] = frozenset()
    home: Location | None = None
    max_bookings_per_day: int | None = None
    """Counts bookings and live holds that start on one local date of the project's zone."""
    shifts: tuple[WeeklySpan, ...] = ()
    breaks: tuple[WeeklySpan, ...] = ()
    overrides: tuple[DateOverride, ...] = ()
    time_off: tuple[TimeOff, ...] = ()
    calcom: CalcomHost | None = None
    """Who they are at Cal.com."""
