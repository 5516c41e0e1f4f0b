"""All that callers could say, said to every tool, in vain and with success; the words that nobody may keep."""

from typing import Any, Final, Protocol

from support.server import Body

CONTACT: Final = {"customerName": "Zoë Quux", "customerPhone": "+1 303 555 0142", "customerEmail": "zoe@quux.org"}
PLACE: Final = {"latitude": 39.7312, "longitude": -104.9655}
SAID: Final = (
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
    "39.7312",
    "104.9655",
)


class Listener(Protocol):
    """Whoever can be called: a desk, or a client of a server elsewhere."""

    async def ask(self, tool: str, /, **arguments: object) -> Body:
        """The answer of a call that must work."""
        ...

    async def refused(self, tool: str, /, **arguments: object) -> Body:
        """The error of a call that must not work."""
        ...


async def use_everything(office: Listener) -> tuple[str, ...]:
    """Call each tool of an operator of denver.py; the words that nobody may keep, with what came of the calls."""
    await office.ask("list_services")
    free = (await office.ask("get_slots", **PLACE))["slots"]
    start, later = free[0]["start"], free[-1]["start"]
    await office.ask("explain_slot", start=start, **PLACE)
    again = {"idempotencyKey": "again-7a1f"}
    held = await office.ask("create_hold", start=start, customerHash="caller-7a1f", **again, **PLACE)
    token = held["holdToken"]
    told: dict[str, Any] = {"address": "1437 Bannock St", "notes": "Beware of the dog", **PLACE}
    booked = (await office.ask("book_slot", holdToken=token, **CONTACT, **told))["booking"]["bookingId"]
    for reference in ({"phone": "303 555 0142"}, {"email": "zoe@quux.org"}, {"customerHash": "caller-7a1f"}):
        await office.ask("find_bookings", **reference)
    await office.ask("reschedule_booking", bookingId=booked, start=later)
    await office.ask("cancel_booking", bookingId=booked, reason="broken leg")
    await office.ask("release_hold", holdToken=token)
    await _run_the_business(office, start, later)
    await office.refused("create_hold", start=start, customerHash="caller-7a1f")
    await office.refused("book_slot", start=start, **CONTACT, **told)
    await office.refused("find_bookings", phone="555 0142")
    await office.refused("cancel_booking", bookingId="Zoë Quux", reason="broken leg")
    await office.refused("reschedule_booking", bookingId="caller-7a1f", start="Zoë Quux")
    await office.refused("get_slots", **{"Zoë Quux": "caller-7a1f"})
    await office.refused("add_time_off", technicianId="Zoë Quux", start="broken leg", end=later)
    return (*SAID, token)


async def _run_the_business(office: Listener, start: str, later: str) -> None:
    await office.ask("list_technicians")
    await office.ask("add_time_off", technicianId="t-ben", start=start, end=later, reason="broken leg")
    await office.ask("set_technician_status", technicianId="t-ben", status="off")
    await office.ask("set_technician_status", technicianId="t-ana", status="off")
    await office.ask("join_waitlist", customerHash="caller-7a1f", **CONTACT, **{"from": start, "to": later})
    await office.ask("list_waitlist")
    await office.ask("get_metrics")
