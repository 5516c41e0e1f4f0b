"""What Cal.com's webhooks say, in every shape in which they come."""

import json
from hashlib import sha256
from hmac import digest
from time import perf_counter_ns
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.calcom.webhook import has_valid_signature, parse_delivery
from slotmcp.domain.booking import Customer
from slotmcp.domain.calendar import CalendarEvent, EventKind, EventStatus, HostReference, NoShow
from slotmcp.ports.calendar import MalformedDelivery
from support.calcom.office import ANAS, ATTENDEE, event_types
from support.calcom.state import World
from support.calcom.wire import OPTIONAL, absence_payload, instant, minute, no_show_payload, payload_of
from support.shop import at

TEN = at("10:00")
NOW_MS = TEN * 60_000
SECRET = "s3cret"  # noqa: S105  a test's own


def world() -> World:
    made = World(lambda: NOW_MS)
    made.event_types = event_types()
    return made


def payload(**more: Any) -> dict[str, Any]:  # noqa: ANN401  of any JSON
    return {**payload_of(world().book(ANAS, TEN, ATTENDEE, metadata={"slotmcpBooking": "b-1"})), **more}


def body(trigger: str, said: object) -> bytes:
    return json.dumps({"triggerEvent": trigger, "createdAt": instant(NOW_MS, ".000Z"), "payload": said}).encode()


def event(trigger: str, **more: Any) -> CalendarEvent:  # noqa: ANN401
    said = parse_delivery(body(trigger, payload(**more))).change
    assert isinstance(said, CalendarEvent)
    return said


def signature(text: bytes, secret: str = SECRET) -> str:
    return digest(secret.encode(), text, sha256).hex()


def test_all_of_a_booking_is_read() -> None:
    assert event("BOOKING_CREATED", rescheduleUid="before") == CalendarEvent(
        uid="uid-1",
        status=EventStatus.ACCEPTED,
        start=TEN,
        end=TEN + 60,
        at_ms=NOW_MS,
        hosts=(HostReference(email="ana@example.com", user_id=1),),
        series="uid-1@Cal.com",
        sequence=0,
        event_type_id=ANAS,
        replaces="before",
        customer=Customer(name="Kim Doe", phone="+13035550142", email="Kim@Example.com"),
        visit=event("BOOKING_CREATED").visit,
        booking_id="b-1",
    )
    assert event("BOOKING_CREATED", additionalNotes="Ring twice").visit.notes == "Ring twice"


@pytest.mark.parametrize(
    ("trigger", "status", "expected"),
    [
        ("BOOKING_CREATED", "ACCEPTED", EventStatus.ACCEPTED),
        ("BOOKING_CREATED", "PENDING", EventStatus.PENDING),
        ("BOOKING_CREATED", "", EventStatus.ACCEPTED),
        ("BOOKING_RESCHEDULED", "", EventStatus.ACCEPTED),
        ("BOOKING_REQUESTED", "", EventStatus.PENDING),
        ("BOOKING_REQUESTED", "PENDING", EventStatus.PENDING),
        ("BOOKING_PAYMENT_INITIATED", "", EventStatus.PENDING),
        ("BOOKING_PAID", "ACCEPTED", EventStatus.ACCEPTED),
        ("BOOKING_LOCATION_UPDATED", "", EventStatus.ACCEPTED),
        ("BOOKING_CANCELLED", "", EventStatus.CANCELLED),
        ("BOOKING_CANCELLED", "ACCEPTED", EventStatus.CANCELLED),
        ("BOOKING_REJECTED", "REJECTED", EventStatus.REJECTED),
    ],
)
def test_each_trigger_says_where_a_booking_stands(trigger: str, status: str, expected: EventStatus) -> None:
    assert event(trigger, status=status).status is expected


@pytest.mark.parametrize("notation", ["Z", ".000Z", "+00:00"])
def test_times_come_in_three_notations(notation: str) -> None:
    said = event("BOOKING_CREATED", startTime=minute(TEN, notation), endTime=minute(TEN + 45, notation))
    assert said.interval == (TEN, TEN + 45)


@pytest.mark.parametrize(
    ("start", "end", "interval"),
    [
        ("2025-06-02T12:00:00+02:00", "2025-06-02T13:00:00+02:00", (TEN, TEN + 60)),
        ("2025-06-02T10:00:30Z", "2025-06-02T10:59:30Z", (TEN, TEN + 60)),
        ("2025-06-02T10:00:00Z", "2025-06-02T10:00:00Z", (TEN, TEN + 1)),
        ("2025-06-02T10:00:00", "2025-06-02T11:00:00", (TEN, TEN + 60)),
    ],
)
def test_other_times_are_whole_minutes_that_hold_them(start: str, end: str, interval: tuple[int, int]) -> None:
    assert event("BOOKING_CREATED", startTime=start, endTime=end).interval == interval


def test_without_an_end_there_is_a_length() -> None:
    assert event("BOOKING_CREATED", endTime=None, length=45).interval == (TEN, TEN + 45)


def test_nothing_optional_is_needed() -> None:
    bare = {"uid": "u", "startTime": minute(TEN), "endTime": minute(TEN + 60)}
    said = parse_delivery(body("BOOKING_CREATED", bare)).change
    assert said == CalendarEvent(uid="u", status=EventStatus.ACCEPTED, start=TEN, end=TEN + 60, at_ms=NOW_MS)


@pytest.mark.parametrize("name", OPTIONAL)
def test_each_optional_key_may_be_missing_null_or_odd(name: str) -> None:
    odds: list[dict[str, Any]] = [{}, {name: None}, {name: [1]}, {name: {"a": [{}]}}, {name: True}]
    for odd in odds:
        said = {**{key: told for key, told in payload().items() if key != name}, **odd}
        if name == "endTime" and odd.get(name) is not None:
            continue
        assert isinstance(parse_delivery(body("BOOKING_CREATED", said)).change, CalendarEvent), odd


def test_what_is_not_known_does_no_harm() -> None:
    assert event("BOOKING_CREATED", price=3, nested={"a": [1]}, organizer={"id": "x", "email": 5}).hosts == ()


@pytest.mark.parametrize(
    ("said", "customer"),
    [
        ({"attendees": []}, None),
        ({"attendees": [{"name": "Kim", "email": "303@sms.cal.com", "phoneNumber": "+1303"}]}, ("Kim", "+1303", "")),
        ({"attendees": [{"name": "Kim"}], "responses": {"phone": {"value": "+1720"}}}, ("Kim", "+1720", "")),
        ({"attendees": [], "responses": {"name": "Kim", "email": "k@x.org"}}, ("Kim", "", "k@x.org")),
        ({"attendees": [{"name": "K\x00i\x1bm\n"}]}, ("Kim", "", "")),
        ({"attendees": [{"email": "k@x.org"}]}, ("k@x.org", "", "k@x.org")),
    ],
)
def test_customers_are_told_in_many_ways(said: dict[str, Any], customer: tuple[str, str, str] | None) -> None:
    found = event("BOOKING_CREATED", **{"responses": {}, **said}).customer
    assert (found and (found.name, found.phone, found.email)) == customer


@pytest.mark.parametrize(
    ("location", "address"),
    [("1 Main St", "1 Main St"), ("integrations:daily", ""), ("https://meet.example.com/x", ""), ("+13035550142", "")],
)
def test_a_video_call_is_no_address(location: str, address: str) -> None:
    assert event("BOOKING_CREATED", location=location).visit.address == address


def test_others_take_part() -> None:
    team = {"members": [{"id": 1, "email": "Ana@example.com"}, {"email": "ben@example.com"}]}
    assert event("BOOKING_CREATED", team=team).hosts == (
        HostReference(email="ana@example.com", user_id=1),
        HostReference(email="ben@example.com"),
    )


@pytest.mark.parametrize("is_no_show", [True, False])
def test_a_no_show_is_told_by_the_bookings_uid(*, is_no_show: bool) -> None:
    booking = world().book(ANAS, TEN, ATTENDEE)
    booking.no_show = is_no_show
    said = parse_delivery(body("BOOKING_NO_SHOW_UPDATED", no_show_payload(booking))).change
    assert said == NoShow(uid="uid-1", is_no_show=is_no_show, at_ms=NOW_MS)


def test_a_no_show_of_nobody_says_nothing() -> None:
    assert parse_delivery(body("BOOKING_NO_SHOW_UPDATED", {"bookingUid": "u", "attendees": []})).change is None


def test_an_absence_is_an_event_of_its_own() -> None:
    host = event_types()[ANAS].hosts[0]
    said = parse_delivery(body("OOO_CREATED", absence_payload(3, host, TEN, TEN + 600, NOW_MS))).change
    assert isinstance(said, CalendarEvent)
    assert (said.kind, said.interval, said.hosts[0].user_id) == (EventKind.ABSENCE, (TEN, TEN + 600), 1)
    assert said.uid == "ooo:00000000-0000-0000-0000-000000000003"


@pytest.mark.parametrize("trigger", ["PING", "MEETING_ENDED", "FORM_SUBMITTED", "RECORDING_READY", "SOMETHING_NEW", ""])
def test_other_triggers_change_nothing(trigger: str) -> None:
    assert parse_delivery(body(trigger, {"type": "Test", "title": "x"})).change is None


def test_a_meeting_that_started_is_told_flat_and_changes_nothing() -> None:
    flat = {"triggerEvent": "MEETING_STARTED", "id": 3, "uid": "u", "startTime": minute(TEN), "status": "ACCEPTED"}
    assert parse_delivery(json.dumps(flat).encode()).change is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        body("BOOKING_CREATED", {"uid": "u"}),
        body("BOOKING_CREATED", {"uid": "", "startTime": minute(TEN)}),
        body("BOOKING_CREATED", {"uid": "u\x00", "startTime": minute(TEN)}),
        body("BOOKING_NO_SHOW_UPDATED", {"bookingUid": "u\x00", "attendees": [{"noShow": True}]}),
        body("BOOKING_CREATED", {"uid": "u" * 201, "startTime": minute(TEN)}),
        body("BOOKING_CREATED", {"uid": "u", "startTime": "Kim Doe, tomorrow"}),
        body("BOOKING_CREATED", []),
        body("OOO_CREATED", {"id": 1}),
        body("BOOKING_NO_SHOW_UPDATED", {"attendees": [{"noShow": True}]}),
    ],
)
def test_what_cannot_be_read_is_told_without_what_was_said(text: bytes) -> None:
    with pytest.raises(MalformedDelivery, match=r"Cal\.com|beyond") as told:
        parse_delivery(text)
    assert "Kim" not in str(told.value)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(
        lambda said: json.dumps(
            {"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "u", "startTime": said}}
        ).encode()
    )
)
def test_whatever_comes_is_read_or_refused(text: bytes) -> None:
    try:
        delivery = parse_delivery(text)
    except MalformedDelivery:
        return
    assert len(delivery.digest) == 64


def test_a_signature_is_that_of_the_body_as_it_came() -> None:
    text = body("PING", {})
    assert has_valid_signature(text, signature(text), [SECRET])
    assert not has_valid_signature(text + b" ", signature(text), [SECRET])


def test_of_two_secrets_both_are_good() -> None:
    text = body("PING", {})
    for secret in ("old", "new"):
        assert has_valid_signature(text, signature(text, secret), ["old", "new"])
    assert not has_valid_signature(text, signature(text, "other"), ["old", "new"])


@pytest.mark.parametrize("given", ["", "no-secret-provided", "0" * 64, "é" * 64, "sha256="])
def test_other_signatures_are_none(given: str) -> None:
    assert not has_valid_signature(b"x", given, [SECRET])


def test_capitals_and_prefixes_are_none() -> None:
    good = signature(b"x")
    for odd in (good.upper(), f"sha256={good}", good[:-1], good + "0"):
        assert not has_valid_signature(b"x", odd, [SECRET])


def test_an_empty_secret_opens_nothing() -> None:
    assert not has_valid_signature(b"x", signature(b"x", ""), ["", SECRET])
    assert not has_valid_signature(b"x", signature(b"x", ""), [])


def test_without_a_secret_it_takes_as_long_as_with_one() -> None:
    text = b"x" * 4_000_000

    def fastest(secrets: list[str]) -> int:
        return min(_nanoseconds(text, secrets) for _ in range(5))

    assert fastest([]) > fastest([SECRET]) / 3


def _nanoseconds(text: bytes, secrets: list[str]) -> int:
    began = perf_counter_ns()
    has_valid_signature(text, "0" * 64, secrets)
    return perf_counter_ns() - began
