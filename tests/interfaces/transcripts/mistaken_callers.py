"""Calls in which something goes wrong: a lost response, a wrong name, a second house, a lost token, a past visit."""

from interfaces.transcripts.callers import FRIDAY, FURNACE, KIM, MONDAY, book_before, hold
from interfaces.transcripts.page import Page, ring
from support.server import Caller


async def retry_after_time_out(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Friday at nine, please. Kim Doe, 303 555 0142.")
        token = await hold(line, f"{FRIDAY}T09:00")
        booking = {"holdToken": token, **KIM}
        page.note("The response to the next request is lost, and the agent's client gives up waiting.")
        first = await line.call("book_slot", **booking)
        line.pause(20, "Twenty seconds pass. The client sends the request again.")
        again = await line.call("book_slot", **booking)
        assert again["replayed"]
        assert again["booking"]["bookingId"] == first["booking"]["bookingId"]
        line.says("Are you still there?")
        found = await line.call("find_bookings", phone="303 555 0142")
        assert [one["bookingId"] for one in found["bookings"]] == [first["booking"]["bookingId"]]


async def corrected_name(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Friday at ten. Jon Smyth, 303 555 0121.")
        jon = {**FURNACE, "start": f"{FRIDAY}T10:00", "customerPhone": "303 555 0121"}
        booked = await line.call("book_slot", **jon, customerName="Jon Smyth")
        line.says("No, John Smith. With an h, and an i.")
        refused = await line.call("book_slot", **jon, customerName="John Smith")
        assert refused["error"]["code"] == "already_booked"
        corrected = await line.call(
            "update_booking",
            bookingId=booked["booking"]["bookingId"],
            phone="303 555 0121",
            customerName="John Smith",
        )
        assert corrected["booking"]["bookingId"] == booked["booking"]["bookingId"]
        line.says("And can you write down that the gate code is one, two, three, four?")
        await line.call("book_slot", **jon, customerName="John Smith", notes="gate code 1234")


async def second_house(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Acme Property. Monday at ten, at one Main Street. 303 555 0150.")
        acme = {
            **FURNACE,
            "start": f"{MONDAY}T10:00",
            "customerName": "Acme Property",
            "customerPhone": "303 555 0150",
        }
        first = await line.call("book_slot", **acme, address="1 Main St")
        line.says("And somebody at the same time at two Oak Street.")
        refused = await line.call("book_slot", **acme, address="2 Oak St")
        assert refused["error"]["code"] == "already_booked"
        line.says("No, keep that one. Two houses, two technicians.")
        second = await line.call("book_slot", **acme, address="2 Oak St", additional=True)
        assert second["booking"]["technicianId"] != first["booking"]["technicianId"]
        page.note("The agent's client repeats the request.")
        again = await line.call("book_slot", **acme, address="2 Oak St", additional=True)
        assert again["booking"]["bookingId"] == second["booking"]["bookingId"]


async def lost_token(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Is Friday at nine free? My number is 303 555 0142.")
        token = await hold(line, f"{FRIDAY}T09:00", phone="303 555 0142")
        line.says("Yes, please. Kim Doe.")
        page.note("The agent mistypes the token.")
        refused = await line.call("book_slot", holdToken="a-mistyped-token", **KIM)
        assert refused["error"]["code"] == "hold_expired"
        line.says("Hello?")
        page.note("The agent has no token, and holds the time again.")
        again = await line.call("create_hold", **FURNACE, start=f"{FRIDAY}T09:00", phone="303 555 0142")
        assert again["holdToken"] == token
        line.says("Or half past nine? I would rather have that.")
        moved = await line.call("create_hold", **FURNACE, start=f"{FRIDAY}T09:30", phone="303 555 0142")
        assert moved["holdToken"] != token
        line.says("Good, that one.")
        await line.call("book_slot", **FURNACE, start=f"{FRIDAY}T09:30", **KIM)


async def last_weeks_visit(caller: Caller, page: Page) -> None:
    caller.clock.advance(days=-8)
    past = await book_before(caller, "2026-11-18T09:00", technicianId="t-ben")
    caller.clock.advance(days=8)
    booking = {"bookingId": past["bookingId"], "phone": "303 555 0142"}
    async with ring(caller, page) as line:
        line.says("I want to cancel my appointment of last week. 303 555 0142.")
        await line.call("find_bookings", phone="303 555 0142")
        refused = await line.call("cancel_booking", **booking)
        assert refused["error"]["code"] == "booking_closed"
        line.says("Then move it to Friday at nine.")
        refused = await line.call("reschedule_booking", **booking, start=f"{FRIDAY}T09:00")
        assert refused["error"]["code"] == "booking_closed"
        line.says("Right, he was here. Then a new visit on Friday at nine. Kim Doe.")
        await line.call("book_slot", **FURNACE, start=f"{FRIDAY}T09:00", **KIM)
