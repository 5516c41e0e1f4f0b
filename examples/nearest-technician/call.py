"""Who is nearest, why, and why somebody else cannot come. Uses a database of its own, and leaves nothing behind."""

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
    """Bring the business in, and take a call."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SLOTMCP_DATABASE_URL": f"{folder}/slotmcp.db"}
        slotmcp = [sys.executable, "-m", "slotmcp"]
        subprocess.run([*slotmcp, "import", PROJECT], env=environment, stdout=subprocess.DEVNULL, check=True)
        server = StdioServerParameters(command=slotmcp[0], args=[*slotmcp[1:], "stdio"], env=environment)
        asyncio.run(take_call(server))


async def take_call(server: StdioServerParameters) -> None:
    """Ask who could come and how far it is, ask why not Cara, and book whoever is nearest."""
    async with Client(server) as client:
        tomorrow = await day_after_today(client)
        at_ten_thirty, at_half_past_eight = f"{tomorrow}T10:30", f"{tomorrow}T08:30"

        free = await ask(client, "get_slots", **ADDRESS, **{"from": at_ten_thirty, "limit": 1, "detail": "full"})
        for one in free["slots"][0]["candidates"]:
            print(f"    {one['technicianId']}: {one['etaMinutes']} minutes on the way, score {one['score']}")
        nearest = free["slots"][0]["candidates"][0]
        assert nearest["technicianId"] == "t-ben", "his home is farther, but his job before is near"

        early = await ask(client, "explain_slot", **ADDRESS, start=at_half_past_eight, technicianId="t-cara")
        for one in early["technicians"]:
            print(f"    {one['code']}: {one['sentence']}")
        assert {one["technicianId"]: one["code"] for one in early["technicians"]}["t-cara"] == "travel"

        caller = {"customerName": "Maria Alvarez", "customerPhone": "303 555 0142"}
        booked = await ask(client, "book_slot", **ADDRESS, **caller, start=at_ten_thirty)
        print(f"    {booked['booking']['assignmentReason']}")
        assert booked["booking"]["technicianId"] == nearest["technicianId"]
        assert booked["booking"]["assignment"]["score"] == nearest["score"]


async def day_after_today(client: Client) -> str:
    """Tomorrow's date where the business is."""
    services = (await client.call_tool("list_services", {})).structured_content or {}
    now = datetime.fromisoformat(services["now"]).astimezone(ZoneInfo(services["timezone"]))
    return (now.date() + timedelta(days=1)).isoformat()


async def ask(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool; print what it gives the agent to say."""
    answer = (await client.call_tool(tool, arguments)).structured_content or {}
    print(f"{tool}: {answer['result']}")
    return answer


main()
