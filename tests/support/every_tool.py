"""Calls of every tool, each with success and with an error, for the project of denver.py at noon of its Sunday."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

Call = Callable[..., Awaitable[Any]]
MONDAY: Final = "2026-11-23"
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE: Final = {"customerName": "Lee Poe", "customerPhone": "+1 303 555 0199"}


async def use_every_tool(call: Call) -> None:
    """Call every tool with success and with an error."""
    await call("list_services")
    await call("list_services", serviceType="plumbing")
    slots = (await call("get_slots", limit=5))["slots"]
    await call("get_slots", limit=1000, nonsense="x")
    await call("explain_slot", start=slots[0]["start"])
    await call("explain_slot", start="yesterday-ish")
    hold = await call("create_hold", start=slots[0]["start"], customerHash="kim-1234-abcd-5678")
    await call("create_hold", start=f"{MONDAY}T03:00")
    await call("release_hold", holdToken=hold["holdToken"])
    await call("release_hold")
    booking = (await call("book_slot", start=slots[1]["start"], idempotencyKey="k" * 8 + "12345678", **KIM))["booking"]
    await call("book_slot", start=slots[2]["start"], idempotencyKey="k" * 8 + "12345678", **KIM)
    await call("book_slot", start=slots[1]["start"], **{**KIM, "customerName": "Kimberly Roe"})
    await call("book_slot", holdToken="never-was", **KIM)
    await call("find_bookings", phone=KIM["customerPhone"])
    await call("find_bookings", projectId="nowhere", phone=KIM["customerPhone"])
    await call("reschedule_booking", bookingId=booking["bookingId"], start=slots[3]["start"])
    await call("reschedule_booking", bookingId="none", start=slots[3]["start"])
    await call("update_booking", bookingId=booking["bookingId"], notes="gate 1234")
    await call("update_booking", bookingId="none", notes="gate 1234")
    await call("cancel_booking", bookingId=booking["bookingId"])
    await call("cancel_booking", bookingId="none")
    await call("join_waitlist", **{"from": f"{MONDAY}T00:00", "to": f"{MONDAY}T23:00"}, **LEE)
    await use_the_operators_tools(call)


async def use_the_operators_tools(call: Call) -> None:
    last = (await call("get_slots", serviceType="furnace-check", limit=100))["slots"][-1]
    await call("book_slot", serviceType="furnace-check", start=last["start"], **LEE)
    window = {"from": last["start"], "to": last["end"]}
    await call("join_waitlist", serviceType="furnace-check", **window, **KIM)
    await call("list_technicians")
    await call("list_technicians", projectId="nowhere")
    await call("set_technician_status", technicianId="t-ana", status="off")
    await call("set_technician_status", technicianId="t-ana", status="asleep")
    await call("add_time_off", technicianId="t-ben", start="2026-12-24", end="2026-12-26")
    await call("add_time_off", technicianId="t-nobody", start="2026-12-24", end="2026-12-26")
    await call("list_waitlist")
    await call("list_waitlist", serviceType="plumbing")
    await call("get_metrics")
    await call("get_metrics", projectId="nowhere")
