"""Tests of callers in another time zone: every tool accepts and speaks their local times."""

import pytest

from support.server import Caller

NEW_YORK = {"timezone": "America/New_York"}
ELEVEN = {"start": "2026-11-23T11:00", **NEW_YORK}
"""Nine in the morning in Denver, in UTC."""
NINE_UTC = "2026-11-23T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}


async def test_holds_and_bookings_are_worded_in_the_callers_zone(caller: Caller) -> None:
    held = await caller.call("create_hold", customerHash="a", **ELEVEN)
    assert held["start"] == NINE_UTC
    assert held["startLocal"] == "2026-11-23T11:00:00-05:00"
    assert "tomorrow at 11 in the morning New York time" in held["result"]
    booked = await caller.call("book_slot", holdToken=held["holdToken"], **ELEVEN, **KIM)
    assert booked["booking"]["start"] == NINE_UTC
    assert "tomorrow at 11 in the morning New York time" in booked["result"]
    assert booked["clock"]["timezone"] == "America/New_York"


async def test_explanations_are_worded_in_the_callers_zone(caller: Caller) -> None:
    response = await caller.call("explain_slot", **ELEVEN)
    assert (response["start"], response["startLocal"]) == (NINE_UTC, "2026-11-23T11:00:00-05:00")


async def test_changes_are_worded_in_the_callers_zone(caller: Caller) -> None:
    booking = (await caller.call("book_slot", **ELEVEN, **KIM))["booking"]["bookingId"]
    found = await caller.call("find_bookings", phone="303-555-0142", **NEW_YORK)
    assert "tomorrow at 11 in the morning New York time" in found["result"]
    moved = await caller.call("reschedule_booking", bookingId=booking, start="2026-11-24T11:00", **NEW_YORK)
    assert moved["booking"]["start"] == "2026-11-24T16:00:00Z"
    assert "11 in the morning New York time" in moved["result"]
    cancelled = await caller.call("cancel_booking", bookingId=booking, **NEW_YORK)
    assert "11 in the morning New York time" in cancelled["result"]


async def test_the_waitlist_is_worded_in_the_callers_zone(caller: Caller) -> None:
    """Ten to eleven in the caller's zone is before the opening time of the business."""
    window = {"from": "2026-11-24T00:00", "to": "2026-11-24T09:00"}
    response = await caller.call("join_waitlist", **window, **NEW_YORK, **KIM)
    assert response["state"] == "waiting"
    error = await caller.expect_error("join_waitlist", **{**window, "to": "2026-11-24T11:00"}, **NEW_YORK, **KIM)
    assert error["alternatives"][0]["startLocal"] == "2026-11-24T10:00:00-05:00"


async def test_alternatives_are_worded_in_the_callers_zone(caller: Caller) -> None:
    error = await caller.expect_error("create_hold", customerHash="a", start="2026-11-23T21:00", **NEW_YORK)
    assert error["alternatives"][0]["startLocal"].endswith("-05:00")


@pytest.mark.parametrize("tool", ["create_hold", "book_slot", "explain_slot", "get_slots"])
async def test_an_unknown_zone_is_refused(caller: Caller, tool: str) -> None:
    error = await caller.expect_error(tool, timezone="Denver")
    problems = {one["field"]: one["problem"] for one in error["fields"]}
    assert problems["timezone"] == "must be an IANA zone name such as America/Denver or Europe/Paris."
