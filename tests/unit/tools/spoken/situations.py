"""Situations in which every sentence is spoken: kinds of times, zones, names, counts and reasons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import AssignmentReason, Booking
from slotmcp.domain.booking_rules import Price, ServiceArea, ServiceQuestion
from slotmcp.domain.catalog import Project, RankingKey, ServiceType, Technician, Wording
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import ProblemKind
from slotmcp.domain.reasons import Reason
from slotmcp.domain.report import Funnel
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.lookups import FoundBooking
from slotmcp.services.technicians import AbsenceAnswer
from slotmcp.tools.speech import (
    areas,
    bookings,
    operators,
    reasons,
    receptionist,
    refusals,
    sentences,
    service_terms,
    waitlist,
)
from slotmcp.tools.speech.attention import say_attention
from slotmcp.tools.speech.viewpoint import Viewpoint

Situation = tuple[str, str]
"""Heading, and the sentence that is spoken."""

DENVER: Final = ZoneInfo("America/Denver")
HOUSE_CALLS: Final = Project(id="p", name="P", timezone="America/Denver")
CLINIC: Final = replace(HOUSE_CALLS, wording=Wording.APPOINTMENT)
BEFORE_THE_CLOCK_GOES_BACK: Final = "2026-10-31T12:00"


def minute(text: str, fold: int = 0) -> int:
    """Return the minute of a local time in Denver."""
    return int(datetime.fromisoformat(text).replace(tzinfo=DENVER, fold=fold).timestamp()) // 60


NOW_MS: Final = minute("2026-11-22T12:00") * 60_000
"""A Sunday at noon."""
ALL_TIMES: Final = (
    *("2026-11-22T15:00", "2026-11-23T00:00", "2026-11-23T09:00", "2026-11-23T12:00", "2026-11-24T00:00"),
    *("2026-11-24T00:15", "2026-11-24T01:00", "2026-11-24T05:30", "2026-11-24T06:00", "2026-11-24T12:15"),
    *("2026-11-25T00:00", "2026-11-25T13:05", "2026-11-25T17:00", "2026-11-25T18:45", "2026-11-26T19:30"),
    *("2026-11-26T20:00", "2026-11-26T21:00", "2026-11-27T23:59", "2026-11-28T10:00", "2026-11-30T08:00"),
    *("2026-12-01T09:00", "2026-12-22T16:30", "2027-01-31T11:15", "2027-12-24T21:00"),
)
SOME_TIMES: Final = ("2026-11-22T15:00", "2026-11-23T00:00", "2026-11-25T17:00", "2026-12-01T10:30")
OFFERS: Final[tuple[tuple[str, ...], ...]] = (
    ("2026-11-23T09:00",),
    ("2026-11-23T09:00", "2026-11-23T10:30"),
    ("2026-11-24T09:00", "2026-11-24T12:00", "2026-11-24T13:00"),
    ("2026-11-24T08:00", "2026-11-24T08:30", "2026-11-24T17:00"),
    ("2026-11-24T01:00", "2026-11-24T05:00", "2026-11-24T11:00"),
    ("2026-11-23T12:00", "2026-11-24T08:00"),
    ("2026-11-27T02:00", "2026-11-28T05:00"),
    ("2026-11-23T09:00", "2026-11-24T14:15", "2026-11-25T15:00"),
    ("2026-11-30T09:00", "2026-12-01T10:30", "2026-12-02T15:45"),
    ("2027-11-30T09:15", "2027-12-01T10:30", "2027-12-02T15:45"),
)
SOME_OFFERS: Final = (OFFERS[0], OFFERS[2], OFFERS[7], OFFERS[8])
PEOPLE: Final = ("Ana", "Ben Okafor", "Dr. A. Olivier", "Dra. Inés Ruiz", "John Smith Jr.", "Kim (trainee)")
REPAIR: Final = ServiceType(
    id="repair",
    name="Repairs",
    duration_minutes=60,
    spoken={
        "es": "la reparación de la calefacción",
        "fr": "la réparation du chauffage",
        "de": "die Heizungsreparatur",
    },
)
QUESTIONS: Final = (
    ServiceQuestion(id="age", ask="How old is it?", is_required=True),
    ServiceQuestion(id="pets", ask="any pets", is_required=True),
)
SERVICES: Final = (
    REPAIR,
    ServiceType(id="check", name="A/C check (gas) - 30 min.", duration_minutes=30),
    ServiceType(id="urgent", name="24/7 emergency/urgent work", duration_minutes=60),
    ServiceType(id="install", name="Installation", duration_minutes=240),
    ServiceType(id="visit", name="Visit", duration_minutes=60),
)


def view_of(locale: str, timezone: str = "", project: Project = HOUSE_CALLS) -> Viewpoint:
    """Return the viewpoint of a caller."""
    return Viewpoint.of(project, NOW_MS, timezone=timezone, locale=locale)


def situations(locale: str) -> Iterator[Situation]:
    """Render every sentence for callers in a language."""
    yield from _times(locale)
    yield from _offers(locale)
    yield from _holds(locale)
    yield from _services(locale)
    yield from _service_terms(locale)
    yield from _bookings(locale)
    yield from _reasons(locale)
    yield from _waitlist(locale)
    yield from _phone(locale)
    yield from _errors(locale)


def operator_situations(locale: str) -> Iterator[Situation]:
    """Render every sentence for operators in a language."""
    view = view_of(locale)
    for timezone in ("Europe/Amsterdam", "UTC"):
        yield "An operator changes a technician", operators.time_off("Ana", view_of(locale, timezone))
    for name in PEOPLE[:3]:
        for confirm in (operators.active, operators.inactive, operators.time_off):
            yield "An operator changes a technician", confirm(name, view)
        for reason in _assignments():
            yield "Why a technician was assigned", bookings.assignment_reason(name, reason, view)
    for cause in AttentionCause:
        yield "A booking needs attention", say_attention(Attention(causes=frozenset({cause})), view.voice)
    for count in (0, 1, 2, 5):
        yield "An operator looks around", operators.technicians(min(count, 2), count, view)
        yield "An operator looks around", waitlist.overview(count, view)
        funnel = Funnel(conversations=count, offered=count, held=2, booked=1, thinking=0, lost={})
        yield "An operator looks around", operators.funnel(funnel, min(count, 2), view)
        yield from ((f"An absence affects {count}", effect) for effect in operators.consequences(_absence(count), view))


def _starts(locale: str) -> Iterator[tuple[int, Viewpoint]]:
    yield from ((minute(text), view_of(locale)) for text in SOME_TIMES)
    yield minute("2026-12-01T10:30"), view_of(locale, "Africa/Cairo")


def _times(locale: str) -> Iterator[Situation]:
    for text in ALL_TIMES:
        yield "Every kind of time", sentences.hold_booked(minute(text), view_of(locale))
    for timezone in ("Africa/Cairo", "America/New_York", "Europe/Amsterdam", "UTC", "Etc/GMT+5"):
        yield "Other zones", sentences.hold_booked(minute("2026-11-24T09:00"), view_of(locale, timezone))
    view = Viewpoint.of(HOUSE_CALLS, minute(BEFORE_THE_CLOCK_GOES_BACK) * 60_000, locale=locale)
    for fold in (0, 1):
        yield "The clock goes back", sentences.hold_booked(minute("2026-11-01T01:30", fold), view)
    yield "Yesterday", sentences.hold_booked(minute("2026-11-21T09:00"), view_of(locale))


def _offers(locale: str) -> Iterator[Situation]:
    for texts in OFFERS:
        yield "Free times", sentences.free_times([minute(text) for text in texts], view_of(locale))
    views = view_of(locale), view_of(locale, "Africa/Cairo")
    for (heading, offer), view, texts in product(_OFFERING.items(), views, SOME_OFFERS):
        yield heading, offer([minute(text) for text in texts], view)
    for start, view in _starts(locale):
        yield "Nothing is free then", sentences.nothing_free(start, view)
    yield "Nothing is free then", sentences.nothing_free(None, view_of(locale))
    yield "No more times", sentences.no_more_times(view_of(locale))


def _refused_start(starts: Sequence[int], view: Viewpoint) -> str:
    return sentences.refused_start(reasons.for_team(Reason.DAY_FULL, view), starts, view)


_OFFERING: Final[dict[str, Callable[[Sequence[int], Viewpoint], str]]] = {
    "Free times, in this zone and another": sentences.free_times,
    "The start is taken": sentences.unavailable,
    "The start is refused for a reason": _refused_start,
    "The hold has expired": sentences.hold_expired,
    "The hold was withdrawn": bookings.hold_withdrawn,
    "No need to wait": sentences.no_need_to_wait,
}


def _holds(locale: str) -> Iterator[Situation]:
    for seconds in (0, 60, 120):
        yield "A time is held", sentences.held(minute("2026-11-23T09:00"), view_of(locale), seconds)
    service = ServiceType(id="ac-repair", name="AC repair", duration_minutes=60)
    for seconds in (0, 60, 90, 120):
        yield "A time is held", sentences.held_service(service, minute("2026-11-23T09:00"), view_of(locale), seconds)
    for start, view in _starts(locale):
        yield "A time is held", sentences.held(start, view, 90)
        yield "A hold has ended", sentences.hold_ended(start, view)
        yield "A hold is booked", sentences.hold_booked(start, view)
    for is_booked, is_released in ((True, False), (False, True), (False, False)):
        spoken = sentences.released(view_of(locale), is_booked=is_booked, is_released=is_released)
        yield "A hold is released", spoken
    monday, tuesday = minute("2026-11-23T09:00"), minute("2026-11-24T14:30")
    for own in ((), (monday,), (monday, tuesday)):
        yield "An unknown hold", sentences.unknown_hold(own, view_of(locale))
    yield "A time that was held for long", sentences.held_too_long(view_of(locale))
    yield "Too many holds", sentences.too_many_holds(view_of(locale))


def _services(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    for count in range(len(SERVICES) + 1):
        yield "What can be booked", sentences.services(SERVICES[:count], view)
    days = [view.today + timedelta(days=ahead) for ahead in (1, 4, 7, 9)]
    for count in range(1, len(days) + 1):
        yield "Closed days", sentences.services(SERVICES, view, preface=sentences.closed_days(days[:count], view))
        yield "Emergency days", sentences.closed_except_for_emergencies(days[:count], view)
        yield "Shorter days", sentences.shorter_hours(days[:count], view)


def _service_terms(locale: str) -> Iterator[Situation]:
    """Render what is said beside the business's own words, which the test has in English."""
    priced = replace(REPAIR, price=Price(text="The visit is 89 dollars."))
    strict = replace(REPAIR, terms="cancel a day ahead")
    curious = [replace(REPAIR, questions=QUESTIONS[:count]) for count in (1, 2)]
    view, start = view_of(locale), minute("2026-11-23T09:00")
    for service in (REPAIR, priced, strict):
        yield "About a service", service_terms.about(service, view)
    for service, names_service in product((priced, strict, *curious), (False, True)):
        spoken = service_terms.held(service, start, view, names_service=names_service)
        yield "A time is held, with what the caller has to hear", spoken
    for count in (1, 2):
        asks = [question.ask for question in QUESTIONS[:count]]
        yield "A question is not answered", service_terms.unanswered(asks, view)
    yield "On short notice", service_terms.short_notice(strict.terms, view)


def _bookings(locale: str) -> Iterator[Situation]:
    pairs = [("Ana", REPAIR), ("Dr. A. Olivier", SERVICES[1]), ("John Smith Jr.", SERVICES[2])]
    for (start, view), (name, service) in product(_starts(locale), pairs):
        appointment = bookings.BookingDetails(start, service, name)
        yield "Booked", bookings.booked(appointment, view)
        yield "Moved", bookings.moved(appointment, view)
        yield "Moved", bookings.moved_to_other_technician(appointment, view, previous_technician="Dra. Inés Ruiz")
        yield "Not moved", bookings.not_moved(appointment, view)
        yield "Canceled", bookings.canceled(appointment, view)
        yield "Corrected", bookings.already_so(appointment, view)
        yield from (("Corrected", bookings.corrected(appointment, view, needs_check=each)) for each in (False, True))
        for seen in (appointment, replace(appointment, technician="")):
            yield "Found", bookings.only_upcoming(seen, view)
            yield "Found", bookings.last_past(seen, view)
            yield from (("Found", bookings.several_upcoming(count, seen, view)) for count in (1, 2, 5))
        yield "Details added", bookings.details_stored(appointment, view)
        yield "Already booked", bookings.already_booked(appointment, view)
    yield "Found", bookings.none_upcoming(view_of(locale))
    yield "Found", bookings.none_found(view_of(locale))


def _reasons(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    nine = minute("2026-11-26T09:00")
    for reason in (None, *Reason):
        yield "Why not, for the team", reasons.for_team(reason, view)
    for name, reason in product(("Ana", "Dr. A. Olivier"), (None, *Reason)):
        yield "Why not, for a technician", reasons.for_technician(name, reason, view)
    for name in PEOPLE:
        yield "Names", reasons.for_technician(name, Reason.HELD, view)
    yield "Why not, for a technician", reasons.for_technician("Ana", None, view_of(locale, project=CLINIC))
    ends = ("2026-11-26T13:00", "2026-11-27T00:00", "2026-11-28T00:00", "2026-12-01T00:00", "2026-12-01T08:00")
    for end, reason in product(ends, reasons.UNTIL_TIME):
        spoken = reasons.for_technician("Ana", reason, view, start=nine, until=minute(end))
        yield "Why not, and until when", spoken
    for text in ("2026-11-22T08:00", "2024-11-24T10:00"):
        yield "In the past", reasons.passed(minute(text), view)
    yield from _changes(locale)


def _changes(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    cause = reasons.for_team(Reason.BOOKED, view)
    for start, seen in _starts(locale):
        yield "What would be possible", reasons.available(start, seen)
        yield "What would be possible", reasons.other_start(start, seen)
        yield "What would be possible", reasons.next_free(cause, start, Reason.BOOKED, seen)
    for project, names in product((HOUSE_CALLS, CLINIC), (["Ana"], ["Ana", "Olga"], ["Ben", "Dr. A. Olivier", "Eva"])):
        seen = view_of(locale, project=project)
        yield "What would be possible", reasons.other_technicians(names, seen)
        yield "The technician is taken", reasons.technician_unavailable("Inés", names, [], seen)
        yield "The technician is taken", reasons.technician_unavailable("Dra. Inés Ruiz", names, [], seen)
    for texts in OFFERS:
        starts = [minute(text) for text in texts]
        yield "Everybody is taken", reasons.technician_unavailable("Ana", [], starts, view)
    for minutes in (1, 2, 45):
        yield "What would be possible", reasons.shorter_fits(minutes, view)
    yield "What would be possible", reasons.open_for_emergencies(view)
    yield "What would be possible", reasons.open_at_other_times(view)
    yield from (
        ("Nothing later", reasons.next_free(cause, None, reason, view)) for reason in (Reason.BOOKED, Reason.NOTICE)
    )
    yield "Questions", reasons.ask_if_suitable(view)
    yield "Questions", reasons.ask_to_search(view)


def _waitlist(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    for position in (1, 2, 3, 6):
        yield "Waiting", waitlist.waiting(position, view)
    for minutes in (0, 1, 2):
        yield "An offer to a waiting caller", waitlist.offered(minute("2026-11-23T09:00"), view, minutes)
    for start, seen in _starts(locale):
        yield "An offer to a waiting caller", waitlist.offered(start, seen, 15)
    strict = replace(REPAIR, terms="cancel a day ahead")
    yield "An offer to a waiting caller", service_terms.offered(strict, minute("2026-11-23T09:00"), view)
    for spoken in (waitlist.fulfilled, waitlist.canceled, waitlist.changed, waitlist.expired, waitlist.left):
        yield "No longer waiting", spoken(view)


def _phone(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    yield "On the phone", receptionist.greeting("Alpine Heating", view)
    for spoken in (receptionist.one_moment, receptionist.still_looking):
        yield "On the phone", spoken(view)


def _errors(locale: str) -> Iterator[Situation]:
    view = view_of(locale)
    for refuse in (sentences.unavailable, sentences.hold_expired, bookings.hold_withdrawn, _refused_start):
        yield "Nothing instead", refuse([], view)
    for flag in (False, True):
        yield "The caller is not verified", bookings.verification_needed(view, has_contact=flag)
        yield "The booking is closed", bookings.closed(view, is_canceled=flag)
    yield "The caller is not verified", bookings.too_many_guesses(view)
    yield "It did not work", sentences.refused(view)
    for kind in ProblemKind:
        yield "The request lacks something", refusals.refuse(kind, view)
    for first in (date(2026, 11, 23), date(2026, 11, 24), date(2026, 12, 1)):
        second = first + timedelta(days=7)
        yield "The words mean two days", refusals.both_days(first, second, view)
    yield "It did not work", sentences.try_later(view)
    yield "The area has a fee", areas.say_fee(ServiceArea(id="hills", postal_codes=("804*",), fee="45 dollars"), view)
    yield "It did not work", sentences.internal_error(view)


def _assignments() -> Iterator[AssignmentReason]:
    policy = tuple(RankingKey)
    yield AssignmentReason(policy=(), values={}, considered=0)
    yield AssignmentReason(policy=policy, values={}, considered=2, wished=True)
    yield AssignmentReason(policy=policy, values={}, considered=2, kept=True)
    yield AssignmentReason(policy=policy, values={}, considered=1)
    yield AssignmentReason(policy=policy, values={}, considered=2)
    for value in (0, 1, 5):
        yield AssignmentReason(policy=policy, values=dict.fromkeys(policy, value), considered=3)


def _absence(count: int) -> AbsenceAnswer:
    ana = Technician(id="t-ana", name="Ana", timezone="America/Denver")
    claim = Claim(id="b", technician_id="t-ana", service_id="repair", start=0, end=60)
    found = FoundBooking(booking=Booking(claim=claim), service=REPAIR, technician=ana, is_upcoming=True)
    return AbsenceAnswer(
        project=HOUSE_CALLS,
        technician=ana,
        changed=True,
        attention=(AffectedBooking(found=found, able=(ana,)),) * count,
        time_off=(),
        holds_moved=count,
        holds_withdrawn=count,
        now_ms=NOW_MS,
    )
