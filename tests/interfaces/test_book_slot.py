"""Tests of book_slot: one booking per request, with a way to reach the customer."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.catalog import Location, RankingKey
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Body, Caller, fields, open_caller, starts
from support.sqlite_file import fingerprint

MONDAY_9 = "2026-11-23T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE = {"customerName": "Lee Roe", "customerEmail": "lee@example.com"}


async def hold(caller: Caller, customer: str = "a", start: str = MONDAY_9) -> str:
    token: str = (await caller.call("create_hold", start=start, customerHash=customer))["holdToken"]
    return token


def unchanging(answer: Body) -> Body:
    return {key: value for key, value in answer.items() if key not in {"traceId", "replayed"}}


async def test_a_held_start_becomes_a_booking(caller: Caller) -> None:
    answer = await caller.call("book_slot", holdToken=await hold(caller), **KIM)
    booking = answer["booking"]
    assert answer["result"] == "You're booked for AC repair, tomorrow at 9 in the morning, with Ana."
    assert not answer["replayed"]
    assert booking.pop("bookingId")
    assert booking == {
        "status": "confirmed",
        "serviceType": "ac-repair",
        "start": MONDAY_9,
        "end": "2026-11-23T17:00:00Z",
        "startLocal": "2026-11-23T09:00:00-07:00",
        "label": "Monday, November 23 at 9:00 AM",
        "technicianId": "t-ana",
        "technicianName": "Ana",
        "assignmentReason": "Of the 2 who were free, Ana comes first: 0 bookings that day, priority 1.",
        "assignment": {
            "policy": ["load", "priority", "eta"],
            "considered": 2,
            "wished": False,
            "kept": False,
            "bookingsThatDay": 0,
            "priority": 1,
        },
    }


async def test_the_callers_own_hold_is_booked_by_its_customer_hash(caller: Caller) -> None:
    hashes = ("c7a1f93e05b24d68", "d7a1f93e05b24d68")
    tokens = [await hold(caller, own) for own in hashes]
    for stranger in ({}, {"customerHash": "e7a1f93e05b24d68"}, {"customerHash": "a"}):
        await caller.expect_error("book_slot", start=MONDAY_9, **KIM, **stranger)
    booked = await caller.call("book_slot", start=MONDAY_9, customerHash=hashes[0], **KIM)
    again = await caller.call("book_slot", holdToken=tokens[0], **KIM)
    assert (booked["replayed"], again["replayed"]) == (False, True)
    assert again["booking"]["bookingId"] == booked["booking"]["bookingId"]
    found = await caller.call("find_bookings", customerHash=hashes[0])
    assert [one["bookingId"] for one in found["bookings"]] == [booked["booking"]["bookingId"]]


async def test_a_start_can_be_booked_without_a_hold_and_is_then_taken(caller: Caller) -> None:
    for customer in (KIM, LEE):
        await caller.call("book_slot", start="2026-11-23T09:00", durationMinutes=60, **customer)
    slots = (await caller.call("get_slots", **{"from": "2026-11-23T09:00", "to": "2026-11-23T09:15"}))["slots"]
    assert slots == []


async def test_all_arguments_are_stored_with_the_booking(caller: Caller) -> None:
    details = {
        "customerEmail": "kim@example.com",
        "address": "1 Main St\nDenver",
        "notes": "Dog 🐕. Robert'); DROP TABLE claims;--",
        "latitude": "39.7392",
        "longitude": -104.9903,
    }
    answer = await caller.call("book_slot", start=MONDAY_9, **KIM, **details)
    (stored,) = (await caller.app.projects.export_project("denver-hvac")).bookings
    assert stored.id == answer["booking"]["bookingId"]
    assert stored.customer == Customer(name="Kim Doe", phone="+13035550142", email="kim@example.com")
    assert stored.visit == Visit(address="1 Main St\nDenver", notes="Dog 🐕. Robert'); DROP TABLE claims;--")
    assert stored.claim.location == Location(39.7392, -104.9903)


async def test_an_unknown_location_is_no_location(caller: Caller) -> None:
    await caller.call("book_slot", start=MONDAY_9, latitude=0, longitude=0, **KIM)
    (stored,) = (await caller.app.projects.export_project("denver-hvac")).bookings
    assert stored.claim.location is None


async def test_a_requested_technician_is_assigned_and_the_reason_says_so(caller: Caller) -> None:
    answer = await caller.call("book_slot", start=MONDAY_9, technicianId="t-ben", **KIM)
    assert answer["booking"]["technicianName"] == "Ben"
    assert answer["booking"]["assignmentReason"] == "The customer asked for Ben."


@pytest.mark.parametrize(
    ("ranking", "details"),
    [((RankingKey.PRIORITY,), {"priority": 1}), ((RankingKey.LOAD,), {"bookingsThatDay": 0})],
)
async def test_the_reason_names_the_ranking_keys_of_the_project(
    tmp_path: Path, ranking: tuple[RankingKey, ...], details: dict[str, int]
) -> None:
    plan = replace(PLAN, project=replace(PLAN.project, assignment_ranking=ranking))
    async with open_caller(tmp_path / "ranked.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        booking = (await caller.call("book_slot", start=MONDAY_9, **KIM))["booking"]
    policy = [key.value for key in ranking]
    assert booking["assignment"] == {"policy": policy, "considered": 2, "wished": False, "kept": False, **details}


@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "k-1"}])
async def test_a_retry_returns_the_first_response(caller: Caller, key: dict[str, str]) -> None:
    for arguments in ({"holdToken": await hold(caller)}, {"start": "2026-11-23T20:00:00Z"}):
        first = await caller.call(
            "book_slot", **arguments, **KIM, **{name: f"{value}{arguments}" for name, value in key.items()}
        )
        again = await caller.call(
            "book_slot", **arguments, **KIM, **{name: f"{value}{arguments}" for name, value in key.items()}
        )
        assert again["replayed"]
        assert unchanging(again) == unchanging(first)
    assert len((await caller.app.projects.export_project("denver-hvac")).bookings) == 2


async def test_a_key_or_a_token_is_valid_for_one_request(caller: Caller) -> None:
    token = await hold(caller)
    await caller.call("book_slot", holdToken=token, idempotencyKey="k-1", **KIM)
    by_token = await caller.expect_error("book_slot", holdToken=token, **LEE)
    by_key = await caller.expect_error("book_slot", start="2026-11-24T16:00:00Z", idempotencyKey="k-1", **KIM)
    assert by_token["code"] == by_key["code"] == "idempotency_mismatch"


async def test_a_taken_time_is_reported_with_alternatives(caller: Caller) -> None:
    for customer in ("a", "b"):
        await hold(caller, customer)
    error = await caller.expect_error("book_slot", start=MONDAY_9, **KIM)
    assert error["code"] == "slot_unavailable"
    assert error["alternatives"]
    assert MONDAY_9 not in starts(error["alternatives"])
    assert "I do have tomorrow at " in error["result"]


async def test_an_expired_hold_can_be_booked_while_its_time_is_free(caller: Caller) -> None:
    token = await hold(caller)
    caller.clock.advance(seconds=90)
    answer = await caller.call("book_slot", holdToken=token, **KIM)
    assert answer["booking"]["start"] == MONDAY_9


async def test_an_expired_hold_whose_time_is_taken_is_refused(caller: Caller) -> None:
    token = await hold(caller)
    caller.clock.advance(seconds=90)
    for customer in ("b", "c"):
        await hold(caller, customer)
    error = await caller.expect_error("book_slot", holdToken=token, **KIM)
    assert error["code"] == "hold_expired"
    assert error["alternatives"]
    assert "that time is gone now. I do have tomorrow at " in error["result"]


async def test_an_unknown_hold_is_reported_as_expired(caller: Caller) -> None:
    error = await caller.expect_error("book_slot", holdToken="never-was", **KIM)
    assert error["code"] == "hold_expired"
    assert error["heldStarts"] == []
    assert error["result"].endswith("Should I look for times again?")


async def test_unknown_ids_are_not_found(caller: Caller) -> None:
    for field, value in (("projectId", "denver"), ("serviceType", "furnace"), ("technicianId", "anna")):
        error = await caller.expect_error("book_slot", start=MONDAY_9, **KIM, **{field: value})
        assert (error["code"], fields(error)) == ("not_found", [field])
        assert error["nearest"]


async def test_a_busy_database_is_a_retryable_error(caller: Caller, impatient_caller: Caller) -> None:
    with closing(sqlite3.connect(caller.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await impatient_caller.expect_error("book_slot", start=MONDAY_9, **KIM)
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert error["retryAfterMs"] > 0
    assert not (await caller.call("book_slot", start=MONDAY_9, **KIM))["replayed"]


GOOD = {"start": MONDAY_9, **KIM}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"customerName": ""}, "customerName"),
        ({"customerName": "Kim\nDoe"}, "customerName"),
        ({"customerName": {"first": "Kim"}}, "customerName"),
        ({"customerName": "x" * 10_000_000}, "customerName"),
        ({"customerPhone": None}, "customerPhone"),
        ({"customerPhone": 3_035_550}, "customerPhone"),
        ({"customerPhone": "unknown"}, "customerPhone"),
        ({"customerEmail": "kim at example"}, "customerEmail"),
        ({"start": None}, "start"),
        ({"start": "2026-11-23"}, "start"),
        ({"start": "soon"}, "start"),
        ({"end": "2026-11-23T15:00:00Z"}, "end"),
        ({"durationMinutes": "long"}, "durationMinutes"),
        ({"latitude": 39.7}, "longitude"),
        ({"longitude": -104.9}, "latitude"),
        ({"latitude": 95, "longitude": 0.1}, "latitude"),
        ({"latitude": "north", "longitude": 0.1}, "latitude"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": "bell\x07"}, "notes"),
        ({"address": ["1 Main St"]}, "address"),
        ({"holdToken": True}, "holdToken"),
    ],
)
async def test_an_invalid_argument_is_named_and_nothing_is_booked(
    caller: Caller, arguments: dict[str, object], field: str
) -> None:
    before = fingerprint(caller.path)
    error = await caller.expect_error("book_slot", **(GOOD | arguments))
    assert (error["code"], fields(error)) == ("invalid_argument", [field])
    assert fingerprint(caller.path) == before


async def test_a_token_that_contradicts_other_arguments_is_reported(caller: Caller) -> None:
    token = await hold(caller)
    for field, value in (
        ("start", "2026-11-23T17:15:00Z"),
        ("serviceType", "furnace-check"),
        ("technicianId", "t-ben"),
    ):
        error = await caller.expect_error("book_slot", holdToken=token, **KIM, **{field: value})
        assert (error["code"], fields(error)) == ("invalid_argument", [field])
    await caller.call("book_slot", holdToken=token, start=MONDAY_9, serviceType="ac-repair", **KIM)


MAIN_ST = {"address": "1 Main St"}
OAK_ST = {"address": "2 Oak St", "notes": "gate 1234"}


async def test_another_address_is_asked_about_and_booked_as_a_further_visit(caller: Caller) -> None:
    first = await caller.call("book_slot", start=MONDAY_9, **KIM, **MAIN_ST)
    error = await caller.expect_error("book_slot", start=MONDAY_9, **KIM, **OAK_ST)
    assert (error["code"], error["retryable"]) == ("already_booked", False)
    assert error["booking"]["bookingId"] == first["booking"]["bookingId"]
    assert error["result"] == (
        "You already have an appointment for AC repair, tomorrow at 9 in the morning. "
        "Should I change that one, or book another visit?"
    )
    for way_out in ("update_booking", "reschedule_booking", "additional: true"):
        assert way_out in error["message"]
    second = await caller.call("book_slot", start=MONDAY_9, additional=True, **KIM, **OAK_ST)
    assert second["booking"]["technicianId"] != first["booking"]["technicianId"]


async def test_new_details_are_said(caller: Caller) -> None:
    await caller.call("book_slot", start=MONDAY_9, **KIM)
    answer = await caller.call("book_slot", start=MONDAY_9, **KIM, **OAK_ST)
    assert (answer["replayed"], answer["stored"]) == (True, ["address", "notes"])
    assert answer["result"] == (
        "You're already booked for AC repair, tomorrow at 9 in the morning. I've added the new details."
    )
    again = await caller.call("book_slot", start=MONDAY_9, **KIM, **OAK_ST)
    assert "stored" not in again


async def test_a_retry_says_that_the_booking_is_canceled(caller: Caller) -> None:
    request = {"start": MONDAY_9, "idempotencyKey": "k", **KIM}
    booked = await caller.call("book_slot", **request)
    await caller.call("cancel_booking", bookingId=booked["booking"]["bookingId"], phone=KIM["customerPhone"])
    again = await caller.call("book_slot", **request)
    assert (again["replayed"], again["booking"]["status"]) == (True, "cancelled")
    assert "canceled" in again["result"]


@pytest.mark.parametrize(
    "misheard",
    [
        {"customerName": "Kym Doe"},
        {"durationMinutes": 120},
        {"start": "2026-11-23T16:15:00Z"},
        {"technicianId": "t-ben"},
    ],
)
async def test_contradictions_are_asked_about(caller: Caller, misheard: dict[str, object]) -> None:
    await caller.call("book_slot", start=MONDAY_9, technicianId="t-ana", **KIM)
    before = fingerprint(caller.path)
    error = await caller.expect_error("book_slot", **({"start": MONDAY_9, **KIM} | misheard))
    assert error["code"] == "already_booked"
    assert fingerprint(caller.path) == before
