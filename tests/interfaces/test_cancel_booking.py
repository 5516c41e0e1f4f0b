"""Tests of cancel_booking."""

from support.server import Body, Caller, starts
from support.sqlite_file import fingerprint

MONDAY_9 = "2026-11-23T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
PROOF = {"phone": "303-555-0142"}
AT_9 = {"from": MONDAY_9, "to": "2026-11-23T16:15:00Z", "serviceType": "furnace-check"}


async def book(caller: Caller, **more: str) -> Body:
    answer = await caller.call("book_slot", start=MONDAY_9, serviceType="furnace-check", **KIM, **more)
    booking: Body = answer["booking"]
    return booking


async def test_the_canceled_time_is_free_at_once(caller: Caller) -> None:
    booked = await book(caller)
    assert (await caller.call("get_slots", **AT_9))["slots"] == []
    answer = await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF, reason="A cold\nand a cough")
    assert answer["result"] == "Your appointment is canceled: furnace check, tomorrow at 9 in the morning."
    assert answer["booking"] == {
        "bookingId": booked["bookingId"],
        "status": "cancelled",
        "serviceType": "furnace-check",
        "start": MONDAY_9,
        "end": "2026-11-23T18:00:00Z",
        "startLocal": "2026-11-23T09:00:00-07:00",
        "label": "Monday, November 23 at 9:00 AM",
        "technicianId": "t-ana",
        "technicianName": "Ana",
    }
    assert starts((await caller.call("get_slots", **AT_9))["slots"]) == [MONDAY_9]


async def test_a_repeated_cancellation_returns_the_same_and_changes_nothing(caller: Caller) -> None:
    booked = await book(caller)
    first = await caller.call("cancel_booking", bookingId=booked["bookingId"], reason="Sick", **PROOF)
    before = fingerprint(caller.path)
    again = await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF, reason="Another")
    assert {**again, "traceId": ""} == {**first, "traceId": ""}
    assert fingerprint(caller.path) == before


async def test_a_canceled_time_can_be_booked_again(caller: Caller) -> None:
    booked = await book(caller)
    await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF)
    again = await book(caller)
    assert again["bookingId"] != booked["bookingId"]


async def test_a_retry_of_a_canceled_booking_says_that_it_is_canceled(caller: Caller) -> None:
    booked = await book(caller, idempotencyKey="k")
    await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF)
    answer = await caller.call("book_slot", start=MONDAY_9, serviceType="furnace-check", idempotencyKey="k", **KIM)
    assert answer["replayed"]
    assert answer["booking"]["status"] == "cancelled"
    assert answer["result"] == "Your appointment is canceled: furnace check, tomorrow at 9 in the morning."


async def test_an_unknown_booking_is_not_found_and_no_similar_id_is_named(operator: Caller) -> None:
    booked = await book(operator)
    error = await operator.expect_error("cancel_booking", bookingId=booked["bookingId"][:-1])
    assert (error["code"], error["nearest"]) == ("not_found", [])
    assert booked["bookingId"] not in error["fields"][0]["problem"]
