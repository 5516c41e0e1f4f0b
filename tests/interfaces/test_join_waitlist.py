"""Tests of join_waitlist."""

import sqlite3
from contextlib import closing

import pytest

from support.server import Caller, fields, starts
from support.sqlite_file import fingerprint

MONDAY_9 = "2026-11-23T16:00:00Z"
GOOD = {
    "serviceType": "furnace-check",
    "from": "2026-11-23T09:00",
    "to": "2026-11-23T09:15",
    "customerName": "Kim Doe",
    "customerPhone": "+1 303 555 0142",
}


@pytest.fixture
async def token(caller: Caller) -> str:
    """Token of the hold on the only start of the window."""
    hold = await caller.call("create_hold", start=MONDAY_9, serviceType="furnace-check", customerHash="somebody")
    held: str = hold["holdToken"]
    return held


@pytest.mark.usefixtures("token")
async def test_joining_returns_the_position_in_line(caller: Caller) -> None:
    answer = await caller.call("join_waitlist", **GOOD)
    wait_id = answer["waitId"]
    assert len(wait_id) >= 22
    assert {key: value for key, value in answer.items() if key != "traceId"} == {
        "result": "You're on the waitlist, and next in line. We'll let you know as soon as something opens up.",
        "waitId": wait_id,
        "resource": f"slotmcp://waitlist/{wait_id}",
        "state": "waiting",
        "position": 1,
        "from": "2026-11-23T16:00:00Z",
        "to": "2026-11-23T16:15:00Z",
        "replayed": False,
        "clock": {"now": "2026-11-22T19:00:00Z", "today": "Sunday, November 22, 2026", "timezone": "America/Denver"},
    }


@pytest.mark.usefixtures("token")
async def test_the_number_of_people_ahead_is_spoken(caller: Caller) -> None:
    spoken = []
    for number in range(3):
        answer = await caller.call("join_waitlist", **GOOD | {"customerPhone": f"+1 303 555 010{number}"})
        spoken.append(answer["result"].partition(".")[0])
        assert answer["position"] == number + 1
    assert spoken == [
        "You're on the waitlist, and next in line",
        "You're on the waitlist, with one person ahead of you",
        "You're on the waitlist, with 2 people ahead of you",
    ]


async def test_a_repeated_call_returns_the_offer_and_its_token_books_it(caller: Caller, token: str) -> None:
    first = await caller.call("join_waitlist", **GOOD)
    await caller.call("release_hold", holdToken=token)
    caller.clock.advance(seconds=61)
    offered = await caller.call("join_waitlist", **GOOD)
    assert offered["result"] == (
        "Something opened up: I'm holding tomorrow at 9 in the morning for another 13 minutes. Should I book it?"
    )
    assert (offered["waitId"], offered["state"], offered["position"]) == (first["waitId"], "offered", 0)
    assert offered["replayed"]
    assert offered["offer"] == {
        "start": MONDAY_9,
        "end": "2026-11-23T18:00:00Z",
        "startLocal": "2026-11-23T09:00:00-07:00",
        "label": "Monday, November 23 at 9:00 AM",
        "holdToken": offered["offer"]["holdToken"],
        "expiresAt": "2026-11-22T19:15:00Z",
    }
    booked = await caller.call(
        "book_slot", holdToken=offered["offer"]["holdToken"], customerName="Kim", customerPhone="303 555 0142"
    )
    assert booked["booking"]["start"] == MONDAY_9
    again = await caller.call("join_waitlist", **GOOD)
    assert (again["waitId"], again["state"], again["replayed"]) == (first["waitId"], "booked", True)
    assert again["result"] == "That's already booked for you: tomorrow at 9 in the morning."
    assert again["booking"] == {
        "bookingId": booked["booking"]["bookingId"],
        "status": "confirmed",
        "serviceType": "furnace-check",
        "start": MONDAY_9,
        "end": "2026-11-23T18:00:00Z",
        "startLocal": "2026-11-23T09:00:00-07:00",
        "label": "Monday, November 23 at 9:00 AM",
    }


@pytest.mark.usefixtures("token")
async def test_a_corrected_request_changes_the_entry(caller: Caller) -> None:
    first = await caller.call("join_waitlist", **GOOD)
    changed = await caller.call("join_waitlist", **GOOD | {"customerName": "Kim Dough", "to": "2026-11-23T09:10"})
    assert (changed["waitId"], changed["replayed"]) == (first["waitId"], True)
    assert changed["result"] == (
        "I've updated your waitlist request. You're on the waitlist, and next in line. "
        "We'll let you know as soon as something opens up."
    )
    again = await caller.call("join_waitlist", **GOOD | {"customerName": "kim dough", "to": "2026-11-23T09:10"})
    assert again["result"].startswith("You're on the waitlist")


async def test_the_last_minutes_of_an_offer_are_spoken_exactly(caller: Caller, token: str) -> None:
    await caller.call("join_waitlist", **GOOD)
    await caller.call("release_hold", holdToken=token)
    spoken = []
    for seconds in (780, 119):
        caller.clock.advance(seconds=seconds)
        result = (await caller.call("join_waitlist", **GOOD))["result"]
        spoken.append(result.split("in the morning ")[1].partition(".")[0])
    assert spoken == ["for another 2 minutes", "just a little longer"]


async def test_joining_is_refused_if_a_time_is_free(caller: Caller, token: str) -> None:
    await caller.call("release_hold", holdToken=token)
    before = fingerprint(caller.path)
    error = await caller.expect_error("join_waitlist", **GOOD)
    assert (error["code"], error["retryable"]) == ("slots_available", False)
    assert starts(error["alternatives"]) == [MONDAY_9]
    assert error["result"] == (
        "Good news: there's no need to wait. I have tomorrow at 9 in the morning. Does that work?"
    )
    assert error["message"]
    assert fingerprint(caller.path) == before
    several = await caller.expect_error("join_waitlist", **GOOD | {"to": "2026-11-24"})
    assert len(several["alternatives"]) == 3
    assert several["result"].endswith("Which works best?")


@pytest.mark.parametrize(
    ("arguments", "reason", "spoken"),
    [
        ({"from": "2026-11-29", "to": "2026-11-29"}, "outside_shift", "That's outside our hours. I do have Monday"),
        (
            {"from": "2026-11-24T02:00", "to": "2026-11-24T04:00"},
            "outside_shift",
            "That's outside our hours. I do have Tuesday at 8",
        ),
        ({"durationMinutes": 600}, "too_long", "That appointment is too long for our working hours."),
        (
            {
                "serviceType": "ac-repair",
                "technicianId": "t-ben",
                "from": "2026-11-24T18:00",
                "to": "2026-11-24T20:00",
            },
            "outside_shift",
            "Ben doesn't work at that time. I do have Tuesday at 3:30",
        ),
    ],
)
async def test_a_wait_in_vain_is_refused_with_the_reason(
    caller: Caller, arguments: dict[str, object], reason: str, spoken: str
) -> None:
    before = fingerprint(caller.path)
    error = await caller.expect_error("join_waitlist", **GOOD | arguments)
    assert (error["code"], error["reason"], error["retryable"]) == ("slot_unavailable", reason, False)
    assert error["result"].startswith(f"I'm sorry. {spoken}")
    assert bool(error["alternatives"]) is ("I do have" in spoken)
    assert fingerprint(caller.path) == before


@pytest.mark.usefixtures("token")
async def test_the_response_is_in_the_callers_language(caller: Caller) -> None:
    answer = await caller.call("join_waitlist", **GOOD, locale="es")
    assert answer["result"].startswith("Está en la lista de espera")


async def test_a_location_and_a_requested_technician_are_accepted(caller: Caller) -> None:
    await caller.call(
        "create_hold", start=MONDAY_9, serviceType="ac-repair", customerHash="somebody", technicianId="t-ben"
    )
    arguments = GOOD | {"serviceType": "ac-repair", "technicianId": "t-ben", "latitude": 39.74, "longitude": -104.99}
    assert (await caller.call("join_waitlist", **arguments))["position"] == 1


@pytest.mark.usefixtures("token")
async def test_a_key_is_valid_for_one_request(caller: Caller) -> None:
    await caller.call("join_waitlist", **GOOD, idempotencyKey="k-1")
    other = {"serviceType": "ac-repair", "from": "2026-11-29", "to": "2026-11-29"}
    error = await caller.expect_error("join_waitlist", **GOOD | other, idempotencyKey="k-1")
    assert error["code"] == "idempotency_mismatch"


@pytest.mark.usefixtures("token")
async def test_a_busy_database_is_a_retryable_error(caller: Caller, impatient_caller: Caller) -> None:
    with closing(sqlite3.connect(caller.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await impatient_caller.expect_error("join_waitlist", **GOOD)
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert not (await caller.call("join_waitlist", **GOOD))["replayed"]


async def test_unknown_ids_are_not_found(caller: Caller) -> None:
    error = await caller.expect_error("join_waitlist", **GOOD | {"serviceType": "furnace"})
    assert (error["code"], error["nearest"]) == ("not_found", ["furnace-check", "ac-repair"])


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"from": ""}, "from"),
        ({"from": "someday"}, "from"),
        ({"from": "next tuesday"}, "from"),
        ({"to": None}, "to"),
        ({"to": "2026-11-23T08:00"}, "to"),
        ({"from": "2026-11-20", "to": "2026-11-22T11:00"}, "to"),
        ({"from": "2027-03-01", "to": "2027-03-02"}, "from"),
        ({"to": "2199-12-31"}, "to"),
        ({"from": "2026-11-01T01:30"}, "from"),
        ({"customerName": " "}, "customerName"),
        ({"customerPhone": ""}, "customerPhone"),
        ({"customerPhone": "call me"}, "customerPhone"),
        ({"customerEmail": "kim at home"}, "customerEmail"),
        ({"durationMinutes": -5}, "durationMinutes"),
        ({"technicianId": "t-ben"}, "technicianId"),
        ({"latitude": 39.7}, "longitude"),
        ({"customerHash": "x" * 10_000_000}, "customerHash"),
        ({"window": "any"}, "window"),
    ],
)
async def test_an_invalid_argument_is_named_and_no_entry_is_made(
    caller: Caller, arguments: dict[str, object], field: str
) -> None:
    before = fingerprint(caller.path)
    error = await caller.expect_error("join_waitlist", **(GOOD | arguments))
    assert (error["code"], fields(error)) == ("invalid_argument", [field])
    assert fingerprint(caller.path) == before
