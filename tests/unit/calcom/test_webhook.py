"""Parsing and verification of Cal.com's webhooks."""

import json
from hashlib import sha256
from hmac import digest
from time import thread_time_ns
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.calcom.webhook import has_valid_signature, parse_delivery
from slotmcp.domain.booking import Customer
from slotmcp.domain.calendar import CalendarEvent, EventKind, EventStatus, HostReference, NoShow
from slotmcp.ports.calendar import MalformedDelivery
from support.calcom.office import ANA_VISIT, ATTENDEE, event_types
from support.calcom.state import CalcomState
from support.calcom.wire import OPTIONAL, absence_payload, instant, minute, no_show_payload, payload_of
from support.shop import at

TEN = at("10:00")
NOW_MS = TEN * 60_000
SECRET = "s3cret"  # noqa: S105  of the tests


def new_state() -> CalcomState:
    state = CalcomState(lambda: NOW_MS)
    state.event_types = event_types()
    return state


def payload(**more: Any) -> dict[str, Any]:  # noqa: ANN401  of any JSON
    return {**payload_of(new_state().book(ANA_VISIT, TEN, ATTENDEE, metadata={"slotmcpBooking": "b-1"})), **more}


def body(trigger: str, payload: object) -> bytes:
    return json.dumps({"triggerEvent": trigger, "createdAt": instant(NOW_MS, ".000Z"), "payload": payload}).encode()


def event(trigger: str, **more: Any) -> CalendarEvent:  # noqa: ANN401
    change = parse_delivery(body(trigger, payload(**more))).change
    assert isinstance(change, CalendarEvent)
    return change


def signature(text: bytes, secret: str = SECRET) -> str:
    return digest(secret.encode(), text, sha256).hex()


def test_every_field_of_a_booking_is_parsed() -> None:
    assert event("BOOKING_CREATED", rescheduleUid="before") == CalendarEvent(
        uid="uid-1",
        status=EventStatus.ACCEPTED,
        start=TEN,
        end=TEN + 60,
        at_ms=NOW_MS,
        hosts=(HostReference(email="ana@example.com", user_id=1),),
        series="uid-1@Cal.com",
        sequence=0,
        event_type_id=ANA_VISIT,
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
def test_each_trigger_implies_a_status(trigger: str, status: str, expected: EventStatus) -> None:
    assert event(trigger, status=status).status is expected


@pytest.mark.parametrize("notation", ["Z", ".000Z", "+00:00"])
def test_times_are_parsed_in_three_notations(notation: str) -> None:
    parsed = event("BOOKING_CREATED", startTime=minute(TEN, notation), endTime=minute(TEN + 45, notation))
    assert parsed.interval == (TEN, TEN + 45)


@pytest.mark.parametrize(
    ("start", "end", "interval"),
    [
        ("2025-06-02T12:00:00+02:00", "2025-06-02T13:00:00+02:00", (TEN, TEN + 60)),
        ("2025-06-02T10:00:30Z", "2025-06-02T10:59:30Z", (TEN, TEN + 60)),
        ("2025-06-02T10:00:00Z", "2025-06-02T10:00:00Z", (TEN, TEN + 1)),
        ("2025-06-02T10:00:00", "2025-06-02T11:00:00", (TEN, TEN + 60)),
    ],
)
def test_times_are_widened_to_whole_minutes(start: str, end: str, interval: tuple[int, int]) -> None:
    assert event("BOOKING_CREATED", startTime=start, endTime=end).interval == interval


def test_the_length_replaces_a_missing_end() -> None:
    assert event("BOOKING_CREATED", endTime=None, length=45).interval == (TEN, TEN + 45)


def test_optional_keys_may_all_be_missing() -> None:
    bare = {"uid": "u", "startTime": minute(TEN), "endTime": minute(TEN + 60)}
    change = parse_delivery(body("BOOKING_CREATED", bare)).change
    assert change == CalendarEvent(uid="u", status=EventStatus.ACCEPTED, start=TEN, end=TEN + 60, at_ms=NOW_MS)


@pytest.mark.parametrize("name", OPTIONAL)
def test_each_optional_key_may_be_missing_null_or_invalid(name: str) -> None:
    replacements: list[dict[str, Any]] = [{}, {name: None}, {name: [1]}, {name: {"a": [{}]}}, {name: True}]
    for replacement in replacements:
        changed = {**{key: value for key, value in payload().items() if key != name}, **replacement}
        if name == "endTime" and replacement.get(name) is not None:
            continue
        assert isinstance(parse_delivery(body("BOOKING_CREATED", changed)).change, CalendarEvent), replacement


def test_unknown_keys_are_ignored() -> None:
    assert event("BOOKING_CREATED", price=3, nested={"a": [1]}, organizer={"id": "x", "email": 5}).hosts == ()


@pytest.mark.parametrize(
    ("changes", "customer"),
    [
        ({"attendees": []}, None),
        ({"attendees": [{"name": "Kim", "email": "303@sms.cal.com", "phoneNumber": "+1303"}]}, ("Kim", "+1303", "")),
        ({"attendees": [{"name": "Kim"}], "responses": {"phone": {"value": "+1720"}}}, ("Kim", "+1720", "")),
        ({"attendees": [], "responses": {"name": "Kim", "email": "k@x.org"}}, ("Kim", "", "k@x.org")),
        ({"attendees": [{"name": "K\x00i\x1bm\n"}]}, ("Kim", "", "")),
        ({"attendees": [{"email": "k@x.org"}]}, ("k@x.org", "", "k@x.org")),
    ],
)
def test_customers_are_parsed_from_attendees_and_responses(
    changes: dict[str, Any], customer: tuple[str, str, str] | None
) -> None:
    parsed = event("BOOKING_CREATED", **{"responses": {}, **changes}).customer
    assert (parsed and (parsed.name, parsed.phone, parsed.email)) == customer


def location_response(kind: object, details: object) -> dict[str, Any]:
    return {"location": {"label": "location", "value": {"value": kind, "optionValue": details}}}


@pytest.mark.parametrize(
    ("changes", "phone"),
    [
        ({"location": "+13035550189"}, "+13035550189"),
        ({"location": " +1 (303) 555-0189 "}, "+1 (303) 555-0189"),
        ({"location": "tel:+1-303-555-0189"}, "+1-303-555-0189"),
        ({"location": "TEL:+13035550189;phone-context=example.com"}, "+13035550189"),
        ({"location": "tel:+13035550189;ext=7"}, "+13035550189;ext=7"),
        ({"location": "phone", "responses": location_response("phone", "+13035550189")}, "+13035550189"),
        ({"responses": location_response("phone", "+13035550189")}, "+13035550189"),
        ({"location": "", "responses": {"location": {"value": "phone", "optionValue": "+1303"}}}, "+1303"),
        ({"location": "303 555 0189", "responses": location_response("phone", "303 555 0189")}, "303 555 0189"),
        ({"location": "+13035550189", "responses": location_response(["phone"], {"a": 1})}, "+13035550189"),
        ({"location": "+13035550189", "responses": {"location": "+13035550189"}}, "+13035550189"),
        ({"responses": {"attendeePhoneNumber": {"value": "tel:+13035550189"}}}, "+13035550189"),
        ({"location": "+13035550189", "responses": {"phone": {"value": "+17205550101"}}}, "+17205550101"),
        ({"smsReminderNumber": "+13035550189"}, "+13035550189"),
        ({"attendees": [{"name": "Kim", "email": "13035550189@sms.cal.com"}]}, "+13035550189"),
        ({"attendees": [{"name": "Kim", "phoneNumber": "+1720"}], "location": "+13035550189"}, "+1720"),
        ({"location": "+13035550189", "responses": location_response("userPhone", "")}, ""),
        ({"location": "+ 1 Main St"}, ""),
        ({"location": "integrations:daily"}, ""),
        ({"location": "https://example.com/+13035550189"}, ""),
    ],
)
def test_the_customers_phone_is_found_wherever_calcom_puts_it(changes: dict[str, Any], phone: str) -> None:
    parsed = event("BOOKING_CREATED", **{"attendees": [{"name": "Kim"}], "responses": {}, **changes})
    assert parsed.customer is not None
    assert parsed.customer.phone == phone
    if phone:
        assert phone not in parsed.visit.address


@pytest.mark.parametrize("kind", ["phone", "userPhone", "inPerson", "attendeeInPerson", "link", "somewhereElse"])
def test_a_kind_of_location_is_not_an_address(kind: str) -> None:
    assert event("BOOKING_CREATED", location=kind).visit.address == ""


@pytest.mark.parametrize(
    ("location", "address"),
    [("1 Main St", "1 Main St"), ("integrations:daily", ""), ("https://meet.example.com/x", ""), ("+13035550142", "")],
)
def test_a_video_call_is_not_an_address(location: str, address: str) -> None:
    assert event("BOOKING_CREATED", location=location).visit.address == address


def test_team_members_are_hosts() -> None:
    team = {"members": [{"id": 1, "email": "Ana@example.com"}, {"email": "ben@example.com"}]}
    assert event("BOOKING_CREATED", team=team).hosts == (
        HostReference(email="ana@example.com", user_id=1),
        HostReference(email="ben@example.com"),
    )


@pytest.mark.parametrize("is_no_show", [True, False])
def test_a_no_show_is_parsed(*, is_no_show: bool) -> None:
    booking = new_state().book(ANA_VISIT, TEN, ATTENDEE)
    booking.no_show = is_no_show
    change = parse_delivery(body("BOOKING_NO_SHOW_UPDATED", no_show_payload(booking))).change
    assert change == NoShow(uid="uid-1", is_no_show=is_no_show, at_ms=NOW_MS)


def test_a_no_show_without_attendees_changes_nothing() -> None:
    assert parse_delivery(body("BOOKING_NO_SHOW_UPDATED", {"bookingUid": "u", "attendees": []})).change is None


def test_an_out_of_office_entry_is_an_event() -> None:
    host = event_types()[ANA_VISIT].hosts[0]
    change = parse_delivery(body("OOO_CREATED", absence_payload(3, host, TEN, TEN + 600, NOW_MS))).change
    assert isinstance(change, CalendarEvent)
    assert (change.kind, change.interval, change.hosts[0].user_id) == (EventKind.ABSENCE, (TEN, TEN + 600), 1)
    assert change.uid == "ooo:00000000-0000-0000-0000-000000000003"


@pytest.mark.parametrize("trigger", ["PING", "MEETING_ENDED", "FORM_SUBMITTED", "RECORDING_READY", "SOMETHING_NEW", ""])
def test_other_triggers_change_nothing(trigger: str) -> None:
    assert parse_delivery(body(trigger, {"type": "Test", "title": "x"})).change is None


def test_a_flat_meeting_started_payload_changes_nothing() -> None:
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
def test_a_malformed_delivery_is_reported_without_its_content(text: bytes) -> None:
    with pytest.raises(MalformedDelivery, match=r"Cal\.com|out of range") as error:
        parse_delivery(text)
    assert "Kim" not in str(error.value)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(
        lambda start: json.dumps(
            {"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "u", "startTime": start}}
        ).encode()
    )
)
def test_any_body_is_parsed_or_rejected(text: bytes) -> None:
    try:
        delivery = parse_delivery(text)
    except MalformedDelivery:
        return
    assert len(delivery.digest) == 64


def test_the_signature_covers_the_exact_body() -> None:
    text = body("PING", {})
    assert has_valid_signature(text, signature(text), [SECRET])
    assert not has_valid_signature(text + b" ", signature(text), [SECRET])


def test_two_secrets_are_valid_during_a_rotation() -> None:
    text = body("PING", {})
    for secret in ("old", "new"):
        assert has_valid_signature(text, signature(text, secret), ["old", "new"])
    assert not has_valid_signature(text, signature(text, "other"), ["old", "new"])


@pytest.mark.parametrize("received", ["", "no-secret-provided", "0" * 64, "é" * 64, "sha256="])
def test_other_signatures_are_invalid(received: str) -> None:
    assert not has_valid_signature(b"x", received, [SECRET])


def test_uppercase_and_prefixed_signatures_are_invalid() -> None:
    valid = signature(b"x")
    for invalid in (valid.upper(), f"sha256={valid}", valid[:-1], valid + "0"):
        assert not has_valid_signature(b"x", invalid, [SECRET])


def test_an_empty_secret_never_matches() -> None:
    assert not has_valid_signature(b"x", signature(b"x", ""), ["", SECRET])
    assert not has_valid_signature(b"x", signature(b"x", ""), [])


def test_verification_takes_as_long_without_a_secret() -> None:
    text = b"x" * 4_000_000

    def fastest_ns(secrets: list[str]) -> int:
        return min(_measure_ns(text, secrets) for _ in range(5))

    assert fastest_ns([]) > fastest_ns([SECRET]) / 3


def _measure_ns(text: bytes, secrets: list[str]) -> int:
    started = thread_time_ns()
    has_valid_signature(text, "0" * 64, secrets)
    return thread_time_ns() - started
