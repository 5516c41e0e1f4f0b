"""Calls of every tool with recognizable caller data, and the words that must not be logged."""

from typing import Any, Final, Protocol

from support.denver import only_start
from support.server import Body

CONTACT: Final = {"customerName": "Zoë Quux", "customerPhone": "+1 303 555 0142", "customerEmail": "zoe@quux.org"}
PLACE: Final = {"latitude": 39.7312, "longitude": -104.9655, "postalCode": "80218"}
CALLER_WORDS: Final = (
    "Zoë",
    "Zo\\u00eb",
    "Quux",
    "quux",
    "303 555",
    "555 0142",
    "5550142",
    "1437 Bannock",
    "Beware",
    "caller-7a1f",
    "again-7a1f",
    "broken leg",
    "Vance",
    "vance",
    "555 0177",
    "5550177",
    "88 Elm",
    "Feed the cat",
    "sour milk",
    "39.7312",
    "104.9655",
    "80218",
)


class ToolCaller(Protocol):
    """Client of the tools, in this process or over the network."""

    async def call(self, tool: str, /, **arguments: object) -> Body:
        """Return the response of a call that must succeed."""
        ...

    async def expect_error(self, tool: str, /, **arguments: object) -> Body:
        """Return the error of a call that must fail."""
        ...


async def call_every_tool(operator: ToolCaller) -> tuple[str, ...]:
    """Call every tool of denver.py with success and with errors, and return the words that must not be logged."""
    await operator.call("list_services")
    free = (await operator.call("get_slots", **PLACE))["slots"]
    start, later = free[0]["start"], free[-1]["start"]
    await operator.call("explain_slot", start=start, **PLACE)
    again = {"idempotencyKey": "again-7a1f"}
    held = await operator.call(
        "create_hold",
        start=start,
        customerHash="caller-7a1f",
        **again,
        **PLACE,
        phone="303 555 0142",
        email="zoe@quux.org",
    )
    token = held["holdToken"]
    details: dict[str, Any] = {"address": "1437 Bannock St", "notes": "Beware of the dog", **PLACE}
    booked = (await operator.call("book_slot", holdToken=token, **CONTACT, **details))["booking"]["bookingId"]
    for reference in ({"phone": "303 555 0142"}, {"email": "zoe@quux.org"}, {"customerHash": "caller-7a1f"}):
        await operator.call("find_bookings", **reference)
    await operator.call("reschedule_booking", bookingId=booked, start=later)
    correction = {"customerName": "Zoë Quux-Vance", "newPhone": "+1 303 555 0177", "newEmail": "zoe@vance.org"}
    await operator.call("update_booking", bookingId=booked, **correction, address="88 Elm St", notes="Feed the cat")
    await operator.call("cancel_booking", bookingId=booked, reason="broken leg")
    await operator.call("release_hold", holdToken=token)
    await _run_the_business(operator, start, later)
    await operator.expect_error("create_hold", start=start, customerHash="caller-7a1f")
    await operator.expect_error("book_slot", start=start, **CONTACT, **details)
    answers = {"answers": ["smell: sour milk"]}
    await operator.expect_error("book_slot", start=later, **answers, **CONTACT)
    await operator.expect_error("update_booking", bookingId=booked, **answers)
    await operator.expect_error("find_bookings", phone="555 0142")
    await operator.expect_error("cancel_booking", bookingId="Zoë Quux", reason="broken leg")
    await operator.expect_error("reschedule_booking", bookingId="caller-7a1f", start="Zoë Quux")
    await operator.expect_error("get_slots", **{"Zoë Quux": "caller-7a1f"})
    await operator.expect_error("add_time_off", technicianId="Zoë Quux", start="broken leg", end=later)
    return (*CALLER_WORDS, token)


async def _run_the_business(operator: ToolCaller, start: str, later: str) -> None:
    await operator.call("list_technicians")
    taken = (await operator.call("get_slots", serviceType="furnace-check"))["slots"][-1]["start"]
    await operator.call("book_slot", serviceType="furnace-check", start=taken, **CONTACT)
    await operator.call("join_waitlist", customerHash="caller-7a1f", **CONTACT, **only_start(taken))
    await operator.call("add_time_off", technicianId="t-ben", start=start, end=later, reason="broken leg")
    await operator.call("set_technician_status", technicianId="t-ben", status="off")
    await operator.call("set_technician_status", technicianId="t-ana", status="off")
    await operator.call("list_waitlist")
    await operator.call("get_metrics")
