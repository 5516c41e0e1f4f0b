"""An agent finds the nearest technician. Uses its own database and deletes it."""

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
ADDRESS = {"latitude": 39.7202, "longitude": -104.9610}


def main() -> None:
    """Import the business and take a call."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SLOTMCP_DATABASE_URL": f"{folder}/slotmcp.db"}
        slotmcp = [sys.executable, "-m", "slotmcp"]
        subprocess.run([*slotmcp, "import", PROJECT], env=environment, stdout=subprocess.DEVNULL, check=True)
        server = StdioServerParameters(command=slotmcp[0], args=[*slotmcp[1:], "stdio"], env=environment)
        asyncio.run(take_call(server))


async def take_call(server: StdioServerParameters) -> None:
    """Find the candidates with their travel times, explain why Cara cannot come, and book the nearest."""
    async with Client(server) as client:
        tomorrow = await day_after_today(client)
        at_ten_thirty, at_half_past_eight = f"{tomorrow}T10:30", f"{tomorrow}T08:30"

        free = await ask(client, "get_slots", **ADDRESS, **{"from": at_ten_thirty, "limit": 1, "detail": "full"})
        for candidate in free["slots"][0]["candidates"]:
            minutes, score = candidate["etaMinutes"], candidate["score"]
            print(f"    {candidate['technicianId']}: {minutes} minutes on the way, score {score}")
        nearest = free["slots"][0]["candidates"][0]
        assert nearest["technicianId"] == "t-ben", "his home is farther away, but his previous job is near"

        early = await ask(client, "explain_slot", **ADDRESS, start=at_half_past_eight, technicianId="t-cara")
        for technician in early["technicians"]:
            print(f"    {technician['code']}: {technician['sentence']}")
        codes = {technician["technicianId"]: technician["code"] for technician in early["technicians"]}
        assert codes["t-cara"] == "travel"

        caller = {"customerName": "Maria Alvarez", "customerPhone": "303 555 0142"}
        booked = await ask(client, "book_slot", **ADDRESS, **caller, start=at_ten_thirty)
        print(f"    {booked['booking']['assignmentReason']}")
        assert booked["booking"]["technicianId"] == nearest["technicianId"]
        assert booked["booking"]["assignment"]["score"] == nearest["score"]


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
