"""Tests of bad input to the tools for changes and for operators: a clear error, and no change."""

import pytest

from support.server import Caller, fields
from support.sqlite_file import fingerprint

MONDAY_9, MONDAY_10, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T16:00:00Z"
BOOKED = "the booking"
"""Placeholder for the id of an existing booking."""
HUGE = "x" * 10_000_000
OFF = {"technicianId": "t-ana", "start": MONDAY_9, "end": MONDAY_10}

BAD = [
    ("find_bookings", {}, ["phone"]),
    ("find_bookings", {"phone": "", "email": " ", "bookingId": None}, ["phone"]),
    ("find_bookings", {"phone": "+1 303 555 0142", "email": "kim@example.com"}, ["email", "phone"]),
    ("find_bookings", {"customerHash": "a", "bookingId": BOOKED}, ["bookingId", "customerHash"]),
    ("find_bookings", {"phone": "Kim"}, ["phone"]),
    ("find_bookings", {"phone": "555 0142"}, ["phone"]),
    ("find_bookings", {"phone": "+999 555 0142 123"}, ["phone"]),
    ("find_bookings", {"phone": "'; DROP TABLE bookings; --"}, ["phone"]),
    ("find_bookings", {"phone": 3_035_550}, ["phone"]),
    ("find_bookings", {"phone": "+1 303 555 0142", "customerPhone": "+1 303 555 0143"}, ["customerPhone", "phone"]),
    ("find_bookings", {"telephone": "+1 303 555 0142"}, ["phone", "telephone"]),
    ("find_bookings", {"email": "kim"}, ["email"]),
    ("find_bookings", {"email": "kim@example.com, lee@example.com"}, ["email"]),
    ("find_bookings", {"email": HUGE}, ["email"]),
    ("find_bookings", {"customerHash": HUGE}, ["customerHash"]),
    ("find_bookings", {"customerHash": ["a"]}, ["customerHash"]),
    ("find_bookings", {"customerHash": "a\x00"}, ["customerHash"]),
    ("find_bookings", {"bookingId": {"id": BOOKED}}, ["bookingId"]),
    ("find_bookings", {"bookingID": BOOKED, "bookingId": BOOKED}, ["bookingID"]),
    ("find_bookings", {"bookingId": "x", "projectId": "denver"}, ["projectId"]),
    ("reschedule_booking", {}, ["bookingId", "start"]),
    ("reschedule_booking", {"bookingId": BOOKED}, ["start"]),
    ("reschedule_booking", {"start": TUESDAY_9}, ["bookingId"]),
    ("reschedule_booking", {"bookingId": "b-9", "start": TUESDAY_9}, ["bookingId"]),
    ("reschedule_booking", {"bookingId": "🐙", "start": TUESDAY_9}, ["bookingId"]),
    ("reschedule_booking", {"bookingId": HUGE, "start": TUESDAY_9}, ["bookingId"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": "tomorrow"}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": "2026-11-24"}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": "2026-11-24T09:00:30Z"}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": "2027-03-14T02:30"}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": "2027-11-07T01:30"}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": 1_764_000_000}, ["start"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": TUESDAY_9, "technicianId": "t-ben"}, ["technicianId"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": TUESDAY_9, "idempotencyKey": HUGE}, ["idempotencyKey"]),
    ("reschedule_booking", {"bookingId": BOOKED, "start": TUESDAY_9, "locale": "x" * 99}, ["locale"]),
    ("cancel_booking", {}, ["bookingId"]),
    ("cancel_booking", {"bookingId": "b-9"}, ["bookingId"]),
    ("cancel_booking", {"bookingId": 7}, ["bookingId"]),
    ("cancel_booking", {"bookingId": BOOKED, "reason": HUGE}, ["reason"]),
    ("cancel_booking", {"bookingId": BOOKED, "reason": "\x1b[2J"}, ["reason"]),
    ("cancel_booking", {"bookingId": BOOKED, "confirm": True}, ["confirm"]),
    ("cancel_booking", {"bookingId": BOOKED, "projectId": "boulder"}, ["projectId"]),
    ("list_technicians", {"projectId": "denver"}, ["projectId"]),
    ("list_technicians", {"status": "off"}, ["status"]),
    ("set_technician_status", {"technicianId": "t-ana"}, ["status"]),
    ("set_technician_status", {"status": "off"}, ["technicianId"]),
    ("set_technician_status", {"technicianId": "t-ana", "status": "away"}, ["status"]),
    ("set_technician_status", {"technicianId": "t-ana", "status": False}, ["status"]),
    ("set_technician_status", {"technicianId": "t-anna", "status": "off"}, ["technicianId"]),
    ("set_technician_status", {"technicianId": ["t-ana"], "status": "off"}, ["technicianId"]),
    ("add_time_off", {}, ["end", "start", "technicianId"]),
    ("add_time_off", {**OFF, "end": MONDAY_9}, ["end"]),
    ("add_time_off", {**OFF, "end": "2026-11-23T15:00:00Z"}, ["end"]),
    ("add_time_off", {**OFF, "start": "2026-11-01", "end": "2026-11-21"}, ["end"]),
    ("add_time_off", {**OFF, "end": "2028-01-01"}, ["end"]),
    ("add_time_off", {**OFF, "start": "2027-03-14T02:30", "end": "2027-03-15"}, ["start"]),
    ("add_time_off", {**OFF, "end": "2027-11-07T01:30"}, ["end"]),
    ("add_time_off", {**OFF, "start": "next week"}, ["start"]),
    ("add_time_off", {**OFF, "end": "2026-02-30"}, ["end"]),
    ("add_time_off", {**OFF, "technicianId": "t-anna"}, ["technicianId"]),
    ("add_time_off", {**OFF, "reason": HUGE}, ["reason"]),
    ("add_time_off", {**OFF, "reason": "line\nbreak"}, ["reason"]),
    ("add_time_off", {**OFF, "until": MONDAY_10}, ["until"]),
]


@pytest.mark.parametrize(("tool", "arguments", "wrong"), BAD, ids=lambda value: str(value)[:60])
async def test_bad_input_is_a_clear_error_and_changes_nothing(
    operator: Caller, tool: str, arguments: dict[str, object], wrong: list[str]
) -> None:
    answer = await operator.call("book_slot", start=MONDAY_9, customerName="Kim Doe", customerPhone="+1 303 555 0142")
    resolved = {name: answer["booking"]["bookingId"] if value == BOOKED else value for name, value in arguments.items()}
    before = fingerprint(operator.path)
    error = await operator.expect_error(tool, **resolved)
    assert error["code"] in {"invalid_argument", "not_found"}
    assert sorted(fields(error)) == wrong
    assert all(one["problem"] for one in error["fields"])
    assert not error["retryable"]
    assert fingerprint(operator.path) == before


@pytest.mark.parametrize("token", ["never-was", "🐙", "'; DROP TABLE claims; --"])
async def test_an_unknown_token_moves_nothing(operator: Caller, token: str) -> None:
    answer = await operator.call("book_slot", start=MONDAY_9, customerName="Kim", customerPhone="+1 303 555 0142")
    before = fingerprint(operator.path)
    error = await operator.expect_error("reschedule_booking", bookingId=answer["booking"]["bookingId"], holdToken=token)
    assert error["code"] == "hold_expired"
    assert fingerprint(operator.path) == before


@pytest.mark.parametrize("start", ["2020-01-01T09:00:00Z", "2026-11-23T16:07:00Z", "2199-12-31T23:59:00Z"])
async def test_a_start_that_is_never_offered_is_reported_as_unavailable(operator: Caller, start: str) -> None:
    answer = await operator.call("book_slot", start=MONDAY_9, customerName="Kim", customerPhone="+1 303 555 0142")
    before = fingerprint(operator.path)
    error = await operator.expect_error("reschedule_booking", bookingId=answer["booking"]["bookingId"], start=start)
    assert error["code"] == "slot_unavailable"
    assert len(error["alternatives"]) == 3
    assert fingerprint(operator.path) == before
