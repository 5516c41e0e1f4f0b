"""Two callers want the same technician at the same time: one gets the appointment, the other gets alternatives."""

import asyncio
import os
from typing import Any

import httpx2

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CALLERS = {"Kim Doe": "303 555 0144", "Lee Roe": "303 555 0145"}


async def main() -> None:
    """Book one slot for both callers at once, and the loser's first alternative after that."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    async with httpx2.AsyncClient(base_url=SERVER, headers=headers) as client:
        free = await call(client, "get_slots", technicianId="Ana", **{"from": "tomorrow", "limit": 1})
        slot = free["slots"][0]
        booked_at_once = await asyncio.gather(*(book(client, name, slot["start"]) for name in CALLERS))
        answers = dict(zip(CALLERS, booked_at_once, strict=True))
        winners = [name for name, answer in answers.items() if "booking" in answer]
        losers = [name for name, answer in answers.items() if "error" in answer]
        assert (len(winners), len(losers)) == (1, 1), "exactly one caller gets the slot"

        error = answers[losers[0]]["error"]
        assert error["code"] == "slot_unavailable"
        assert error["alternatives"], "the other caller hears other times"
        booked = await book(client, losers[0], error["alternatives"][0]["start"])
        assert booked["booking"]["start"] != slot["start"]


async def book(client: httpx2.AsyncClient, name: str, start: str) -> dict[str, Any]:
    """Book a time with Ana for a caller."""
    customer = {"customerName": name, "customerPhone": CALLERS[name]}
    return await call(client, "book_slot", technicianId="Ana", start=start, **customer)


async def call(client: httpx2.AsyncClient, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool and print the sentence that the agent says."""
    answer: dict[str, Any] = (await client.post(f"/v1/tools/{tool}", json=arguments)).json()
    print(f"{tool}: {answer['result']}")
    return answer


asyncio.run(main())
