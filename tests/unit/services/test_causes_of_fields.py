"""Each field of a project file either can make a booking impossible, with an example, or cannot, with the reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, get_args, get_type_hints

import pytest

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import Booking
from slotmcp.domain.booking_rules import (
    BookableSpan,
    Closure,
    OutsideAreas,
    Price,
    Priority,
    Reserve,
    ServiceArea,
    ServiceQuestion,
)
from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.catalog import (
    ChangeVerification,
    DateOverride,
    Location,
    Project,
    RankingKey,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
    Wording,
)
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.recurrence import FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan
from support.shop import EVERY_DAY, at, booking, clock_text, hours, plan, service
from unit.services.conftest import Open

Cause = AttentionCause
Field = tuple[type, str]
Edit = Callable[[ProjectPlan], ProjectPlan]

TUESDAY, FRIDAY = date(2025, 6, 3), date(2025, 6, 6)
HOME, FAR = Location(39.74, -104.99), Location(39.98, -104.99)


def on_tuesday(time: str) -> int:
    return at(f"2025-06-03T{time}")


SHIFT: Final = WeeklySpan(
    days=EVERY_DAY,
    span=WallSpan(start_minute=8 * 60, end_minute=17 * 60),
    valid_from=date(2025, 1, 1),
    valid_until=date(2025, 12, 31),
)
ANA: Final = Technician(
    id="ana",
    name="Ana",
    timezone="UTC",
    skills=frozenset({"gas"}),
    home=HOME,
    max_bookings_per_day=2,
    shifts=(SHIFT,),
    breaks=(hours("12:00-12:30"),),
    overrides=(
        DateOverride(date=date(2025, 6, 4), windows=(WallSpan(start_minute=480, end_minute=1020),)),
        DateOverride(date=FRIDAY, windows=(WallSpan(start_minute=840, end_minute=1020),)),
    ),
    time_off=(
        TimeOff(start=on_tuesday("09:00"), end=on_tuesday("10:00"), reason="dentist"),
        TimeOff(start=on_tuesday("14:00"), end=on_tuesday("14:30")),
    ),
)
BEN: Final = replace(ANA, id="ben", name="Ben", priority=2)
VISIT: Final = replace(service("visit", skills="gas"), buffer_before_minutes=5, buffer_after_minutes=5)
BUSY: Final = (
    BusyTime(technician_id="ana", start=on_tuesday("10:30"), end=on_tuesday("11:00"), source="truck"),
    BusyTime(technician_id="ana", start=on_tuesday("14:10"), end=on_tuesday("14:20"), source="truck"),
    BusyTime(technician_id="ben", start=on_tuesday("13:00"), end=on_tuesday("13:30"), source="truck"),
)
CITY: Final = ServiceArea(id="city", postal_codes=("802*",))
ONE: Final = booking("one", "ana", on_tuesday("13:00"))
AT_THREE: Final = booking("three", "ana", on_tuesday("15:00"))
FAR_AWAY: Final = booking("drive", "ana", "2025-06-05T09:00")
SHOP: Final = plan(
    ANA,
    BEN,
    services=(VISIT, service("check")),
    busy=BUSY,
    bookings=(
        replace(ONE, claim=replace(ONE.claim, postal_code="80202")),
        replace(AT_THREE, claim=replace(AT_THREE.claim, buffer_after_minutes=5)),
        booking("nine", "ana", "2025-06-04T09:00"),
        booking("wednesday", "ana", "2025-06-04T13:00"),
        replace(FAR_AWAY, claim=replace(FAR_AWAY.claim, location=FAR)),
        booking("juneteenth", "ana", "2025-06-19T13:00"),
    ),
    horizon_days=30,
    default_service_id="visit",
    travel=TravelPolicy(mode=TravelMode.ESTIMATED),
)


@dataclass(frozen=True, kw_only=True)
class Invalidates:
    """Example of a change that makes bookings impossible."""

    edit: Edit
    cause: Cause
    before: Edit | None = None
    """Change of the shop before the import."""


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """Reason why a field cannot make a booking impossible, with a change."""

    reason: str
    edit: Edit | None = None


def project(**changes: Any) -> Edit:  # noqa: ANN401  a Project's fields
    return lambda business: replace(business, project=replace(business.project, **changes))


def travel(**changes: Any) -> Edit:  # noqa: ANN401  a TravelPolicy's fields
    return lambda business: project(travel=replace(business.project.travel, **changes))(business)


def ana(**changes: Any) -> Edit:  # noqa: ANN401  a Technician's fields
    return lambda business: replace(business, technicians=(replace(business.technicians[0], **changes), BEN))


def visit(**changes: Any) -> Edit:  # noqa: ANN401  a ServiceType's fields
    return lambda business: replace(business, services=(replace(VISIT, **changes), *business.services[1:]))


def shift(**changes: Any) -> Edit:  # noqa: ANN401  a WeeklySpan's fields
    return ana(shifts=(replace(SHIFT, **changes),))


def floating(**changes: Any) -> Edit:  # noqa: ANN401  a FloatingBreak's fields
    lunch = FloatingBreak(window=hours("12:30-14:00"), minutes=20)
    return ana(floating_breaks=(replace(lunch, **changes),))


def recurring(**changes: Any) -> Edit:  # noqa: ANN401  a RecurringTimeOff's fields
    absence = RecurringTimeOff(rrule="FREQ=WEEKLY;BYDAY=TU", first=date(2025, 6, 1))
    return ana(recurring_time_off=(replace(absence, **changes),))


def closure(**changes: Any) -> Edit:  # noqa: ANN401  a Closure's fields
    return project(closures=(replace(Closure(first=TUESDAY, last=TUESDAY), **changes),))


def override(index: int, **changes: Any) -> Edit:  # noqa: ANN401  a DateOverride's fields
    overrides = list(ANA.overrides)
    overrides[index] = replace(overrides[index], **changes)
    return ana(overrides=tuple(overrides))


def time_off(index: int, **changes: Any) -> Edit:  # noqa: ANN401  a TimeOff's fields
    absences = list(ANA.time_off)
    absences[index] = replace(absences[index], **changes)
    return ana(time_off=tuple(absences))


def busy(index: int, **changes: Any) -> Edit:  # noqa: ANN401  a BusyTime's fields
    spans = list(BUSY)
    spans[index] = replace(spans[index], **changes)
    return lambda business: replace(business, busy=tuple(spans))


def area(**changes: Any) -> Edit:  # noqa: ANN401  a ServiceArea's fields
    return project(areas=(replace(CITY, **changes),))


def parts(**changes: Any) -> Edit:  # noqa: ANN401  a PartsOfDay's fields
    return project(parts_of_day=replace(PartsOfDay(), **changes))


SPAN: Final = WallSpan(start_minute=0, end_minute=60)
AT_ANY_TIME: Final = BookableSpan(days=EVERY_DAY, span=WallSpan(start_minute=0, end_minute=1440))
AT_NIGHT: Final = booking("night", "ana", "2025-06-07T18:00")
EMERGENCY: Final = replace(AT_NIGHT, claim=replace(AT_NIGHT.claim, priority=Priority.EMERGENCY))


def bookable(**changes: Any) -> Edit:  # noqa: ANN401  a BookableSpan's fields
    return visit(bookable=(replace(AT_ANY_TIME, **changes),))


def with_emergency(business: ProjectPlan) -> ProjectPlan:
    """Return the shop with an emergency in the on-call time of a technician."""
    on_call = ana(on_call=(hours("17:30-20:00"),))(business)
    return replace(on_call, bookings=(*business.bookings, EMERGENCY))


CONNECTED: Final = CalcomConnection(api_key_env="CALCOM_API_KEY")
PROMISED: Final = "it decides which starts are offered, not whether a booked one can be kept"
CALENDAR: Final = "it decides which events are received, and their time arrives as calendar events"
SPOKEN: Final = "it only changes spoken sentences"
INFORMS: Final = "it only informs callers and their agents"
ASKED: Final = "it is asked before booking, and a booking keeps its answers"
PRICE: Final = Price(amount=Decimal(89), currency="USD", per="visit", text="The visit is $89.")
QUESTION: Final = ServiceQuestion(id="pets", ask="Any pets?")

DECLARED: Final[Mapping[Field, Invalidates | Harmless]] = {
    (ProjectPlan, "project"): Invalidates(edit=project(closed_dates=(TUESDAY,)), cause=Cause.BUSINESS_CLOSED),
    (ProjectPlan, "services"): Invalidates(
        edit=lambda business: replace(
            project(default_service_id="check")(business), services=business.services[1:], bookings=()
        ),
        cause=Cause.SERVICE_REMOVED,
    ),
    (ProjectPlan, "technicians"): Harmless(reason="a technician with bookings to come cannot be removed"),
    (ProjectPlan, "bookings"): Invalidates(
        edit=lambda business: replace(
            business, bookings=(*business.bookings, booking("new", "ana", on_tuesday("16:02"), 30))
        ),
        cause=Cause.TOO_CLOSE,
    ),
    (ProjectPlan, "busy"): Invalidates(
        edit=lambda business: replace(business, busy=(*BUSY, replace(BUSY[2], technician_id="ana"))), cause=Cause.BUSY
    ),
    (Project, "id"): Harmless(reason="another id is another project"),
    (Project, "name"): Harmless(reason=SPOKEN, edit=project(name="Other")),
    (Project, "timezone"): Invalidates(edit=project(timezone="Pacific/Kiritimati"), cause=Cause.DAY_FULL),
    (Project, "locale"): Harmless(reason=SPOKEN, edit=project(locale="fr")),
    (Project, "slot_interval_minutes"): Harmless(reason=PROMISED, edit=project(slot_interval_minutes=45)),
    (Project, "slot_alignment"): Harmless(reason=PROMISED, edit=project(slot_alignment=SlotAlignment.OPENING)),
    (Project, "min_notice_minutes"): Harmless(reason=PROMISED, edit=project(min_notice_minutes=9999)),
    (Project, "horizon_days"): Harmless(reason=PROMISED, edit=project(horizon_days=0)),
    (Project, "hold_ttl_seconds"): Harmless(reason="it applies to new holds", edit=project(hold_ttl_seconds=60)),
    (Project, "max_holds_per_customer"): Harmless(
        reason="it applies to new holds", edit=project(max_holds_per_customer=1)
    ),
    (Project, "candidate_ranking"): Harmless(
        reason="it orders technicians", edit=project(candidate_ranking=(RankingKey.ETA,))
    ),
    (Project, "assignment_ranking"): Harmless(
        reason="it orders technicians", edit=project(assignment_ranking=(RankingKey.ETA,))
    ),
    (Project, "travel"): Invalidates(
        edit=project(travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=10)), cause=Cause.TRAVEL_TIME
    ),
    (Project, "default_service_id"): Harmless(
        reason="it applies to requests", edit=project(default_service_id="check")
    ),
    (Project, "holiday_regions"): Invalidates(edit=project(holiday_regions=("US",)), cause=Cause.BUSINESS_CLOSED),
    (Project, "closed_dates"): Invalidates(edit=project(closed_dates=(date(2025, 6, 5),)), cause=Cause.BUSINESS_CLOSED),
    (Project, "calcom"): Harmless(reason=CALENDAR, edit=project(calcom=CONNECTED)),
    (Project, "country"): Harmless(reason="it only reads phone numbers", edit=project(country="DE")),
    (Project, "verify_changes"): Harmless(
        reason="it decides who may change a booking", edit=project(verify_changes=ChangeVerification.NONE)
    ),
    (Project, "parts_of_day"): Harmless(reason="it filters offered starts", edit=parts(morning=SPAN)),
    (Project, "cancel_notice_minutes"): Harmless(
        reason="it only changes what callers hear who cancel", edit=project(cancel_notice_minutes=60)
    ),
    (Project, "wording"): Harmless(reason=SPOKEN, edit=project(wording=Wording.APPOINTMENT)),
    (Project, "areas"): Invalidates(edit=area(technician_ids=("ben",)), cause=Cause.OUTSIDE_AREA),
    (Project, "outside_areas"): Invalidates(
        before=project(areas=(replace(CITY, postal_codes=("804*",)),), outside_areas=OutsideAreas.ACCEPT),
        edit=project(areas=(replace(CITY, postal_codes=("804*",)),), outside_areas=OutsideAreas.REFUSE),
        cause=Cause.OUTSIDE_AREA,
    ),
    (ServiceArea, "id"): Harmless(reason="it only names the area", edit=area(id="town")),
    (ServiceArea, "postal_codes"): Invalidates(
        before=area(), edit=area(postal_codes=("804*",)), cause=Cause.OUTSIDE_AREA
    ),
    (ServiceArea, "technician_ids"): Invalidates(
        before=area(), edit=area(technician_ids=("ben",)), cause=Cause.OUTSIDE_AREA
    ),
    (ServiceArea, "days"): Invalidates(before=area(), edit=area(days=frozenset({4})), cause=Cause.AREA_DAY),
    (ServiceArea, "extra_minutes"): Harmless(reason="a booking keeps its own buffers", edit=area(extra_minutes=90)),
    (ServiceArea, "fee"): Harmless(reason=SPOKEN, edit=area(fee="$45")),
    **{
        (PartsOfDay, name): Harmless(reason="it filters offered starts", edit=parts(**{name: SPAN}))
        for name in ("morning", "afternoon", "evening")
    },
    (TravelPolicy, "mode"): Invalidates(
        before=travel(mode=TravelMode.NONE, speed_kmh=10.0),
        edit=travel(mode=TravelMode.ESTIMATED),
        cause=Cause.TRAVEL_TIME,
    ),
    (TravelPolicy, "speed_kmh"): Invalidates(edit=travel(speed_kmh=30.0), cause=Cause.TRAVEL_TIME),
    (TravelPolicy, "minutes_per_stop"): Invalidates(edit=travel(minutes_per_stop=30), cause=Cause.TRAVEL_TIME),
    (TravelPolicy, "road_factor"): Invalidates(edit=travel(road_factor=2.0), cause=Cause.TRAVEL_TIME),
    (Location, "latitude"): Invalidates(edit=ana(home=replace(HOME, latitude=39.5)), cause=Cause.TRAVEL_TIME),
    (Location, "longitude"): Invalidates(edit=ana(home=replace(HOME, longitude=-105.5)), cause=Cause.TRAVEL_TIME),
    (ServiceType, "id"): Invalidates(
        edit=lambda business: replace(
            project(default_service_id="call")(business), services=(replace(VISIT, id="call"),), bookings=()
        ),
        cause=Cause.SERVICE_REMOVED,
    ),
    (ServiceType, "name"): Harmless(reason=SPOKEN, edit=visit(name="Call")),
    (ServiceType, "duration_minutes"): Harmless(
        reason="a booking keeps its own length", edit=visit(duration_minutes=600)
    ),
    (ServiceType, "buffer_before_minutes"): Harmless(
        reason="a booking keeps its own buffers", edit=visit(buffer_before_minutes=60)
    ),
    (ServiceType, "buffer_after_minutes"): Harmless(
        reason="a booking keeps its own buffers", edit=visit(buffer_after_minutes=60)
    ),
    (ServiceType, "skills"): Invalidates(edit=visit(skills=frozenset({"gas", "solar"})), cause=Cause.SKILL_MISSING),
    (ServiceType, "calcom_event_type_id"): Harmless(reason=CALENDAR, edit=visit(calcom_event_type_id=7)),
    (ServiceType, "min_duration_minutes"): Harmless(
        reason="it applies to requests", edit=visit(min_duration_minutes=60)
    ),
    (ServiceType, "bookable"): Invalidates(edit=bookable(span=SPAN), cause=Cause.NOT_BOOKABLE_THEN),
    (BookableSpan, "days"): Invalidates(
        before=bookable(), edit=bookable(days=EVERY_DAY - {TUESDAY.weekday()}), cause=Cause.NOT_BOOKABLE_THEN
    ),
    (BookableSpan, "span"): Invalidates(before=bookable(), edit=bookable(span=SPAN), cause=Cause.NOT_BOOKABLE_THEN),
    (BookableSpan, "priority"): Invalidates(
        before=bookable(), edit=bookable(priority=Priority.EMERGENCY), cause=Cause.NOT_BOOKABLE_THEN
    ),
    (ServiceType, "min_notice_minutes"): Harmless(reason=PROMISED, edit=visit(min_notice_minutes=9999)),
    (ServiceType, "horizon_days"): Harmless(reason=PROMISED, edit=visit(horizon_days=0)),
    (ServiceType, "max_bookings_per_day"): Harmless(
        reason="it limits what is sold; the technicians can serve what was sold", edit=visit(max_bookings_per_day=1)
    ),
    (ServiceType, "reserves"): Harmless(reason=PROMISED, edit=visit(reserves=(Reserve(places=2, until_minutes=60),))),
    **{(Reserve, name): Harmless(reason=PROMISED) for name in ("places", "until_minutes", "priority")},
    (ServiceType, "spoken"): Harmless(reason=SPOKEN, edit=visit(spoken={"de": "der Besuch"})),
    (ServiceType, "description"): Harmless(reason=INFORMS, edit=visit(description="A visit.")),
    (ServiceType, "guidance"): Harmless(reason=INFORMS, edit=visit(guidance="Use for a visit.")),
    (ServiceType, "price"): Harmless(reason=INFORMS, edit=visit(price=PRICE)),
    (ServiceType, "terms"): Harmless(reason=INFORMS, edit=visit(terms="Cancel a day ahead.")),
    (ServiceType, "questions"): Harmless(reason="a booking keeps its answers", edit=visit(questions=(QUESTION,))),
    (Price, "amount"): Harmless(reason=INFORMS, edit=visit(price=replace(PRICE, amount=Decimal(90)))),
    (Price, "currency"): Harmless(reason=INFORMS, edit=visit(price=replace(PRICE, currency="EUR"))),
    (Price, "per"): Harmless(reason=INFORMS, edit=visit(price=replace(PRICE, per="hour"))),
    (Price, "text"): Harmless(reason=INFORMS, edit=visit(price=replace(PRICE, text="It is free."))),
    (ServiceQuestion, "id"): Harmless(reason=ASKED, edit=visit(questions=(replace(QUESTION, id="dogs"),))),
    (ServiceQuestion, "ask"): Harmless(reason=ASKED, edit=visit(questions=(replace(QUESTION, ask="Any dogs?"),))),
    (ServiceQuestion, "is_required"): Harmless(
        reason=ASKED, edit=visit(questions=(replace(QUESTION, is_required=True),))
    ),
    (Technician, "id"): Harmless(reason="a technician with bookings to come cannot be removed"),
    (Technician, "name"): Harmless(reason=SPOKEN, edit=ana(name="Anna")),
    (Technician, "timezone"): Invalidates(edit=ana(timezone="Asia/Tokyo"), cause=Cause.OUTSIDE_HOURS),
    (Technician, "priority"): Harmless(reason="it orders technicians", edit=ana(priority=9)),
    (Technician, "status"): Invalidates(edit=ana(status=TechnicianStatus.OFF), cause=Cause.TECHNICIAN_OFF),
    (Technician, "skills"): Invalidates(edit=ana(skills=frozenset({"solar"})), cause=Cause.SKILL_MISSING),
    (Technician, "home"): Invalidates(
        before=ana(home=None), edit=ana(home=Location(39.5, -104.99)), cause=Cause.TRAVEL_TIME
    ),
    (Technician, "home_postal_code"): Harmless(
        reason="an import finds its location, which is the home", edit=ana(home_postal_code="80202")
    ),
    (Technician, "max_bookings_per_day"): Invalidates(edit=ana(max_bookings_per_day=1), cause=Cause.DAY_FULL),
    (Technician, "shifts"): Invalidates(edit=ana(shifts=()), cause=Cause.OUTSIDE_HOURS),
    (Technician, "breaks"): Invalidates(edit=ana(breaks=(hours("13:30-14:00"),)), cause=Cause.OUTSIDE_HOURS),
    (Technician, "on_call"): Invalidates(before=with_emergency, edit=ana(on_call=()), cause=Cause.OUTSIDE_HOURS),
    (Technician, "overrides"): Invalidates(
        edit=ana(overrides=(DateOverride(date=TUESDAY),)), cause=Cause.OUTSIDE_HOURS
    ),
    (Technician, "time_off"): Invalidates(
        edit=ana(time_off=(TimeOff(start=on_tuesday("00:00"), end=on_tuesday("18:00")),)), cause=Cause.TIME_OFF
    ),
    (Technician, "calcom"): Harmless(reason=CALENDAR, edit=ana(calcom=CalcomHost(email="ana@example.com"))),
    (WeeklySpan, "days"): Invalidates(edit=shift(days=EVERY_DAY - {TUESDAY.weekday()}), cause=Cause.OUTSIDE_HOURS),
    (WeeklySpan, "span"): Invalidates(edit=shift(span=SPAN), cause=Cause.OUTSIDE_HOURS),
    (WeeklySpan, "valid_from"): Invalidates(edit=shift(valid_from=date(2025, 6, 7)), cause=Cause.OUTSIDE_HOURS),
    (WeeklySpan, "valid_until"): Invalidates(edit=shift(valid_until=date(2025, 6, 2)), cause=Cause.OUTSIDE_HOURS),
    (WeeklySpan, "every_weeks"): Invalidates(edit=shift(every_weeks=3), cause=Cause.OUTSIDE_HOURS),
    (WeeklySpan, "rrule"): Invalidates(edit=shift(rrule="FREQ=WEEKLY;BYDAY=MO"), cause=Cause.OUTSIDE_HOURS),
    (Technician, "floating_breaks"): Invalidates(edit=floating(minutes=60), cause=Cause.TOO_CLOSE),
    (FloatingBreak, "window"): Invalidates(
        before=floating(), edit=floating(window=hours("13:00-14:00")), cause=Cause.TOO_CLOSE
    ),
    (FloatingBreak, "minutes"): Invalidates(before=floating(), edit=floating(minutes=60), cause=Cause.TOO_CLOSE),
    (Technician, "recurring_time_off"): Invalidates(edit=recurring(), cause=Cause.TIME_OFF),
    (RecurringTimeOff, "rrule"): Invalidates(
        before=recurring(rrule="FREQ=WEEKLY;BYDAY=SU"), edit=recurring(), cause=Cause.TIME_OFF
    ),
    (RecurringTimeOff, "first"): Invalidates(
        before=recurring(first=date(2026, 6, 1)), edit=recurring(), cause=Cause.TIME_OFF
    ),
    (RecurringTimeOff, "span"): Invalidates(before=recurring(span=SPAN), edit=recurring(), cause=Cause.TIME_OFF),
    (RecurringTimeOff, "reason"): Harmless(
        reason=SPOKEN, edit=recurring(rrule="FREQ=WEEKLY;BYDAY=SU", reason="school")
    ),
    (Project, "closures"): Invalidates(edit=closure(), cause=Cause.BUSINESS_CLOSED),
    (Closure, "first"): Invalidates(
        before=closure(first=date(2025, 6, 7), last=date(2025, 6, 8)),
        edit=closure(last=date(2025, 6, 8)),
        cause=Cause.BUSINESS_CLOSED,
    ),
    (Closure, "last"): Invalidates(
        before=closure(first=date(2025, 6, 2), last=date(2025, 6, 2)),
        edit=closure(first=date(2025, 6, 2)),
        cause=Cause.BUSINESS_CLOSED,
    ),
    (Closure, "span"): Invalidates(before=closure(span=SPAN), edit=closure(), cause=Cause.BUSINESS_CLOSED),
    (Closure, "reason"): Harmless(
        reason=SPOKEN, edit=closure(first=date(2025, 6, 7), last=date(2025, 6, 8), reason="break")
    ),
    (WallSpan, "start_minute"): Invalidates(
        edit=shift(span=replace(SHIFT.span, start_minute=13 * 60 + 1)), cause=Cause.OUTSIDE_HOURS
    ),
    (WallSpan, "end_minute"): Invalidates(
        edit=shift(span=replace(SHIFT.span, end_minute=15 * 60)), cause=Cause.OUTSIDE_HOURS
    ),
    (DateOverride, "date"): Invalidates(edit=override(1, date=TUESDAY), cause=Cause.OUTSIDE_HOURS),
    (DateOverride, "windows"): Invalidates(
        edit=override(0, windows=(WallSpan(start_minute=480, end_minute=800),)), cause=Cause.OUTSIDE_HOURS
    ),
    (TimeOff, "start"): Invalidates(edit=time_off(1, start=on_tuesday("13:59")), cause=Cause.TIME_OFF),
    (TimeOff, "end"): Invalidates(edit=time_off(0, end=on_tuesday("13:01")), cause=Cause.TIME_OFF),
    (TimeOff, "reason"): Harmless(reason=SPOKEN, edit=time_off(0, reason="sick")),
    (TimeOff, "by_operator"): Harmless(reason="it decides who may remove it", edit=time_off(0, by_operator=True)),
    (BusyTime, "technician_id"): Invalidates(edit=busy(2, technician_id="ana"), cause=Cause.BUSY),
    (BusyTime, "start"): Invalidates(edit=busy(1, start=on_tuesday("13:30")), cause=Cause.BUSY),
    (BusyTime, "end"): Invalidates(edit=busy(0, end=on_tuesday("13:30")), cause=Cause.BUSY),
    (BusyTime, "source"): Harmless(reason="the time stays", edit=busy(0, source="van")),
    **{
        (type_, name): Harmless(reason=CALENDAR)
        for type_ in (CalcomConnection, CalcomHost, ConnectedCalendar)
        for name in (field.name for field in fields(type_))
    },
}


def dataclasses_in(hint: object) -> Iterator[type]:
    """Yield the dataclasses that a type hint names."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for argument in get_args(hint):
        yield from dataclasses_in(argument)


def all_fields() -> set[Field]:
    """Return every field of a project file's values, also nested ones. Bookings are the promises themselves."""
    found: set[Field] = set()
    open_types: list[type] = [ProjectPlan]
    while open_types:
        type_ = open_types.pop()
        for name, hint in get_type_hints(type_).items():
            if (type_, name) not in found:
                found.add((type_, name))
                open_types += [nested for nested in dataclasses_in(hint) if nested is not Booking]
    return found


def test_every_field_is_declared() -> None:
    declared = set(DECLARED)
    assert {"missing": all_fields() - declared, "left over": declared - all_fields()} == {
        "missing": set(),
        "left over": set(),
    }, "declare whether the field can make a booking impossible, with an example"


def named(kind: type) -> list[Any]:
    return [
        pytest.param(case, id=f"{type_.__name__}.{name}")
        for (type_, name), case in DECLARED.items()
        if isinstance(case, kind)
    ]


@pytest.mark.parametrize("case", named(Invalidates))
async def test_a_change_of_the_field_marks_bookings_until_it_is_undone(opened: Open, case: Invalidates) -> None:
    first = case.before(SHOP) if case.before else SHOP
    shop = await opened(first)
    report = await shop.app.projects.import_project(case.edit(first), prune=True)
    assert report.effects.marked > 0
    causes = {one.found.booking.id: one.found.booking.attention.in_order() for one in report.effects.listed}
    assert case.cause in {cause for each in causes.values() for cause in each}, causes
    assert {one.id for one in await shop.store.bookings("shop") if one.attention} == set(causes)
    again = await shop.app.projects.import_project(case.edit(first), prune=True)
    assert again.effects.marked == 0
    back = await shop.app.projects.import_project(replace(first, bookings=()), prune=True)
    if case is not DECLARED[ProjectPlan, "bookings"]:  # an import removes no booking
        assert back.effects.cleared == len(causes)
        assert [one.id for one in await shop.store.bookings("shop") if one.attention] == []


@pytest.mark.parametrize("case", [one for one in named(Harmless) if one.values[0].edit])
async def test_a_change_of_the_field_marks_no_booking(opened: Open, case: Harmless) -> None:
    shop = await opened(SHOP)
    assert case.edit is not None
    changed = case.edit(SHOP)
    assert changed != SHOP
    report = await shop.app.projects.import_project(changed, prune=True)
    assert report.updated or report.created
    assert report.effects.marked == 0
    assert [one.id for one in await shop.store.bookings("shop") if one.attention] == []


async def test_a_technician_with_bookings_to_come_cannot_be_removed(opened: Open) -> None:
    shop = await opened(SHOP)
    for technicians in ((BEN,), (replace(ANA, id="anna"), BEN)):
        with pytest.raises(InvalidArgument, match=r"ana has 6 bookings or holds to come.*status: off"):
            await shop.app.projects.import_project(
                replace(SHOP, technicians=technicians, bookings=(), busy=()), prune=True
            )


async def test_the_shop_of_the_examples_fits(opened: Open) -> None:
    shop = await opened(SHOP)
    answer = await shop.app.technicians.list_technicians(None)
    assert [clock_text(one.next_booking.booking.claim.start) for one in answer.technicians if one.next_booking] == [
        "13:00"
    ]
    assert (await shop.app.attention.list_attention(None)).affected == ()
