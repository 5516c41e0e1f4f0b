"""Catalog of a business: its project, services and technicians with their working time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from slotmcp.domain.booking_rules import (
    BookableSpan,
    Closure,
    OutsideAreas,
    Price,
    Reserve,
    ServiceArea,
    ServiceQuestion,
)
from slotmcp.domain.calcom import CalcomConnection, CalcomHost
from slotmcp.domain.interval import Minute
from slotmcp.domain.recurrence import FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan


class SlotAlignment(StrEnum):
    """Anchor of the grid of offered starts."""

    CLOCK = "clock"
    """Multiples of the interval from midnight, in the project's time zone."""
    OPENING = "opening"
    """Every interval from the start of a technician's free gap; restarted at midnight in the project's time zone."""


class RankingKey(StrEnum):
    """Criterion for ranking technicians; smaller values are better."""

    PRIORITY = "priority"
    """The technician's own priority, 1 first."""
    LOAD = "load"
    """Number of the technician's bookings on that date, in the project's time zone."""
    ETA = "eta"
    """Minutes of travel to the job plus the buffers around it; unknown values rank last."""


class TravelMode(StrEnum):
    """Treatment of travel times between jobs."""

    NONE = "none"
    ESTIMATED = "estimated"
    """Estimated by distance, or from a routing service if one is configured."""


class TechnicianStatus(StrEnum):
    """Status of a technician. One who is off gets no jobs."""

    ACTIVE = "active"
    OFF = "off"


class ChangeVerification(StrEnum):
    """Proof that a caller needs to change a booking."""

    NONE = "none"
    """The booking's id."""
    CONTACT = "contact"
    """The booking's id with its phone or email, or the call that made the booking."""


class Wording(StrEnum):
    """Wording of spoken sentences."""

    VISIT = "visit"
    """A technician can come."""
    APPOINTMENT = "appointment"
    """A technician is available."""


@dataclass(frozen=True, slots=True)
class Location:
    """A location, in decimal degrees (WGS 84)."""

    latitude: float
    longitude: float

    @property
    def is_valid(self) -> bool:
        """True if both coordinates are within their ranges. NaN is not."""
        return -90 <= self.latitude <= 90 and -180 <= self.longitude <= 180  # noqa: PLR2004  degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelPolicy:
    """Parameters for estimating travel times by distance."""

    mode: TravelMode = TravelMode.NONE
    speed_kmh: float = 40.0
    minutes_per_stop: int = 5
    """Time for parking and the walk to the door."""
    road_factor: float = 1.3
    """Ratio of road length to great-circle distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One business: the rules for all of its services and technicians."""

    id: str
    name: str
    timezone: str
    """IANA name."""
    locale: str = "en-US"
    slot_interval_minutes: int = 15
    slot_alignment: SlotAlignment = SlotAlignment.CLOCK
    min_notice_minutes: int = 60
    horizon_days: int = 31
    """Number of local dates after today on which starts are offered."""
    hold_ttl_seconds: int = 90
    max_holds_per_customer: int = 3
    candidate_ranking: tuple[RankingKey, ...] = (RankingKey.PRIORITY, RankingKey.LOAD, RankingKey.ETA)
    assignment_ranking: tuple[RankingKey, ...] = (RankingKey.LOAD, RankingKey.PRIORITY, RankingKey.ETA)
    travel: TravelPolicy = field(default_factory=TravelPolicy)
    default_service_id: str | None = None
    holiday_regions: tuple[str, ...] = ()
    """Countries ("US") or their regions ("US-CO") whose public holidays close the business."""
    closed_dates: tuple[date, ...] = ()
    """Additional dates on which the business is closed."""
    calcom: CalcomConnection | None = None
    """None: not connected to Cal.com."""
    country: str | None = None
    """ISO 3166 code. None: derived from locale and zone by `services.countries.country_of`."""
    verify_changes: ChangeVerification = ChangeVerification.CONTACT
    parts_of_day: PartsOfDay = field(default_factory=PartsOfDay)
    wording: Wording = Wording.VISIT
    closures: tuple[Closure, ...] = ()
    areas: tuple[ServiceArea, ...] = ()
    """Areas that technicians serve. Empty: jobs have no areas."""
    outside_areas: OutsideAreas = OutsideAreas.REFUSE
    cancel_notice_minutes: int | None = None
    """Time before the start of a booking from which callers who cancel hear the terms. None: they never do."""


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
    """Id of the service's event type at Cal.com."""
    min_duration_minutes: int | None = None
    """None: half of the duration, rounded up."""
    spoken: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The service as callers hear it, by locale."""
    description: str = ""
    guidance: str = ""
    """For the agent: which words of a caller mean this service."""
    price: Price | None = None
    terms: str = ""
    """Conditions that callers hear before booking."""
    questions: tuple[ServiceQuestion, ...] = ()
    min_notice_minutes: int | None = None
    """None: the project's."""
    horizon_days: int | None = None
    """None: the project's."""
    max_bookings_per_day: int | None = None
    """Maximum number of the service's bookings and live holds that start on one local date of the project."""
    bookable: tuple[BookableSpan, ...] = ()
    """Spans in which the service can start. Empty: whenever a technician works."""
    reserves: tuple[Reserve, ...] = ()

    @property
    def shortest_minutes(self) -> int:
        """Shortest length that a request may have."""
        return (self.duration_minutes + 1) // 2 if self.min_duration_minutes is None else self.min_duration_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class DateOverride:
    """Working time of one date, in place of the shifts. Breaks still apply. Without windows the date is off."""

    date: date
    windows: tuple[WallSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOff:
    """A technician's absence."""

    start: Minute
    end: Minute
    reason: str = ""
    by_operator: bool = False
    """True if an operator added the absence; an import keeps it unless the import prunes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Technician:
    """A technician, with working time and absences."""

    id: str
    name: str
    timezone: str
    """IANA name of the time zone of shifts, breaks and overrides."""
    priority: int = 1
    """1 is first."""
    status: TechnicianStatus = TechnicianStatus.ACTIVE
    skills: frozenset[str] = frozenset()
    home: Location | None = None
    home_postal_code: str = ""
    """Postal code of the home, if the project file names it. The location may follow from it."""
    max_bookings_per_day: int | None = None
    """Maximum number of bookings and live holds that start on one local date of the project."""
    shifts: tuple[WeeklySpan, ...] = ()
    breaks: tuple[WeeklySpan, ...] = ()
    floating_breaks: tuple[FloatingBreak, ...] = ()
    on_call: tuple[WeeklySpan, ...] = ()
    """Working time for emergencies only."""
    overrides: tuple[DateOverride, ...] = ()
    time_off: tuple[TimeOff, ...] = ()
    recurring_time_off: tuple[RecurringTimeOff, ...] = ()
    calcom: CalcomHost | None = None
    """The technician's account at Cal.com."""
