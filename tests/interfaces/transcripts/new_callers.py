"""Calls of new customers."""

from interfaces.transcripts.callers import DUCTS, FRIDAY, FURNACE, KIM, LEE, MONDAY, THURSDAY, book_before, hold, on
from interfaces.transcripts.page import Page, ring
from support.server import Caller


async def friday_then_monday(caller: Caller, page: Page) -> None:
    async with ring(caller, page) as line:
        line.says("Hello, our furnace makes a terrible noise. Could somebody come on Friday afternoon?")
        await line.call("list_services")
        await line.call("get_slots", **FURNACE, **on(FRIDAY), partOfDay="afternoon")
        line.says("At one, please.")
        token = await hold(line, f"{FRIDAY}T13:00")
        line.says("Oh, wait. On Friday we are still at my mother's. Would Monday be possible?")
        await line.call("release_hold", holdToken=token)
        await line.call("get_slots", **FURNACE, **on(MONDAY))
        line.says("Monday at eight is good.")
        token = await hold(line, f"{MONDAY}T08:00")
        line.says("Yes. Kim Doe, 303 555 0142.")
        await line.call("book_slot", holdToken=token, **KIM)


async def hesitates(caller: Caller, page: Page) -> None:
    page.note("Only Carla cleans ducts, so each start can be had once.")
    async with ring(caller, page) as line:
        line.says("I would like our ducts cleaned, on Wednesday at eight.")
        token = await hold(line, "2026-11-25T08:00", **DUCTS)
        line.says("Let me ask my husband.")
        line.pause(100, "He is in the garage. A hundred seconds go by; nobody else asks for that time.")
        line.says("Yes, please. Kim Doe, 303 555 0142.")
        await line.call("book_slot", holdToken=token, **KIM)
    page.note("Another caller.")
    async with ring(caller, page) as line:
        line.says("Could you clean our ducts on Friday at ten?")
        token = await hold(line, f"{FRIDAY}T10:00", **DUCTS)
        line.says("I have to look for my calendar.")
        line.pause(100, "A hundred seconds go by, and meanwhile somebody else books that time.")
        await book_before(caller, f"{FRIDAY}T10:00", **DUCTS, customerPhone="+1 303 555 0199")
        line.says("There it is. Yes, that is fine. Lee Roe, 303 555 0177.")
        refused = await line.call("book_slot", holdToken=token, **LEE)
        assert refused["error"]["code"] == "hold_expired"
        line.says("Then the first of those.")
        start = refused["error"]["alternatives"][0]["start"]
        await line.call("book_slot", start=start, **DUCTS, **LEE)


async def in_spanish(caller: Caller, page: Page) -> None:
    es = {"locale": "es"}
    async with ring(caller, page) as line:
        line.says("Buenos días. La calefacción no funciona. ¿Qué pueden hacer?")
        await line.call("list_services", **es)
        line.says("Una reparación. ¿Puede ser el jueves?")
        await line.call("get_slots", **FURNACE, **on(THURSDAY), **es)
        line.says("¿Y el viernes o el lunes?")
        await line.call("get_slots", **FURNACE, **{"from": FRIDAY, "to": MONDAY}, **es)
        line.says("El viernes a mediodía.")
        await line.call("create_hold", **FURNACE, start=f"{FRIDAY}T12:00", customerHash="line-1", **es)
        line.says("Entonces a las ocho.")
        token = await hold(line, f"{FRIDAY}T08:00", **es)
        line.says("Sí. Me llamo Luz Vega, 303 555 0142.")
        booked = await line.call("book_slot", holdToken=token, **KIM | {"customerName": "Luz Vega"}, **es)
        line.says("¡Ay! Mejor el lunes a la una.")
        moving = {
            "bookingId": booked["booking"]["bookingId"],
            "phone": KIM["customerPhone"],
            "start": f"{MONDAY}T13:00",
        }
        await line.call("reschedule_booking", **moving, **es)


async def from_another_zone(caller: Caller, page: Page) -> None:
    there = {"timezone": "America/New_York"}
    async with ring(caller, page) as line:
        line.says("I am calling from New York about my house in Denver. What do you have tomorrow?")
        slots = (await line.call("get_slots", **FURNACE, **on("2026-11-25"), **there))["slots"]
        line.says("The first one.")
        token = await hold(line, slots[0]["start"], **there)
        line.says("Yes. Kim Doe, 303 555 0142.")
        booked = await line.call("book_slot", holdToken=token, **KIM, **there)
        line.says("Sorry, I have to be in the office at ten. What about Friday at noon, my time?")
        moving = {
            "bookingId": booked["booking"]["bookingId"],
            "phone": KIM["customerPhone"],
            "start": f"{FRIDAY}T12:00",
        }
        moved = await line.call("reschedule_booking", **moving, **there)
        assert moved["booking"]["start"] == f"{FRIDAY}T17:00:00Z"
        line.says("Why not at two?")
        await line.call("explain_slot", **FURNACE, start=f"{FRIDAY}T14:00", **there)


async def nothing_free(caller: Caller, page: Page) -> None:
    taken, phone = await _fill(caller, "2026-11-24", "2026-11-27")
    page.note("Carla's week is full of ducts.")
    week = {"from": "2026-11-24", "to": FRIDAY}
    async with ring(caller, page) as line:
        line.says("I need our ducts cleaned this week.")
        await line.call("get_slots", **DUCTS, **week)
        line.says("Next week we are away. Is there a list you could put me on? Kim Doe, 303 555 0142.")
        waiting = {**DUCTS, **week, **KIM}
        await line.call("join_waitlist", **waiting)
        line.says("Thank you. Goodbye.")
    await caller.call("cancel_booking", bookingId=taken, phone=phone)
    page.note("Somebody cancels; the agent hears of it and calls Kim back.")
    async with ring(caller, page) as line:
        answer = await line.call("join_waitlist", **waiting)
        line.says("Oh good. Yes, please!")
        await line.call("book_slot", holdToken=answer["offer"]["holdToken"], **KIM)


async def _fill(caller: Caller, first: str, last: str) -> tuple[str, str]:
    """Book every duct cleaning of some days, and return the id and the phone number of the last one."""
    count, booking_id, phone = 0, "", ""
    while slots := (await caller.call("get_slots", **DUCTS, **{"from": first, "to": last}, limit=1))["slots"]:
        phone = f"+1 720 555 {count:04}"
        booking_id = (await book_before(caller, slots[0]["start"], **DUCTS, customerPhone=phone))["bookingId"]
        count += 1
    return booking_id, phone


async def nearest_and_too_far(caller: Caller, page: Page) -> None:
    park = {"latitude": 39.7635, "longitude": -104.8861}
    springs = {"latitude": 38.8339, "longitude": -104.8214}
    async with ring(caller, page) as line:
        line.says("I live near Central Park, at 8054 East 28th Avenue. Can somebody come on Friday morning?")
        slots = (await line.call("get_slots", **FURNACE, **on(FRIDAY), partOfDay="morning", **park))["slots"]
        assert slots[0]["candidates"][0]["technicianId"] == "t-carla"
        line.says("The first one.")
        token = await hold(line, slots[0]["start"], **park)
        line.says("Yes. Kim Doe, 303 555 0142.")
        address = "8054 E 28th Ave, Denver"
        booked = await line.call("book_slot", holdToken=token, address=address, **KIM)
        assert booked["booking"]["technicianId"] == "t-carla"
    page.note("Another caller.")
    async with ring(caller, page) as line:
        line.says("I live in Colorado Springs. Can somebody come on Friday at ten?")
        refused = await line.call("create_hold", **FURNACE, start=f"{FRIDAY}T10:00", customerHash="line-2", **springs)
        assert refused["error"]["code"] == "slot_unavailable"
        line.says("Why not at ten?")
        why = await line.call("explain_slot", **FURNACE, start=f"{FRIDAY}T10:00", **springs)
        assert {one["code"] for one in why["technicians"]} == {"travel"}
        line.says("And with Ana?")
        await line.call("explain_slot", **FURNACE, start=f"{FRIDAY}T10:00", technicianId="t-ana", **springs)
