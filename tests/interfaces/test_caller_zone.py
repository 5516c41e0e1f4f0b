"""Tests of callers in another time zone: every tool accepts and speaks their local times."""

from dataclasses import replace

import pytest

from support.denver import PLAN
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
    moved = await caller.call(
        "reschedule_booking", bookingId=booking, phone="303-555-0142", start="2026-11-24T11:00", **NEW_YORK
    )
    assert moved["booking"]["start"] == "2026-11-24T16:00:00Z"
    assert "11 in the morning New York time" in moved["result"]
    cancelled = await caller.call("cancel_booking", bookingId=booking, phone="303-555-0142", **NEW_YORK)
    assert "11 in the morning New York time" in cancelled["result"]


async def test_the_waitlist_is_worded_in_the_callers_zone(caller: Caller) -> None:
    """Ten in the caller's zone is eight in the business's, its opening time."""
    window = {"from": "2026-11-24T10:00", "to": "2026-11-24T10:15"}
    for number in range(2):
        customer = {"customerName": "Lee Roe", "customerPhone": f"+1 303 555 018{number}"}
        await caller.call("book_slot", start="2026-11-24T10:00", **NEW_YORK, **customer)
    response = await caller.call("join_waitlist", **window, **NEW_YORK, **KIM)
    assert response["state"] == "waiting"
    error = await caller.expect_error("join_waitlist", **{**window, "to": "2026-11-24T12:00"}, **NEW_YORK, **KIM)
    assert error["alternatives"][0]["startLocal"].endswith("-05:00")


async def test_alternatives_are_worded_in_the_callers_zone(caller: Caller) -> None:
    error = await caller.expect_error("create_hold", customerHash="a", start="2026-11-23T21:00", **NEW_YORK)
    assert error["alternatives"][0]["startLocal"].endswith("-05:00")


@pytest.mark.parametrize("tool", ["create_hold", "book_slot", "explain_slot", "get_slots"])
@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("Denver", "America/Denver"),
        ("EST", "America/New_York"),
        ("Etc/GMT+6", "America/Chicago"),
        ("PST", "America/Los_"),
    ],
)
async def test_a_zone_that_is_no_place_is_refused_with_the_place(
    caller: Caller, tool: str, zone: str, place: str
) -> None:
    error = await caller.expect_error(tool, timezone=zone)
    problems = {one["field"]: one["problem"] for one in error["fields"]}
    assert problems["timezone"].startswith(f"must be the IANA name of a place such as {place}")


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC"])
async def test_utc_is_a_zone(caller: Caller, zone: str) -> None:
    assert (await caller.call("get_slots", timezone=zone))["query"]["timezone"] == zone


async def test_a_project_in_a_fixed_zone_keeps_working(empty_caller: Caller) -> None:
    fixed = replace(PLAN, project=replace(PLAN.project, timezone="EST"))
    await empty_caller.app.projects.import_project(fixed, prune=False)
    assert (await empty_caller.call("list_services"))["timezone"] == "EST"
    slots = (await empty_caller.call("get_slots", timezone="EST"))["slots"]
    await empty_caller.expect_error("get_slots", timezone="MST")
    await empty_caller.call("book_slot", start=slots[0]["startLocal"], customerName="Kim", customerPhone="303 555 0142")
