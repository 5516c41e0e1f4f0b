"""A caller moves an appointment twice and cancels it. Uses its own database and deletes it."""

import asyncio
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mcp import Client, StdioServerParameters

PROJECT = Path(__file__).with_name("project.yaml")


def main() -> None:
    """Import the business and take two calls."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SLOTMCP_DATABASE_URL": f"{folder}/slotmcp.db"}
        slotmcp = [sys.executable, "-m", "slotmcp"]
        subprocess.run([*slotmcp, "import", PROJECT], env=environment, stdout=subprocess.DEVNULL, check=True)
        server = StdioServerParameters(command=slotmcp[0], args=[*slotmcp[1:], "stdio"], env=environment)
        asyncio.run(take_calls(server))


async def take_calls(server: StdioServerParameters) -> None:
    """Book an appointment, then change it."""
    async with Client(server) as client:
        tomorrow = await day_after_today(client)
        await book(client, tomorrow)
        await change(client, tomorrow)


async def book(client: Client, day: str) -> None:
    """Take the first call: book an appointment."""
    caller = {"customerName": "Maria Alvarez", "customerPhone": "+1 303 555 0142"}
    await ask(client, "book_slot", start=f"{day}T09:00", **caller)


async def change(client: Client, day: str) -> None:
    """Take the second call: find the booking by the same number in another notation, and prove it is the caller's."""
    caller = {"phone": "(303) 555-0142"}
    (booking,) = (await ask(client, "find_bookings", **caller))["bookings"]
    unproved = await ask(client, "cancel_booking", bookingId=booking["bookingId"])
    assert unproved["error"]["code"] == "verification_needed", "an id alone changes nothing"
    mine = {"bookingId": booking["bookingId"], **caller}

    moved = await ask(client, "reschedule_booking", **mine, start=f"{day}T11:00")
    assert moved["booking"]["assignment"]["kept"], "Ana can take the new time, so she stays"
    again = await ask(client, "reschedule_booking", **mine, start=f"{day}T11:00")
    assert again["replayed"], "a retry moves nothing"

    refused = await ask(client, "reschedule_booking", **mine, start=f"{day}T20:00")
    assert refused["error"]["code"] == "slot_unavailable"
    (still,) = (await ask(client, "find_bookings", **caller))["bookings"]
    assert still["start"] == moved["booking"]["start"], "a refused caller keeps the booking"

    other = await ask(client, "reschedule_booking", **mine, start=f"{day}T14:00")
    assert other["booking"]["technicianId"] == "t-ben", "Ana's shift is over by then"

    await ask(client, "cancel_booking", **mine, reason="The leak has stopped")
    free = await ask(client, "get_slots", **{"from": f"{day}T14:00", "to": f"{day}T15:00"})
    assert free["slots"][0]["capacity"] == 1, "the time is free at once"


async def day_after_today(client: Client) -> str:
    """Return tomorrow's date in the business's time zone."""
    services = (await client.call_tool("list_services", {})).structured_content or {}
    now = datetime.fromisoformat(services["now"]).astimezone(ZoneInfo(services["timezone"]))
    return (now.date() + timedelta(days=1)).isoformat()


async def ask(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool and print the sentence that the agent says."""
    answer = (await client.call_tool(tool, arguments)).structured_content or {}
    print(f"{tool}: {answer['result']}")
    return answer


main()
