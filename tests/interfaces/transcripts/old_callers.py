"""Calls of existing customers."""

from interfaces.transcripts.callers import FRIDAY, FURNACE, KIM, LEE, MONDAY, THURSDAY, TUESDAY, book_before, hold
from interfaces.transcripts.page import Page, ring
from support.server import Caller


async def technician_from_last_time(caller: Caller, page: Page) -> None:
    caller.clock.advance(days=-28)
    await book_before(caller, "2026-10-28T09:00", technicianId="t-ben")
    caller.clock.advance(days=28)
    async with ring(caller, page) as line:
        line.says("You were here in October, and I would like the same technician again. Friday at nine? 303-555-0142.")
        found = await line.call("find_bookings", phone="303-555-0142")
        assert "technicianId" not in found["bookings"][0]
        line.says("It was Ben.")
        ben = "t-ben"
        token = await hold(line, f"{FRIDAY}T09:00", technicianId=ben)
        line.says("Wonderful, yes. Kim Doe.")
        booked = await line.call("book_slot", holdToken=token, **KIM)
        assert booked["booking"]["technicianId"] == ben
    page.note("A neighbor calls.")
    async with ring(caller, page) as line:
        line.says("I want Ben on Friday at nine, too!")
        refused = await line.call(
            "create_hold", **FURNACE, start=f"{FRIDAY}T09:00", technicianId=ben, customerHash="line-2"
        )
        assert refused["error"]["code"] == "slot_unavailable"
        line.says("Oh. Why not at nine?")
        await line.call("explain_slot", **FURNACE, start=f"{FRIDAY}T09:00", technicianId=ben)
        line.says("All right, then somebody else at nine. Lee Roe, 303 555 0177.")
        await line.call("book_slot", start=f"{FRIDAY}T09:00", **FURNACE, **LEE)


async def cancels(caller: Caller, page: Page) -> None:
    await book_before(caller, f"{FRIDAY}T09:00")
    async with ring(caller, page) as line:
        line.says("I have to cancel my appointment. It is under 303 555 0177, I think.")
        await line.call("find_bookings", phone="303 555 0177")
        line.says("Then try (303) 555-0142.")
        found = await line.call("find_bookings", phone="(303) 555-0142")
        line.says("That is the one. My furnace works again.")
        booking_id = found["bookings"][0]["bookingId"]
        await line.call("cancel_booking", bookingId=booking_id, phone="(303) 555-0142", reason="works again")
        line.says("So there is nothing left?")
        await line.call("find_bookings", phone="(303) 555-0142")


async def moves(caller: Caller, page: Page) -> None:
    await book_before(caller, f"{FRIDAY}T09:00")
    await book_before(caller, f"{TUESDAY}T09:00", technicianId="t-ana", **LEE)
    async with ring(caller, page) as line:
        line.says("Could we move my appointment? 303 555 0142.")
        found = await line.call("find_bookings", phone="303 555 0142")
        booking = {"bookingId": found["bookings"][0]["bookingId"], "phone": "303 555 0142"}
        line.says("Yes, that one. Thursday would be better.")
        await line.call("reschedule_booking", **booking, start=f"{THURSDAY}T09:00")
        line.says("Oh, Thanksgiving. Then Monday at noon?")
        await line.call("explain_slot", **FURNACE, start=f"{MONDAY}T12:00")
        line.says("No, at one.")
        moved = await line.call("reschedule_booking", **booking, start=f"{MONDAY}T13:00")
        assert moved["booking"]["technicianId"] == "t-ana"
        line.says("My wife says Tuesday at nine is better still.")
        moved = await line.call("reschedule_booking", **booking, start=f"{TUESDAY}T09:00")
        assert moved["booking"]["technicianId"] != "t-ana"


async def broken_line(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Friday at nine, please. Kim Doe, 303 555 0142.")
        token = await hold(line, f"{FRIDAY}T09:00")
        first = await line.call("book_slot", holdToken=token, **KIM)
    page.note("The line breaks before she hears it. Three minutes later she calls again.")
    caller.clock.advance(seconds=180)
    async with ring(caller, page) as line:
        line.says("We were cut off. Did you book Friday at nine? Kim Doe, 303 555 0142.")
        again = await line.call("book_slot", holdToken=token, **KIM)
        assert again["replayed"]
        assert again["booking"]["bookingId"] == first["booking"]["bookingId"]
    page.note("She is cut off again, and another agent answers, who knows nothing of all this.")
    async with ring(caller, page) as line:
        line.says("Me again. Is it booked now? 303 555 0142.")
        found = await line.call("find_bookings", phone="303 555 0142")
        assert [one["bookingId"] for one in found["bookings"]] == [first["booking"]["bookingId"]]
