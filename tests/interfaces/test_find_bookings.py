"""Tests of find_bookings: a customer's bookings by any reference, and no other customer's."""

import orjson

from support.server import Body, Caller, fields

MONDAY_9, TUESDAY_9 = "2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "(303) 555-0142", "customerEmail": "Kim@Example.com"}
LEE = {"customerName": "Lee Roe", "customerEmail": "lee@example.com"}
PROOF = {"email": "kim@example.com"}
BOOKING_KEYS = {"bookingId", "status", "serviceType", "start", "end", "startLocal", "label", "upcoming"}


async def book(caller: Caller, start: str, customer: dict[str, str]) -> Body:
    booking: Body = (await caller.call("book_slot", start=start, **customer))["booking"]
    return booking


async def test_a_booking_is_found_by_any_phone_notation_and_shown_with_its_time_only(caller: Caller) -> None:
    booked = await book(caller, MONDAY_9, KIM)
    await book(caller, MONDAY_9, LEE)
    for reference in ({"phone": "+1 303 555 0142"}, {"phone": "303.555.0142"}, {"email": "kim@example.com"}):
        answer = await caller.call("find_bookings", **reference)
        assert answer["result"] == "You have one appointment: AC repair, tomorrow at 9 in the morning."
        (found,) = answer["bookings"]
        assert found.keys() == BOOKING_KEYS
        assert found["bookingId"] == booked["bookingId"]
        assert found["upcoming"]
        assert (found["label"], found["status"]) == ("Monday, November 23 at 9:00 AM", "confirmed")
        text = orjson.dumps(answer).decode()
        assert not any(word in text for word in ("Kim", "Lee", "0142", "example.com", "Ana", "t-ana"))


async def test_a_booked_hold_is_found_by_the_agents_reference(caller: Caller) -> None:
    token = (await caller.call("create_hold", start=MONDAY_9, customerHash="caller-7a1f90be35d2"))["holdToken"]
    booked = (await caller.call("book_slot", holdToken=token, **LEE))["booking"]
    for reference in ({"customerHash": "caller-7a1f90be35d2"}, {"bookingId": booked["bookingId"]}):
        (found,) = (await caller.call("find_bookings", **reference))["bookings"]
        assert found["bookingId"] == booked["bookingId"]


async def test_the_next_booking_is_spoken_and_all_are_listed(caller: Caller) -> None:
    await book(caller, TUESDAY_9, KIM)
    await book(caller, MONDAY_9, KIM)
    answer = await caller.call("find_bookings", email="kim@example.com")
    assert answer["result"] == ("You have 2 appointments. The next one: AC repair, tomorrow at 9 in the morning.")
    assert [one["start"] for one in answer["bookings"]] == [MONDAY_9, TUESDAY_9]


async def test_past_bookings_are_listed_but_not_upcoming(caller: Caller) -> None:
    booked = await book(caller, MONDAY_9, KIM)
    await caller.call("cancel_booking", bookingId=booked["bookingId"], **PROOF)
    answer = await caller.call("find_bookings", email="kim@example.com")
    assert answer["result"] == "You have nothing coming up."
    (found,) = answer["bookings"]
    assert (found["status"], found["upcoming"]) == ("cancelled", False)


async def test_the_last_booking_is_spoken_if_none_is_upcoming(caller: Caller) -> None:
    await book(caller, MONDAY_9, KIM)
    called_off = await book(caller, TUESDAY_9, KIM)
    await caller.call("cancel_booking", bookingId=called_off["bookingId"], **PROOF)
    caller.set_time("2026-11-27T19:00Z")
    answer = await caller.call("find_bookings", email="kim@example.com")
    assert answer["result"] == (
        "You have nothing coming up. The last one was AC repair, Monday, November 23rd at 9 in the morning."
    )


async def test_an_unknown_customer_is_not_an_error(caller: Caller) -> None:
    await book(caller, MONDAY_9, KIM)
    answer = await caller.call("find_bookings", phone="+1 303 555 0143")
    assert answer["bookings"] == []
    assert answer["result"].startswith("I can't find an appointment.")


async def test_the_bookings_are_spoken_in_the_callers_language(caller: Caller) -> None:
    await book(caller, MONDAY_9, KIM)
    answer = await caller.call("find_bookings", email="kim@example.com", locale="es")
    assert answer["result"].startswith("Tiene una cita: AC repair, mañana a las 9")


async def test_exactly_one_reference_is_required(caller: Caller) -> None:
    assert fields(await caller.expect_error("find_bookings")) == ["phone"]
    both = await caller.expect_error("find_bookings", phone="+1 303 555 0142", bookingId="b-1")
    assert (both["code"], fields(both)) == ("invalid_argument", ["bookingId", "phone"])
