"""The shape of a project file: its keys, what each holds, and what is left out.

Checks that look at more than one value stand where the values become the domain's.
"""

from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.catalog import Project, RankingKey, SlotAlignment, TechnicianStatus, TravelMode, TravelPolicy
from slotmcp.project_file.field_types import choice, number, slug, text, whole
from slotmcp.project_file.fields import (
    AnyDate,
    AnyMoment,
    BookingId,
    Clock,
    Day,
    Email,
    Holiday,
    Latitude,
    Locale,
    Longitude,
    PlainDate,
    Variable,
    YesOrNo,
    ZoneName,
)

Name = Annotated[str, text("a name", "Front Range Heating", longest=200)]
Reason = Annotated[str, text("a reason", "holiday", longest=200)]
Source = Annotated[str, text("where it comes from", "calendar", longest=100)]
Skill = Annotated[str, slug("a skill", "hvac")]
ServiceId = Annotated[str, slug("a service's id", "ac-repair")]
TechnicianId = Annotated[str, slug("a technician's id", "t-ana")]
ProjectId = Annotated[str, slug("the project's id", "denver-hvac")]
Buffer = Annotated[int, whole("minutes", 0, 720, 15)]
Duration = Annotated[int, whole("minutes", 1, 1440, 60)]
CalcomId = Annotated[int, whole("", 1, 2_147_483_647, 1042)]
Ranking = Annotated[RankingKey, choice(RankingKey)]

_USUAL = Project(id="", name="", timezone="")
_TRAVEL = TravelPolicy()
_CALCOM = CalcomConnection(api_key_env="")


class Entry(BaseModel):
    """A group of keys. Unknown ones are refused."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        defer_build=True,
    )

    @classmethod
    def keys(cls) -> list[str]:
        """The keys as the file has them."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def example(cls, key: str) -> str:
        """A value of a required key, as the file would have it."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        return _as_yaml((fields[key].examples or ["..."])[0])


class LocationEntry(Entry):
    """A place, in decimal degrees (WGS 84)."""

    latitude: Latitude = Field(examples=[39.7392])
    longitude: Longitude = Field(examples=[-104.9903])


class TravelEntry(Entry):
    """The way between jobs, where their places are known."""

    mode: Annotated[TravelMode, choice(TravelMode)] = Field(
        default=_TRAVEL.mode,
        description="none: it does not count; estimated: technicians need time for it, by distance.",
    )
    speed_kmh: Annotated[float, number("kilometres an hour", 1, 200, 40)] = Field(
        default=_TRAVEL.speed_kmh, description="On the road, on average."
    )
    minutes_per_stop: Annotated[int, whole("minutes", 0, 120, 5)] = Field(
        default=_TRAVEL.minutes_per_stop, description="For parking and the walk to the door."
    )


class RankingEntry(Entry):
    """By what technicians are put in order, the most important first; ties go by id."""

    candidates: list[Ranking] = Field(
        default=list(_USUAL.candidate_ranking),
        min_length=1,
        description="The order in which those who could come are told.",
    )
    assignment: list[Ranking] = Field(
        default=list(_USUAL.assignment_ranking), min_length=1, description="Who gets a booking."
    )


class CalcomEntry(Entry):
    """The account at Cal.com. Secrets are named here, never written."""

    api_key_env: Variable = Field(examples=["CALCOM_API_KEY"], description="The variable that holds the API key.")
    webhook_secret_env: list[Variable] = Field(
        default=[],
        description="The variables that hold the webhook's secrets; two while one replaces the other.",
    )
    pending_blocks: YesOrNo = Field(
        default=_CALCOM.pending_blocks, description="Whether what is only requested takes time already."
    )


class ProjectEntry(Entry):
    """The rules that hold for all services and technicians."""

    id: ProjectId = Field(examples=["denver-hvac"], description="A short name for programs.")
    name: Name = Field(examples=["Front Range Heating & Air"], description="The business as callers know it.")
    timezone: ZoneName = Field(
        examples=["America/Denver"], description="IANA name of the zone in which the business lives."
    )
    locale: Locale = Field(default=_USUAL.locale, description="Language and country in which times are said.")
    slot_interval_minutes: Annotated[int, whole("minutes", 1, 1440, 15)] = Field(
        default=_USUAL.slot_interval_minutes, description="The grid of offered starts."
    )
    slot_alignment: Annotated[SlotAlignment, choice(SlotAlignment)] = Field(
        default=_USUAL.slot_alignment,
        description="clock: multiples of the interval from local midnight; opening: from where a free gap begins.",
    )
    min_notice_minutes: Annotated[int, whole("minutes", 0, 43_200, 60)] = Field(
        default=_USUAL.min_notice_minutes, description="No start is offered sooner than this."
    )
    horizon_days: Annotated[int, whole("days", 1, 366, 31)] = Field(
        default=_USUAL.horizon_days, description="No start is offered more than so many dates after today."
    )
    hold_ttl_seconds: Annotated[int, whole("seconds", 60, 120, 90)] = Field(
        default=_USUAL.hold_ttl_seconds, description="How long a hold lives."
    )
    max_holds_per_customer: Annotated[int, whole("holds", 1, 100, 3)] = Field(
        default=_USUAL.max_holds_per_customer, description="How many live holds one customer may have."
    )
    travel: TravelEntry = Field(default_factory=TravelEntry)
    ranking: RankingEntry = Field(default_factory=RankingEntry)
    calcom: CalcomEntry | None = Field(default=None, description="The account at Cal.com, if there is one.")
    default_service: ServiceId | None = Field(default=None, description="What callers mean when they name no service.")
    holidays: list[Holiday] = Field(
        default=[], description="Closed: public holidays of countries (US) or regions (US-CO), and dates (2026-11-27)."
    )


class ServiceEntry(Entry):
    """A kind of appointment."""

    id: ServiceId = Field(examples=["ac-repair"])
    name: Name = Field(examples=["AC repair"])
    duration_minutes: Duration = Field(examples=[60], description="The usual length.")
    buffer_before_minutes: Buffer = Field(
        default=0, description="Kept free before; adds to the buffer after the job before."
    )
    buffer_after_minutes: Buffer = Field(
        default=0, description="Kept free after; adds to the buffer before the next job."
    )
    skills: list[Skill] = Field(default=[], description="A technician needs all of them.")
    calcom_event_type_id: CalcomId | None = Field(default=None, description="The event type that it is at Cal.com.")


class WindowEntry(Entry):
    """A span of one date's wall clock. It runs past midnight where the end is before the start."""

    start: Clock = Field(examples=["08:00"])
    end: Clock = Field(examples=["17:00"])


class ShiftEntry(WindowEntry):
    """Working time, or a break, that comes back every week, in the technician's zone."""

    days: list[Day] = Field(
        min_length=1, examples=[["mon", "tue", "wed", "thu", "fri"]], description="The days on which it starts."
    )
    from_: PlainDate | None = Field(default=None, alias="from", description="The first date on which it starts.")
    until: PlainDate | None = Field(default=None, description="The last date on which it starts.")


class OverrideEntry(Entry):
    """Replaces the shifts that start on one date."""

    date: AnyDate = Field(examples=["2026-11-27"], description="Absolute, or relative such as today+3.")
    closed: YesOrNo = Field(default=False, description="Nobody works.")
    windows: list[WindowEntry] = Field(default=[], description="The hours instead; breaks are still taken out.")


class TimeOffEntry(Entry):
    """An absence, in the technician's zone. Whole dates: the end is the last date."""

    start: AnyMoment = Field(examples=["2026-12-24"])
    end: AnyMoment = Field(examples=["2026-12-26"])
    reason: Reason | None = Field(default=None, description="For whoever reads it.")


class EventTypeEntry(Entry):
    """An event type at Cal.com that is one technician's alone."""

    service_type: ServiceId = Field(examples=["ac-repair"], description="What is done.")
    id: CalcomId = Field(examples=[2042], description="The event type's id.")


class CalendarEntry(Entry):
    """A calendar that a technician has connected to Cal.com."""

    credential_id: CalcomId = Field(examples=[135], description="As GET /v2/calendars tells it.")
    external_id: Annotated[str, text("a calendar's id", "ana@example.com", longest=500)] = Field(
        examples=["ana@example.com"], description="As GET /v2/calendars tells it."
    )


class CalcomHostEntry(Entry):
    """Who a technician is at Cal.com: by e-mail, by id, or both."""

    email: Email | None = Field(default=None, description="As it stands there.")
    user_id: CalcomId | None = Field(default=None, description="Stays the same when the e-mail changes.")
    event_types: list[EventTypeEntry] = Field(default=[], description="Where they have their own.")
    calendars: list[CalendarEntry] = Field(default=[], description="Whose busy times are theirs.")


class TechnicianEntry(Entry):
    """Somebody who does the work, and when."""

    id: TechnicianId = Field(examples=["t-ana"])
    name: Name = Field(examples=["Ana"])
    priority: Annotated[int, whole("", 1, 1000, 1)] = Field(default=1, description="1 is first.")
    status: Annotated[TechnicianStatus, choice(TechnicianStatus)] = Field(
        default=TechnicianStatus.ACTIVE, description="off: takes no work at all."
    )
    timezone: ZoneName | None = Field(default=None, description="IANA name; the project's zone unless it is given.")
    skills: list[Skill] = Field(default=[], description="Of a service's, all are needed.")
    home: LocationEntry | None = Field(default=None, description="Where their working days begin.")
    max_bookings_per_day: Annotated[int, whole("bookings", 1, 100, 6)] | None = Field(
        default=None, description="Bookings and live holds that start on one date of the project's zone."
    )
    shifts: list[ShiftEntry] = Field(default=[], description="When they work, every week.")
    breaks: list[ShiftEntry] = Field(default=[], description="Taken out of whatever shift runs then.")
    overrides: list[OverrideEntry] = Field(default=[], description="Other hours on single dates.")
    time_off: list[TimeOffEntry] = Field(default=[], description="Absences.")
    calcom: CalcomHostEntry | None = Field(default=None, description="Who they are at Cal.com.")


class BookingEntry(Entry):
    """An appointment that is sold already."""

    id: BookingId = Field(examples=["b-1"])
    technician_id: TechnicianId = Field(examples=["t-ana"], description="Whose time it takes.")
    service_type: ServiceId = Field(examples=["ac-repair"], description="What is done.")
    start: AnyMoment = Field(examples=["today+1T09:00"])
    end: AnyMoment | None = Field(default=None, description="Left out: the service's duration after the start.")
    buffer_before_minutes: Buffer | None = Field(default=None, description="Left out: the service's.")
    buffer_after_minutes: Buffer | None = Field(default=None, description="Left out: the service's.")
    location: LocationEntry | None = Field(default=None, description="Where the job is.")


class BusyEntry(Entry):
    """Time taken by something outside, such as a calendar."""

    technician_id: TechnicianId = Field(examples=["t-ana"], description="Whose time it takes.")
    start: AnyMoment = Field(examples=["2026-11-24T16:00Z"])
    end: AnyMoment = Field(examples=["2026-11-24T17:30Z"])
    source: Source | None = Field(default=None, description="What takes the time.")


class FileEntry(Entry):
    """One business: its rules, its services, its technicians, and optionally a start state."""

    project: ProjectEntry = Field(examples=[{"id": "denver-hvac", "name": "Front Range", "timezone": "America/Denver"}])
    services: list[ServiceEntry] = Field(
        json_schema_extra={"minItems": 1}, examples=[[{"id": "ac-repair", "name": "AC repair", "durationMinutes": 60}]]
    )
    technicians: list[TechnicianEntry] = Field(
        json_schema_extra={"minItems": 1}, examples=[[{"id": "t-ana", "name": "Ana"}]]
    )
    bookings: list[BookingEntry] = Field(default=[], description="A start state; none of one technician overlap.")
    busy: list[BusyEntry] = Field(default=[], description="Time that something outside takes.")


def entry_at(place: tuple[str | int, ...]) -> type[Entry]:
    """The entry that stands, or should stand, at a place of the file."""
    entry: type[Entry] = FileEntry
    for step in place:
        fields = {field.alias or name: field for name, field in entry.model_fields.items()}
        inner = _entry_in(fields[step].annotation) if isinstance(step, str) and step in fields else None
        entry = inner or entry
    return entry


def _entry_in(annotation: object) -> type[Entry] | None:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        return annotation
    return next((entry for one in get_args(annotation) if (entry := _entry_in(one)) is not None), None)


def _as_yaml(example: object) -> str:
    match example:
        case dict():
            return "{" + ", ".join(f"{key}: {_as_yaml(value)}" for key, value in example.items()) + "}"
        case list():
            return "[" + ", ".join(_as_yaml(one) for one in example) + "]"
        case str() if ":" in example and len(example) == len("08:00"):
            return f'"{example}"'
        case _:
            return str(example)
