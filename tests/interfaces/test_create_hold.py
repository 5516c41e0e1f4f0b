"""Tests of create_hold."""

import sqlite3
from contextlib import closing

import orjson
import pytest

from support.server import Caller, fields, starts
from support.sqlite_file import fingerprint

KEY = "4f1c9d27-b3e0-4a58"
"""Key that is hard to guess: it identifies a request without a call id, too."""
MONDAY_9 = "2026-11-23T16:00:00Z"


async def test_a_hold_has_a_token_a_time_and_an_expiry(caller: Caller) -> None:
    answer = await caller.call("create_hold", start=MONDAY_9, customerHash="caller-1")
    token = answer["holdToken"]
    assert len(token) >= 22
    assert {key: value for key, value in answer.items() if key not in {"holdToken", "traceId"}} == {
        "result": "For AC repair, I'm holding tomorrow at 9 in the morning for a minute and a half. Should I book it?",
        "serviceType": "ac-repair",
        "start": MONDAY_9,
        "end": "2026-11-23T17:00:00Z",
        "startLocal": "2026-11-23T09:00:00-07:00",
        "label": "Monday, November 23 at 9:00 AM",
        "expiresAt": "2026-11-22T19:01:30Z",
        "capacityLeft": 1,
        "replayed": False,
        "clock": {"now": "2026-11-22T19:00:00Z", "today": "Sunday, November 22, 2026", "timezone": "America/Denver"},
    }


async def test_the_technician_of_a_hold_is_not_revealed(caller: Caller) -> None:
    answer = await caller.call("create_hold", start=MONDAY_9, customerHash="caller-1", technicianId="t-ben")
    text = orjson.dumps(answer).decode().replace(answer["holdToken"], "")
    assert "t-ana" not in text
    assert "t-ben" not in text
    assert "Ben" not in text


async def test_a_start_may_be_local_with_an_end_or_a_duration(caller: Caller) -> None:
    by_end = await caller.call("create_hold", start="2026-11-23T09:00", end="2026-11-23T11:00", customerHash="a")
    assert (by_end["start"], by_end["end"]) == (MONDAY_9, "2026-11-23T18:00:00Z")
    by_length = await caller.call(
        "create_hold", start=MONDAY_9, durationMinutes="120", customerHash="b", ttlSeconds="60"
    )
    assert by_length["end"] == "2026-11-23T18:00:00Z"
    assert by_length["expiresAt"] == "2026-11-22T19:01:00Z"


async def test_a_retry_with_a_key_returns_the_same_hold(caller: Caller) -> None:
    arguments = {"start": MONDAY_9, "customerHash": "caller-1", "idempotencyKey": "k-1"}
    first = await caller.call("create_hold", **arguments)
    again = await caller.call("create_hold", **arguments)
    assert again["replayed"]
    assert again["holdToken"] == first["holdToken"]
    assert again["capacityLeft"] == first["capacityLeft"]


async def test_a_late_retry_does_not_claim_that_the_time_is_held(caller: Caller) -> None:
    arguments = {"start": MONDAY_9, "customerHash": "caller-1", "idempotencyKey": KEY}
    token = (await caller.call("create_hold", **arguments))["holdToken"]
    caller.clock.advance(seconds=90)
    late = await caller.call("create_hold", **arguments)
    assert late["result"] == "I was holding tomorrow at 9 in the morning until a moment ago. Should I try to book it?"
    await caller.call("book_slot", holdToken=token, customerName="Kim", customerPhone="+1 303 555 0142")
    booked = await caller.call("create_hold", **arguments)
    assert booked["result"] == "That's already booked for you: tomorrow at 9 in the morning."
    assert booked["expiresAt"] == ""


async def test_a_taken_time_is_reported_with_alternatives(caller: Caller) -> None:
    for customer in ("a", "b"):
        await caller.call("create_hold", start=MONDAY_9, customerHash=customer)
    error = await caller.expect_error("create_hold", start=MONDAY_9, customerHash="c")
    assert error["code"] == "slot_unavailable"
    assert not error["retryable"]
    assert 1 <= len(error["alternatives"]) <= 3
    assert MONDAY_9 not in starts(error["alternatives"])
    assert "I do have tomorrow at " in error["result"]
    for slot in error["alternatives"]:
        token = (await caller.call("create_hold", start=slot["start"], customerHash="c"))["holdToken"]
        await caller.call("release_hold", holdToken=token)


@pytest.mark.parametrize("start", ["2026-11-22T16:00:00Z", "2026-11-23T16:05:00Z", "2026-11-28T16:00:00Z"])
async def test_a_time_that_is_never_offered_is_unavailable(caller: Caller, start: str) -> None:
    error = await caller.expect_error("create_hold", start=start, customerHash="a")
    assert error["code"] == "slot_unavailable"
    assert error["alternatives"]


async def test_a_customer_can_hold_at_most_three_starts(caller: Caller) -> None:
    first, second = "caller-1-c7a1f93e05b24d68", "caller-2-c7a1f93e05b24d68"
    for hour in (15, 17, 20):
        await caller.call("create_hold", start=f"2026-11-23T{hour}:00:00Z", customerHash=first)
    error = await caller.expect_error("create_hold", start="2026-11-24T15:00:00Z", customerHash=first)
    assert error["code"] == "hold_limit"
    assert error["message"]
    await caller.call("create_hold", start="2026-11-24T15:00:00Z", customerHash=second)


async def test_a_key_is_valid_for_one_request(caller: Caller) -> None:
    await caller.call("create_hold", start=MONDAY_9, customerHash="a", idempotencyKey=KEY)
    error = await caller.expect_error("create_hold", start="2026-11-23T17:15:00Z", customerHash="a", idempotencyKey=KEY)
    assert error["code"] == "idempotency_mismatch"


async def test_unknown_ids_are_not_found(caller: Caller) -> None:
    error = await caller.expect_error("create_hold", start=MONDAY_9, customerHash="a", serviceType="ac")
    assert (error["code"], error["nearest"]) == ("not_found", ["ac-repair", "furnace-check"])


async def test_a_busy_database_is_a_retryable_error(caller: Caller, impatient_caller: Caller) -> None:
    with closing(sqlite3.connect(caller.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await impatient_caller.expect_error("create_hold", start=MONDAY_9, customerHash="a")
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert error["retryAfterMs"] > 0
    await caller.call("create_hold", start=MONDAY_9, customerHash="a")


GOOD = {"start": MONDAY_9, "customerHash": "caller-1"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"start": ""}, "start"),
        ({"start": "2026-11-23"}, "start"),
        ({"start": "9 am"}, "start"),
        ({"start": "2026-11-23T16:00:01Z"}, "start"),
        ({"start": "2026-11-01T01:30"}, "start"),
        ({"end": MONDAY_9}, "end"),
        ({"end": "2026-11-22T16:00:00Z"}, "end"),
        ({"end": "2026-12-23T16:00:00Z"}, "end"),
        ({"end": "2026-11-23T17:00:00Z", "durationMinutes": 90}, "durationMinutes"),
        ({"durationMinutes": -5}, "durationMinutes"),
        ({"customerHash": True}, "customerHash"),
        ({"phone": "12"}, "phone"),
        ({"email": "kim"}, "email"),
        ({"additional": "perhaps"}, "additional"),
        ({"customerHash": "x" * 10_000_000}, "customerHash"),
        ({"ttlSeconds": 59}, "ttlSeconds"),
        ({"ttlSeconds": 121}, "ttlSeconds"),
        ({"ttlSeconds": 10**9}, "ttlSeconds"),
        ({"serviceType": "furnace-check", "technicianId": "t-ben"}, "technicianId"),
        ({"idempotencyKey": "k\x07"}, "idempotencyKey"),
        ({"customer": "Kim"}, "customer"),
    ],
)
async def test_an_invalid_argument_is_named_and_nothing_is_held(
    caller: Caller, arguments: dict[str, object], field: str
) -> None:
    before = fingerprint(caller.path)
    error = await caller.expect_error("create_hold", **(GOOD | arguments))
    assert (error["code"], fields(error)) == ("invalid_argument", [field])
    assert fingerprint(caller.path) == before


HASH = "c7a1f93e05b24d68"


async def test_a_hold_needs_no_customer_hash(caller: Caller) -> None:
    first, second = [await caller.call("create_hold", start=MONDAY_9) for _ in range(2)]
    assert (first["capacityLeft"], second["capacityLeft"]) == (1, 0)
    assert (await caller.expect_error("create_hold", start=MONDAY_9))["code"] == "slot_unavailable"


async def test_the_same_hold_is_returned_while_it_lives(caller: Caller) -> None:
    first = await caller.call("create_hold", start=MONDAY_9, customerHash=HASH)
    caller.clock.advance(seconds=30)
    again = await caller.call("create_hold", start=MONDAY_9, customerHash=HASH)
    assert [again[key] for key in ("holdToken", "expiresAt", "replayed")] == [
        first["holdToken"],
        first["expiresAt"],
        True,
    ]


async def test_a_contact_identifies_the_caller_and_is_not_stored(caller: Caller) -> None:
    first = await caller.call("create_hold", start=MONDAY_9, phone="(303) 555-0142", email="kim@example.com")
    again = await caller.call("create_hold", start=MONDAY_9, phone="+1 303 555 0142")
    assert again["holdToken"] == first["holdToken"]
    with closing(sqlite3.connect(caller.path)) as connection:
        stored = "\n".join(connection.iterdump())
    assert [text for text in ("555-0142", "5550142", "kim@example.com") if text in stored] == []


async def test_an_unknown_token_is_said_with_the_callers_own_times(caller: Caller) -> None:
    await caller.call("create_hold", start=MONDAY_9, customerHash=HASH)
    wrong = {"start": "2026-11-24T16:00:00Z", "holdToken": "mistyped"}
    own = await caller.expect_error("create_hold", customerHash=HASH, **wrong)
    assert (own["code"], own["heldStarts"]) == ("hold_expired", [MONDAY_9])
    assert own["result"] == (
        "I'm sorry, I don't have that time on hold. I'm still holding tomorrow at 9 in the morning. Should I book it?"
    )
    other = await caller.expect_error("create_hold", customerHash="d7a1f93e05b24d68", **wrong)
    assert other["heldStarts"] == []
    assert other["result"] == "I'm sorry, I don't have that time on hold. Should I look for times again?"


async def test_the_time_that_is_left_is_reported_when_a_time_was_held_for_long(caller: Caller) -> None:
    for start in (MONDAY_9, "2026-11-23T16:30:00Z"):
        await caller.call("create_hold", start=start, customerHash=HASH)
        caller.clock.advance(seconds=85)
    error = await caller.expect_error("create_hold", start=MONDAY_9, customerHash=HASH)
    assert (error["code"], error["retryAfterMs"]) == ("hold_limit", 10_000)
    assert (
        error["result"] == "I'm sorry, I can't hold that time any longer right now. Should I book the one I'm holding?"
    )


async def test_a_project_with_several_services_names_the_held_one(caller: Caller) -> None:
    answer = await caller.call("create_hold", start=MONDAY_9, customerHash=HASH, serviceType="furnace-check")
    assert answer["result"].startswith("For furnace check, I'm holding tomorrow at 9 in the morning for ")
