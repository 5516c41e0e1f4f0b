"""Shared data of the calls: services, customers and earlier bookings."""

from typing import Final

from interfaces.transcripts.page import Line
from support.server import Body, Caller

FURNACE: Final = {"serviceType": "furnace-repair"}
DUCTS: Final = {"serviceType": "duct-cleaning"}
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
LEE: Final = {"customerName": "Lee Roe", "customerPhone": "+1 303 555 0177"}
THURSDAY, FRIDAY, MONDAY, TUESDAY = "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"


def on(day: str) -> dict[str, str]:
    """Return a complete day as a range."""
    return {"from": day, "to": day}


async def hold(line: Line, start: str, **more: object) -> str:
    """Hold a time for the caller."""
    token: str = (await line.call("create_hold", **{**FURNACE, "start": start, "customerHash": "line-1", **more}))[
        "holdToken"
    ]
    return token


async def book_before(caller: Caller, start: str, **facts: str) -> Body:
    """Make a booking before the call."""
    booking: Body = (await caller.call("book_slot", **{**FURNACE, "start": start, **KIM, **facts}))["booking"]
    return booking
