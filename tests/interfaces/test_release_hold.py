"""Tests of release_hold."""

import sqlite3
from contextlib import closing

import pytest

from support.server import Caller, fields

MONDAY_9 = "2026-11-23T16:00:00Z"


async def test_a_released_start_can_be_held_again(caller: Caller) -> None:
    arguments = {"start": MONDAY_9, "customerHash": "a", "serviceType": "furnace-check"}
    token = (await caller.call("create_hold", **arguments))["holdToken"]
    await caller.expect_error("create_hold", **arguments | {"customerHash": "b"})
    answer = await caller.call("release_hold", holdToken=token)
    assert answer["released"]
    assert answer["result"] == "All right, I've let that time go."
    await caller.call("create_hold", **arguments | {"customerHash": "b"})


async def test_a_repeated_release_is_not_an_error(caller: Caller) -> None:
    token = (await caller.call("create_hold", start=MONDAY_9, customerHash="a"))["holdToken"]
    await caller.call("release_hold", holdToken=token)
    again = await caller.call("release_hold", holdToken=token)
    assert not again["released"]
    assert again["result"] == "I'd already let that one go."


async def test_an_unknown_token_releases_nothing(caller: Caller) -> None:
    assert not (await caller.call("release_hold", holdToken="never-was"))["released"]


async def test_a_release_never_cancels_a_booking(caller: Caller) -> None:
    token = (await caller.call("create_hold", start=MONDAY_9, customerHash="a"))["holdToken"]
    await caller.call("book_slot", holdToken=token, customerName="Kim", customerEmail="kim@example.com")
    answer = await caller.call("release_hold", holdToken=token)
    assert not answer["released"]
    assert answer["result"] == "That one's already booked, and it stays booked."


async def test_a_release_with_an_entrys_id_leaves_the_waitlist(caller: Caller) -> None:
    window = {"from": MONDAY_9, "to": "2026-11-23T16:15:00Z", "serviceType": "furnace-check"}
    await caller.call("create_hold", start=MONDAY_9, serviceType="furnace-check", customerHash="a")
    joined = await caller.call("join_waitlist", customerName="Kim", customerEmail="kim@example.com", **window)
    answer = await caller.call("release_hold", holdToken=joined["waitId"])
    assert (answer["released"], answer["result"]) == (True, "I've taken you off the waitlist.")
    again = await caller.call("release_hold", holdToken=joined["waitId"], locale="fr")
    assert (again["released"], again["result"]) == (False, "Je ne gardais déjà plus ce créneau.")


async def test_an_unknown_project_is_not_found(caller: Caller) -> None:
    error = await caller.expect_error("release_hold", projectId="denver", holdToken="x")
    assert (error["code"], fields(error)) == ("not_found", ["projectId"])


async def test_a_busy_database_is_a_retryable_error(caller: Caller, impatient_caller: Caller) -> None:
    with closing(sqlite3.connect(caller.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await impatient_caller.expect_error("release_hold", holdToken="x")
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert error["retryAfterMs"] > 0
    assert not (await caller.call("release_hold", holdToken="x"))["released"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "holdToken"),
        ({"holdToken": "  "}, "holdToken"),
        ({"holdToken": 1.5}, "holdToken"),
        ({"holdToken": "x" * 10_000_000}, "holdToken"),
        ({"holdToken": "a\ud800"}, "holdToken"),
        ({"token": "abc", "holdToken": "abc"}, "token"),
    ],
)
async def test_an_invalid_argument_is_named(caller: Caller, arguments: dict[str, object], field: str) -> None:
    error = await caller.expect_error("release_hold", **arguments)
    assert (error["code"], fields(error)) == ("invalid_argument", [field])
