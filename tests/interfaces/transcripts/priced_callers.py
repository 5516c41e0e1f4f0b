"""Call about a service with a price, terms and a question."""

from dataclasses import replace

from interfaces.transcripts.callers import FRIDAY, FURNACE, KIM, on
from interfaces.transcripts.page import Page, ring
from slotmcp.domain.booking_rules import Price, ServiceQuestion
from support.server import Caller


async def price_and_question(caller: Caller, page: Page) -> None:
    await _set_price(caller)
    page.note("The repair has a price, terms and a question that must be answered.")
    async with ring(caller, page) as line:
        line.says("Our heating is cold. What does it cost if somebody comes?")
        await line.call("list_services", **FURNACE)
        line.says("Yes, on Friday, please.")
        await line.call("get_slots", **FURNACE, **on(FRIDAY))
        line.says("At eight.")
        held = await line.call("create_hold", **FURNACE, start=f"{FRIDAY}T08:00", customerHash="line-1")
        line.says("All right. I am Kim Doe, 303 555 0142.")
        token = held["holdToken"]
        refused = await line.call("book_slot", holdToken=token, **KIM)
        assert refused["error"]["code"] == "invalid_argument"
        line.says("Oh, about twelve years.")
        await line.call("book_slot", holdToken=token, answers=["equipment-age: about 12 years"], **KIM)
    page.note("On Thursday evening, Kim calls again.")
    caller.set_time("2026-11-27T01:00Z")
    async with ring(caller, page) as line:
        line.says("The heating works again, so I don't need you tomorrow. 303 555 0142.")
        found = await line.call("find_bookings", phone=KIM["customerPhone"])
        line.says("Yes, that one.")
        booking_id = found["bookings"][0]["bookingId"]
        await line.call("cancel_booking", bookingId=booking_id, phone=KIM["customerPhone"])


async def _set_price(caller: Caller) -> None:
    """Give the repair a price, terms and a required question."""
    plan = await caller.app.projects.export_catalog(None)
    repair, *others = plan.services
    priced = replace(
        repair,
        guidance="Use for no heat or strange noises.",
        price=Price(text="The visit is 89 dollars, taken off the bill if we repair."),
        terms="Cancel at least 24 hours before, or the visit is charged.",
        questions=(ServiceQuestion(id="equipment-age", ask="About how old is the furnace?", is_required=True),),
    )
    project = replace(plan.project, cancel_notice_minutes=24 * 60)
    await caller.app.projects.import_project(replace(plan, project=project, services=(priced, *others)), prune=False)
