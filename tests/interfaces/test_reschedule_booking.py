"""Tests of reschedule_booking."""

from support.server import Body, Caller, starts
from support.sqlite_file import fingerprint

MONDAY_9, MONDAY_10, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
PROOF = {"phone": "303-555-0142"}


async def book(caller: Caller, start: str = MONDAY_9, **more: str) -> Body:
    booking: Body = (await caller.call("book_slot", start=start, **KIM, **more))["booking"]
    return booking


async def test_a_booking_moves_and_keeps_its_technician(caller: Caller) -> None:
    booked = await book(caller)
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=TUESDAY_9)
    assert answer["result"] == ("I've moved your appointment to Tuesday at 9 in the morning, with Ana as before.")
    moved = answer["booking"]
    assert (moved["bookingId"], moved["status"]) == (booked["bookingId"], "rescheduled")
    assert (moved["start"], moved["technicianId"]) == (TUESDAY_9, "t-ana")
    assert moved["assignmentReason"] == "Ana had it before, and is free at the new time, too."
    assert moved["assignment"]["kept"]
    assert answer["previous"] == {"start": MONDAY_9, "end": MONDAY_10, "technicianId": "t-ana"}
    assert not answer["replayed"]
    assert (await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=TUESDAY_9))[
        "replayed"
    ]


async def test_a_new_technician_is_named(caller: Caller) -> None:
    booked = await book(caller)
    await caller.call("book_slot", start=TUESDAY_9, technicianId="t-ana", customerName="Lee", customerEmail="l@x.org")
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start="2026-11-24T09:00")
    assert answer["result"] == (
        "I've moved your appointment to Tuesday at 9 in the morning, now with Ben instead of Ana."
    )
    assert answer["booking"]["assignmentReason"] == "Only Ben was free."


async def test_a_move_within_a_day_repeats_only_the_clock_time(caller: Caller) -> None:
    booked = await book(caller)
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=MONDAY_10)
    assert answer["result"] == ("I've moved your appointment to tomorrow at 10 in the morning, with Ana as before.")
    at_one = "2026-11-23T20:00:00Z"
    await caller.call("book_slot", start=at_one, technicianId="t-ana", customerName="Lee", customerEmail="l@x.org")
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=at_one)
    assert answer["result"] == (
        "I've moved your appointment to tomorrow at 1 in the afternoon, now with Ben instead of Ana."
    )


async def test_a_held_time_can_be_the_new_start(caller: Caller) -> None:
    booked = await book(caller)
    token = (await caller.call("create_hold", start=TUESDAY_9, customerHash="a"))["holdToken"]
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, holdToken=token)
    assert answer["booking"]["start"] == TUESDAY_9
    assert not (await caller.call("release_hold", holdToken=token))["released"]


async def test_a_refused_move_changes_nothing_and_offers_alternatives(caller: Caller) -> None:
    booked = await book(caller, serviceType="furnace-check")
    other = await caller.call(
        "book_slot", start=TUESDAY_9, serviceType="furnace-check", customerName="Lee", customerEmail="l@x.org"
    )
    before = fingerprint(caller.path)
    error = await caller.expect_error("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=TUESDAY_9)
    assert (error["code"], error["retryable"]) == ("slot_unavailable", False)
    assert error["result"].startswith("I'm sorry, that time isn't available. I do have ")
    assert MONDAY_9 not in starts(error["alternatives"])
    assert other["booking"]["start"] not in starts(error["alternatives"])
    assert fingerprint(caller.path) == before


async def test_a_move_to_the_same_time_changes_nothing(caller: Caller) -> None:
    booked = await book(caller)
    answer = await caller.call("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=MONDAY_9)
    assert answer["result"] == "You're already booked for that time: AC repair, tomorrow at 9 in the morning, with Ana."
    assert answer["booking"]["status"] == "confirmed"


async def test_a_canceled_booking_cannot_be_moved(caller: Caller) -> None:
    booked = await book(caller)
    await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF)
    error = await caller.expect_error("reschedule_booking", bookingId=booked["bookingId"], **PROOF, start=TUESDAY_9)
    assert (error["code"], error["retryable"]) == ("booking_closed", False)
    assert error["result"] == "I'm sorry, that appointment is already canceled. Should I book a new one?"


async def test_a_retry_after_a_cancellation_says_that_it_is_canceled(caller: Caller) -> None:
    booked = await book(caller)
    arguments = {"bookingId": booked["bookingId"], **PROOF, "start": TUESDAY_9, "idempotencyKey": "k"}
    await caller.call("reschedule_booking", **arguments)
    await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF)
    answer = await caller.call("reschedule_booking", **arguments)
    assert answer["replayed"]
    assert answer["result"] == "Your appointment is canceled: AC repair, Tuesday at 9 in the morning."
    assert answer["booking"]["status"] == "cancelled"


async def test_a_key_is_valid_for_one_request(caller: Caller) -> None:
    booked = await book(caller)
    arguments = {"bookingId": booked["bookingId"], **PROOF, "idempotencyKey": "k"}
    await caller.call("reschedule_booking", start=TUESDAY_9, **arguments)
    assert (await caller.expect_error("reschedule_booking", start=MONDAY_10, **arguments))[
        "code"
    ] == "idempotency_mismatch"
