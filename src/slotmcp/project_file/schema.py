"""Shape of a project file: keys, value types, defaults and descriptions.

This module is the one definition of a key. Mapping, export and the JSON Schema derive from it. An entry's
field has the name of the domain field that it becomes. Checks of several values follow in the mapping.
"""

from typing import Annotated

from pydantic import Field

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.booking_rules import OutsideAreas, Priority
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.catalog import (
    ChangeVerification,
    Project,
    RankingKey,
    SlotAlignment,
    TechnicianStatus,
    TravelMode,
    TravelPolicy,
    Wording,
)
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.project_file.entry import Entry
from slotmcp.project_file.field_types import (
    AnyDate,
    AnyMoment,
    BookingId,
    Country,
    DaySpan,
    Email,
    Flag,
    Holiday,
    Latitude,
    Locale,
    Longitude,
    PostalCode,
    Variable,
    ZoneName,
    choice,
    integer,
    number,
    prose,
    slug,
    text,
)
from slotmcp.project_file.recurrence_schema import BreakEntry, ShiftEntry, TimeOffEntry
from slotmcp.project_file.rule_schema import (
    MAX_AREAS,
    MAX_BOOKABLE,
    MAX_CLOSURES,
    MAX_QUESTIONS,
    MAX_RESERVES,
    PLANNED_OF_SERVICE,
    AreaEntry,
    BookableEntry,
    ClosureEntry,
    PriceEntry,
    QuestionEntry,
    ReserveEntry,
    TechnicianId,
    WindowEntry,
)

Name = Annotated[str, text("a name", "Front Range Heating", longest=200)]
Source = Annotated[str, text("a source", "calendar", longest=100)]
Spoken = Annotated[str, text("the service's name", "la reparación de la calefacción", longest=80)]
Skill = Annotated[str, slug("a skill", "hvac")]
ServiceId = Annotated[str, slug("a service's id", "ac-repair")]
ProjectId = Annotated[str, slug("the project's id", "denver-hvac")]
Buffer = Annotated[int, integer("minutes", 0, 720, 15)]
Duration = Annotated[int, integer("minutes", 1, 1440, 60)]
Notice = Annotated[int, integer("minutes", 0, 43_200, 60)]
Horizon = Annotated[int, integer("days", 1, 366, 31)]
Description = Annotated[str, prose("a description", "Repair of a furnace that does not heat.", longest=500)]
Guidance = Annotated[str, prose("guidance", "Use for no heat; for a yearly check use furnace-tune-up.", longest=500)]
Terms = Annotated[str, prose("terms", "Cancel at least 24 hours before.", longest=300)]
CalcomId = Annotated[int, integer("", 1, 2_147_483_647, 1042)]
Ranking = Annotated[RankingKey, choice(RankingKey)]

_DEFAULTS = Project(id="", name="", timezone="")
_PARTS_OF_DAY = PartsOfDay()
_NEEDS_MESSAGES = {"code": "code needs messages, which do not exist yet"}
_TRAVEL_DEFAULTS = TravelPolicy()
_CALCOM_DEFAULTS = CalcomConnection(api_key_env="")


class LocationEntry(Entry):
    """A location, in decimal degrees (WGS 84)."""

    latitude: Latitude = Field(examples=[39.7392])
    longitude: Longitude = Field(examples=[-104.9903])


class HomeEntry(Entry):
    """Start of a technician's working days: coordinates, a postal code, or both."""

    postal_code: PostalCode = ""
    """Postal code of the home."""
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class TravelEntry(Entry):
    """Travel times between jobs whose locations are known."""

    mode: Annotated[TravelMode, choice(TravelMode)] = _TRAVEL_DEFAULTS.mode
    """none: travel times are ignored; estimated: by distance."""
    speed_kmh: Annotated[float, number("kilometers per hour", 1, 200, 40)] = _TRAVEL_DEFAULTS.speed_kmh
    """Average speed on the road."""
    minutes_per_stop: Annotated[int, integer("minutes", 0, 120, 5)] = _TRAVEL_DEFAULTS.minutes_per_stop
    """Time for parking and the walk to the door."""


class RankingEntry(Entry):
    """Ranking of technicians by criteria, the most important first; ties are broken by id."""

    candidates: list[Ranking] = Field(default=list(_DEFAULTS.candidate_ranking), min_length=1)
    """Order of the technicians who could do a job."""
    assignment: list[Ranking] = Field(default=list(_DEFAULTS.assignment_ranking), min_length=1)
    """Choice of the technician for a booking."""


class PartsOfDayEntry(Entry):
    """Hours of the parts of a day in local time, in this order and without overlaps. Night is the rest."""

    morning: DaySpan = _PARTS_OF_DAY.morning
    """Start and end."""
    afternoon: DaySpan = _PARTS_OF_DAY.afternoon
    """Start and end."""
    evening: DaySpan = _PARTS_OF_DAY.evening
    """Start and end."""


class SpokenEntry(Entry):
    """The service as callers hear it, by locale."""

    en_us: Spoken | None = Field(default=None, alias="en-US")
    """In American English."""
    en_gb: Spoken | None = Field(default=None, alias="en-GB")
    """In British English."""
    es: Spoken | None = None
    """In Spanish, with its article."""
    es_us: Spoken | None = Field(default=None, alias="es-US")
    """In American Spanish, with its article; default: es."""
    fr: Spoken | None = None
    """In French, with its article."""
    de: Spoken | None = None
    """In German, with its article."""


class CalcomEntry(Entry):
    """The account at Cal.com. The file names environment variables, never secrets."""

    api_key_env: Variable = Field(examples=["CALCOM_API_KEY"])
    """Variable that holds the API key."""
    webhook_secret_envs: list[Variable] = Field(default=[], alias="webhookSecretEnv")
    """Variables that hold the webhook's secrets; two during a rotation."""
    pending_blocks: Flag = _CALCOM_DEFAULTS.pending_blocks
    """Let unconfirmed Cal.com bookings take time."""


class ProjectEntry(Entry):
    """Rules for all services and technicians."""

    exported_defaults = frozenset({"slot_interval_minutes", "min_notice_minutes", "horizon_days", "hold_ttl_seconds"})

    id: ProjectId = Field(examples=["denver-hvac"])
    """Identifier for programs."""
    name: Name = Field(examples=["Front Range Heating & Air"])
    """Name of the business for callers."""
    timezone: ZoneName = Field(examples=["America/Denver"])
    """IANA name of the business's time zone."""
    locale: Locale = _DEFAULTS.locale
    """Language and country of spoken times."""
    slot_interval_minutes: Annotated[int, integer("minutes", 1, 1440, 15)] = _DEFAULTS.slot_interval_minutes
    """Grid of offered starts."""
    slot_alignment: Annotated[SlotAlignment, choice(SlotAlignment)] = _DEFAULTS.slot_alignment
    """clock: multiples of the interval from local midnight; opening: from the start of a free gap."""
    min_notice_minutes: Notice = _DEFAULTS.min_notice_minutes
    """Minimum time between now and an offered start."""
    horizon_days: Horizon = _DEFAULTS.horizon_days
    """Number of local dates after today on which starts are offered."""
    hold_ttl_seconds: Annotated[int, integer("seconds", 60, 120, 90)] = _DEFAULTS.hold_ttl_seconds
    """Lifetime of a hold."""
    max_holds_per_customer: Annotated[int, integer("holds", 1, 100, 3)] = _DEFAULTS.max_holds_per_customer
    """Maximum number of live holds of one phone call, or of one customerHash that is hard to guess."""
    travel: TravelEntry = Field(default_factory=TravelEntry)
    ranking: RankingEntry = Field(default_factory=RankingEntry)
    calcom: CalcomEntry | None = None
    """The account at Cal.com, if there is one."""
    default_service_id: ServiceId | None = Field(default=None, alias="defaultService")
    """Service of requests that name none."""
    holidays: list[Holiday] = Field(default=[])
    """Closed days: public holidays of countries (US) or regions (US-CO), or dates (2026-11-27)."""
    country: Country | None = None
    """Country of phone numbers without a country code; default: that of the locale, else that of the time zone."""
    verify_changes: Annotated[ChangeVerification, choice(ChangeVerification, planned=_NEEDS_MESSAGES)] = (
        _DEFAULTS.verify_changes
    )
    """Proof that a caller needs to change a booking. none: its id; contact: also its phone or email."""
    parts_of_day: PartsOfDayEntry = Field(default_factory=PartsOfDayEntry)
    wording: Annotated[Wording, choice(Wording)] = _DEFAULTS.wording
    """visit: a technician can come; appointment: a technician is available."""
    closures: list[ClosureEntry] = Field(default=[], max_length=MAX_CLOSURES)
    """Dates on which the business is closed."""
    areas: list[AreaEntry] = Field(default=[], max_length=MAX_AREAS)
    """Areas that technicians serve."""
    outside_areas: Annotated[OutsideAreas, choice(OutsideAreas)] = _DEFAULTS.outside_areas
    """Jobs in no area. refuse: they are refused; accept: no rule of an area applies."""
    cancel_notice_minutes: Annotated[int, integer("minutes", 0, 43_200, 1440)] | None = None
    """Time before a booking from which callers who cancel hear the terms; default: they never do."""


class ServiceEntry(Entry):
    """A kind of appointment."""

    planned = PLANNED_OF_SERVICE

    id: ServiceId = Field(examples=["ac-repair"])
    name: Name = Field(examples=["AC repair"])
    duration_minutes: Duration = Field(examples=[60])
    """Default length."""
    buffer_before_minutes: Buffer = 0
    """Time kept free before; adds to the previous job's buffer after."""
    buffer_after_minutes: Buffer = 0
    """Time kept free after; adds to the next job's buffer before."""
    skills: list[Skill] = Field(default=[])
    """Skills that a technician needs, all of them."""
    calcom_event_type_id: CalcomId | None = None
    """The service's event type at Cal.com."""
    min_duration_minutes: Duration | None = None
    """Shortest length that a caller may ask for; default: half of the service's, rounded up."""
    spoken: SpokenEntry = Field(default_factory=SpokenEntry)
    description: Description = ""
    """The service in one or two sentences."""
    guidance: Guidance = ""
    """For the agent: which words of a caller mean this service."""
    price: PriceEntry | None = None
    """Price of the service, if callers hear one."""
    terms: Terms = ""
    """Conditions that callers hear before booking."""
    questions: list[QuestionEntry] = Field(default=[], max_length=MAX_QUESTIONS)
    """Questions that callers answer before booking."""
    min_notice_minutes: Notice | None = None
    """Minimum time between now and an offered start; default: the project's."""
    horizon_days: Horizon | None = None
    """Number of local dates after today on which starts are offered; default: the project's."""
    max_bookings_per_day: Annotated[int, integer("bookings", 1, 1000, 10)] | None = None
    """Maximum number of the service's bookings and live holds on one local date of the project."""
    bookable: list[BookableEntry] = Field(default=[], min_length=1, max_length=MAX_BOOKABLE)
    """Time spans in which the service can start; default: whenever a technician works."""
    reserves: list[ReserveEntry] = Field(default=[], max_length=MAX_RESERVES, alias="reserve")
    """Capacity that is kept for emergencies."""


class OverrideEntry(Entry):
    """Working time of one date, in place of its shifts."""

    date: AnyDate = Field(examples=["2026-11-27"])
    """Absolute, or relative such as today+3."""
    closed: Flag = False
    """No working time on this date."""
    windows: list[WindowEntry] = Field(default=[])
    """Working time of the date; breaks still apply."""


class EventTypeEntry(Entry):
    """A Cal.com event type of one technician."""

    service_id: ServiceId = Field(alias="serviceType", examples=["ac-repair"])
    """Service of the event type."""
    id: CalcomId = Field(examples=[2042])
    """Id of the event type."""


class ConnectedCalendarEntry(Entry):
    """A calendar that a technician connected to Cal.com."""

    credential_id: CalcomId = Field(examples=[135])
    """From GET /v2/calendars."""
    external_id: Annotated[str, text("a calendar's id", "ana@example.com", longest=500)] = Field(
        examples=["ana@example.com"]
    )
    """From GET /v2/calendars."""


class CalcomHostEntry(Entry):
    """A technician's Cal.com account, identified by email, by id, or by both."""

    email: Email | None = None
    """Email address of the account."""
    user_id: CalcomId | None = None
    """Id of the account; it stays when the email changes."""
    event_types: list[EventTypeEntry] = Field(default=[])
    """The technician's own event types."""
    calendars: list[ConnectedCalendarEntry] = Field(default=[])
    """Calendars with their busy times."""


class TechnicianEntry(Entry):
    """A technician, with working time and absences."""

    exported_defaults = frozenset({"priority"})

    id: TechnicianId = Field(examples=["t-ana"])
    name: Name = Field(examples=["Ana"])
    priority: Annotated[int, integer("", 1, 1000, 1)] = 1
    """1 is the highest."""
    status: Annotated[TechnicianStatus, choice(TechnicianStatus)] = TechnicianStatus.ACTIVE
    """off: the technician gets no jobs."""
    timezone: ZoneName | None = None
    """IANA name; default: the project's."""
    skills: list[Skill] = Field(default=[])
    """Skills of the technician."""
    home: HomeEntry | None = None
    """Start of the technician's working days."""
    max_bookings_per_day: Annotated[int, integer("bookings", 1, 100, 6)] | None = None
    """Maximum number of bookings and live holds on one local date of the project."""
    shifts: list[ShiftEntry] = Field(default=[])
    """Recurring working time."""
    breaks: list[BreakEntry] = Field(default=[])
    """Recurring breaks from the shifts, at a fixed time or floating."""
    on_call: list[ShiftEntry] = Field(default=[])
    """Weekly working time for emergencies only."""
    overrides: list[OverrideEntry] = Field(default=[])
    """Working time of single dates."""
    time_off: list[TimeOffEntry] = Field(default=[])
    """Absences."""
    calcom: CalcomHostEntry | None = None
    """The technician's account at Cal.com."""


class BookingEntry(Entry):
    """An existing appointment."""

    id: BookingId = Field(examples=["b-1"])
    technician_id: TechnicianId = Field(examples=["t-ana"])
    """Technician whose time it takes."""
    service_id: ServiceId = Field(alias="serviceType", examples=["ac-repair"])
    """Service booked."""
    start: AnyMoment = Field(examples=["today+1T09:00"])
    end: AnyMoment | None = None
    """Default: the start plus the service's duration."""
    buffer_before_minutes: Buffer | None = None
    """Default: the service's."""
    buffer_after_minutes: Buffer | None = None
    """Default: the service's."""
    location: LocationEntry | None = None
    """Location of the job."""
    postal_code: PostalCode = ""
    """Postal code of the job."""
    priority: Annotated[Priority, choice(Priority)] = Priority.NORMAL
    """Priority with which it was booked."""
    technician_chosen: Flag = False
    """The caller asked for this technician, who keeps the booking when it moves."""
    status: Annotated[BookingStatus, choice(BookingStatus, without=BookingStatus.CANCELLED)] = BookingStatus.CONFIRMED
    """State of the booking; a canceled one takes no time and is left out."""


class BusyEntry(Entry):
    """Time that something else takes, such as an event in a calendar."""

    technician_id: TechnicianId = Field(examples=["t-ana"])
    """Technician whose time it takes."""
    start: AnyMoment = Field(examples=["2026-11-24T16:00Z"])
    end: AnyMoment = Field(examples=["2026-11-24T17:30Z"])
    source: Source | None = None
    """Origin of the busy time."""


class FileEntry(Entry):
    """One business: rules, services, technicians, and optionally an initial state."""

    project: ProjectEntry = Field(examples=[{"id": "denver-hvac", "name": "Front Range", "timezone": "America/Denver"}])
    services: list[ServiceEntry] = Field(
        json_schema_extra={"minItems": 1}, examples=[[{"id": "ac-repair", "name": "AC repair", "durationMinutes": 60}]]
    )
    technicians: list[TechnicianEntry] = Field(
        json_schema_extra={"minItems": 1}, examples=[[{"id": "t-ana", "name": "Ana"}]]
    )
    bookings: list[BookingEntry] = Field(default=[])
    """Initial bookings, without overlaps."""
    busy: list[BusyEntry] = Field(default=[])
    """Time that something else takes."""
