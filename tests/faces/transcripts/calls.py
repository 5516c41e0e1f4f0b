"""Ten calls, as they are played. Who says what stands beside, in a page each."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from faces.transcripts.page import Line, Page, ring
from support.server import Body, Desk

Call = Callable[[Desk, Page], Awaitable[None]]

FURNACE: Final = {"serviceType": "furnace-repair"}
DUCTS: Final = {"serviceType": "duct-cleaning"}
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE: Final = {"customerName": "Lee Roe", "customerPhone": "+1 303 555 0177"}
THURSDAY, FRIDAY, MONDAY, TUESDAY = "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"


def on(day: str) -> dict[str, str]:
    """A whole day, as a range."""
    return {"from": day, "to": day}


async def hold(line: Line, start: str, **more: object) -> str:
    """Keep a time for the caller."""
    token: str = (await line.ask("create_hold", **{**FURNACE, "start": start, "customerHash": "line-1", **more}))[
        "holdToken"
    ]
    return token


async def book_before(desk: Desk, start: str, **facts: str) -> Body:
    """An appointment that somebody made before the call."""
    booking: Body = (await desk.ask("book_slot", **{**FURNACE, "start": start, **KIM, **facts}))["booking"]
    return booking


async def friday_then_monday(desk: Desk, page: Page) -> None:
    async with ring(desk, page) as line:
        line.says("Hello, our furnace makes a terrible noise. Could somebody come on Friday afternoon?")
        await line.ask("list_services")
        await line.ask("get_slots", **FURNACE, **on(FRIDAY), partOfDay="afternoon")
        line.says("At one, please.")
        token = await hold(line, f"{FRIDAY}T13:00")
        line.says("Oh, wait. On Friday we are still at my mother's. Would Monday be possible?")
        await line.ask("release_hold", holdToken=token)
        await line.ask("get_slots", **FURNACE, **on(MONDAY))
        line.says("Monday at eight is good.")
        token = await hold(line, f"{MONDAY}T08:00")
        line.says("Yes. Kim Doe, 303 555 0142.")
        await line.ask("book_slot", holdToken=token, **KIM)


async def hesitates(desk: Desk, page: Page) -> None:
    page.note("Only Carla cleans ducts, so each start can be had once.")
    async with ring(desk, page) as line:
        line.says("I would like our ducts cleaned, on Wednesday at eight.")
        token = await hold(line, "2026-11-25T08:00", **DUCTS)
        line.says("Let me ask my husband.")
        line.pause(100, "He is in the garage. A hundred seconds go by; nobody else asks for that time.")
        line.says("Yes, please. Kim Doe, 303 555 0142.")
        await line.ask("book_slot", holdToken=token, **KIM)
    page.note("Another caller.")
    async with ring(desk, page) as line:
        line.says("Could you clean our ducts on Friday at ten?")
        token = await hold(line, f"{FRIDAY}T10:00", **DUCTS)
        line.says("I have to look for my calendar.")
        line.pause(100, "A hundred seconds go by, and meanwhile somebody else books that time.")
        await book_before(desk, f"{FRIDAY}T10:00", **DUCTS, customerPhone="+1 303 555 0199")
        line.says("There it is. Yes, that is fine. Lee Roe, 303 555 0177.")
        refused = await line.ask("book_slot", holdToken=token, **LEE)
        assert refused["error"]["code"] == "hold_expired"
        line.says("Then the first of those.")
        start = refused["error"]["alternatives"][0]["start"]
        await line.ask("book_slot", start=start, **DUCTS, **LEE)


async def technician_from_last_time(desk: Desk, page: Page) -> None:
    desk.clock.advance(days=-28)
    await book_before(desk, "2026-10-28T09:00", technicianId="t-ben")
    desk.clock.advance(days=28)
    async with ring(desk, page) as line:
        line.says("You were here in October, and I would like the same technician again. Friday at nine? 303-555-0142.")
        found = await line.ask("find_bookings", phone="303-555-0142")
        ben = found["bookings"][0]["technicianId"]
        token = await hold(line, f"{FRIDAY}T09:00", technicianId=ben)
        line.says("Wonderful, yes. Kim Doe.")
        booked = await line.ask("book_slot", holdToken=token, **KIM)
        assert booked["booking"]["technicianId"] == ben
    page.note("A neighbor calls.")
    async with ring(desk, page) as line:
        line.says("I want Ben on Friday at nine, too!")
        refused = await line.ask(
            "create_hold", **FURNACE, start=f"{FRIDAY}T09:00", technicianId=ben, customerHash="line-2"
        )
        assert refused["error"]["code"] == "slot_unavailable"
        line.says("Oh. Why not at nine?")
        await line.ask("explain_slot", **FURNACE, start=f"{FRIDAY}T09:00", technicianId=ben)
        line.says("All right, then somebody else at nine. Lee Roe, 303 555 0177.")
        await line.ask("book_slot", start=f"{FRIDAY}T09:00", **FURNACE, **LEE)


async def in_spanish(desk: Desk, page: Page) -> None:
    es = {"locale": "es"}
    async with ring(desk, page) as line:
        line.says("Buenos días. La calefacción no funciona. ¿Qué pueden hacer?")
        await line.ask("list_services", **es)
        line.says("Una reparación. ¿Puede ser el jueves?")
        await line.ask("get_slots", **FURNACE, **on(THURSDAY), **es)
        line.says("¿Y el viernes o el lunes?")
        await line.ask("get_slots", **FURNACE, **{"from": FRIDAY, "to": MONDAY}, **es)
        line.says("El viernes a mediodía.")
        await line.ask("create_hold", **FURNACE, start=f"{FRIDAY}T12:00", customerHash="line-1", **es)
        line.says("Entonces a las ocho.")
        token = await hold(line, f"{FRIDAY}T08:00", **es)
        line.says("Sí. Me llamo Luz Vega, 303 555 0142.")
        booked = await line.ask("book_slot", holdToken=token, **KIM | {"customerName": "Luz Vega"}, **es)
        line.says("¡Ay! Mejor el lunes a la una.")
        moving = {"bookingId": booked["booking"]["bookingId"], "start": f"{MONDAY}T13:00"}
        await line.ask("reschedule_booking", **moving, **es)


async def from_another_zone(desk: Desk, page: Page) -> None:
    there = {"timezone": "America/New_York"}
    async with ring(desk, page) as line:
        line.says("I am calling from New York about my house in Denver. What do you have tomorrow?")
        slots = (await line.ask("get_slots", **FURNACE, **on("2026-11-25"), **there))["slots"]
        line.says("The first one.")
        token = await hold(line, slots[0]["start"])
        line.says("Eight in Denver, so ten here. Yes. Kim Doe, 303 555 0142.")
        await line.ask("book_slot", holdToken=token, **KIM)


async def nothing_free(desk: Desk, page: Page) -> None:
    taken = await _fill(desk, "2026-11-24", "2026-11-27")
    page.note("Carla's week is full of ducts.")
    week = {"from": "2026-11-24", "to": FRIDAY}
    async with ring(desk, page) as line:
        line.says("I need our ducts cleaned this week.")
        await line.ask("get_slots", **DUCTS, **week)
        line.says("Next week we are away. Is there a list you could put me on? Kim Doe, 303 555 0142.")
        waiting = {**DUCTS, **week, **KIM}
        await line.ask("join_waitlist", **waiting)
        line.says("Thank you. Goodbye.")
    await desk.ask("cancel_booking", bookingId=taken[-1])
    page.note("Somebody cancels; the agent hears of it and calls Kim back.")
    async with ring(desk, page) as line:
        answer = await line.ask("join_waitlist", **waiting)
        line.says("Oh good. Yes, please!")
        await line.ask("book_slot", holdToken=answer["offer"]["holdToken"], **KIM)


async def cancels(desk: Desk, page: Page) -> None:
    await book_before(desk, f"{FRIDAY}T09:00")
    async with ring(desk, page) as line:
        line.says("I have to cancel my appointment. It is under 303 555 0177, I think.")
        await line.ask("find_bookings", phone="303 555 0177")
        line.says("Then try (303) 555-0142.")
        found = await line.ask("find_bookings", phone="(303) 555-0142")
        line.says("That is the one. My furnace works again.")
        booking_id = found["bookings"][0]["bookingId"]
        await line.ask("cancel_booking", bookingId=booking_id, reason="works again")
        line.says("So there is nothing left?")
        await line.ask("find_bookings", phone="(303) 555-0142")


async def moves(desk: Desk, page: Page) -> None:
    await book_before(desk, f"{FRIDAY}T09:00")
    await book_before(desk, f"{TUESDAY}T09:00", technicianId="t-ana", **LEE)
    async with ring(desk, page) as line:
        line.says("Could we move my appointment? 303 555 0142.")
        found = await line.ask("find_bookings", phone="303 555 0142")
        booking = {"bookingId": found["bookings"][0]["bookingId"]}
        line.says("Yes, that one. Thursday would be better.")
        await line.ask("reschedule_booking", **booking, start=f"{THURSDAY}T09:00")
        line.says("Oh, Thanksgiving. Then Monday at noon?")
        await line.ask("explain_slot", **FURNACE, start=f"{MONDAY}T12:00")
        line.says("No, at one.")
        moved = await line.ask("reschedule_booking", **booking, start=f"{MONDAY}T13:00")
        assert moved["booking"]["technicianId"] == "t-ana"
        line.says("My wife says Tuesday at nine is better still.")
        moved = await line.ask("reschedule_booking", **booking, start=f"{TUESDAY}T09:00")
        assert moved["booking"]["technicianId"] != "t-ana"


async def broken_line(desk: Desk, page: Page) -> None:
    async with ring(desk, page) as line:
        line.says("Friday at nine, please. Kim Doe, 303 555 0142.")
        token = await hold(line, f"{FRIDAY}T09:00")
        first = await line.ask("book_slot", holdToken=token, **KIM)
    page.note("The line breaks before she hears it. Three minutes later she calls again.")
    desk.clock.advance(seconds=180)
    async with ring(desk, page) as line:
        line.says("We were cut off. Did you book Friday at nine? Kim Doe, 303 555 0142.")
        again = await line.ask("book_slot", holdToken=token, **KIM)
        assert again["replayed"]
        assert again["booking"]["bookingId"] == first["booking"]["bookingId"]
    page.note("She is cut off again, and another agent answers, who knows nothing of all this.")
    async with ring(desk, page) as line:
        line.says("Me again. Is it booked now? 303 555 0142.")
        found = await line.ask("find_bookings", phone="303 555 0142")
        assert [one["bookingId"] for one in found["bookings"]] == [first["booking"]["bookingId"]]


async def nearest_and_too_far(desk: Desk, page: Page) -> None:
    park = {"latitude": 39.7635, "longitude": -104.8861}
    springs = {"latitude": 38.8339, "longitude": -104.8214}
    async with ring(desk, page) as line:
        line.says("I live near Central Park, at 8054 East 28th Avenue. Can somebody come on Friday morning?")
        slots = (await line.ask("get_slots", **FURNACE, **on(FRIDAY), partOfDay="morning", **park))["slots"]
        assert slots[0]["candidates"][0]["technicianId"] == "t-carla"
        line.says("The first one.")
        token = await hold(line, slots[0]["start"], **park)
        line.says("Yes. Kim Doe, 303 555 0142.")
        address = "8054 E 28th Ave, Denver"
        booked = await line.ask("book_slot", holdToken=token, address=address, **KIM)
        assert booked["booking"]["technicianId"] == "t-carla"
    page.note("Another caller.")
    async with ring(desk, page) as line:
        line.says("I live in Colorado Springs. Can somebody come on Friday at ten?")
        refused = await line.ask("create_hold", **FURNACE, start=f"{FRIDAY}T10:00", customerHash="line-2", **springs)
        assert refused["error"]["code"] == "slot_unavailable"
        line.says("Why not at ten?")
        why = await line.ask("explain_slot", **FURNACE, start=f"{FRIDAY}T10:00", **springs)
        assert {one["code"] for one in why["technicians"]} == {"travel"}
        line.says("And with Ana?")
        await line.ask("explain_slot", **FURNACE, start=f"{FRIDAY}T10:00", technicianId="t-ana", **springs)


async def _fill(desk: Desk, first: str, last: str) -> list[str]:
    """Sell every duct cleaning of some days; the ids of the bookings."""
    taken: list[str] = []
    while slots := (await desk.ask("get_slots", **DUCTS, **{"from": first, "to": last}, limit=1))["slots"]:
        who = {"customerPhone": f"+1 720 555 {len(taken):04}"}
        taken.append((await book_before(desk, slots[0]["start"], **DUCTS, **who))["bookingId"])
    return taken


CALLS: Final[Mapping[str, Call]] = {
    "Asks for Friday afternoon, takes Monday": friday_then_monday,
    "Hesitates past the end of the hold": hesitates,
    "Wants the technician from last time": technician_from_last_time,
    "In Spanish": in_spanish,
    "From another zone": from_another_zone,
    "Nothing free this week": nothing_free,
    "Cancels": cancels,
    "Moves": moves,
    "Calls back on a broken line": broken_line,
    "Sends the nearest, and refuses too long a way": nearest_and_too_far,
}
"""By the title of the page."""
