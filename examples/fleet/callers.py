"""Callers of two servers: a hold counts on both, and a technician's time is sold once."""

import asyncio
import os
from typing import Any

import httpx2

SERVERS = os.environ.get("SERVERS", "http://127.0.0.1:8001 http://127.0.0.1:8002").split()
KEY = os.environ.get("KEY", "")
RACING = [{"customerName": f"Caller {number}", "customerPhone": f"303 555 017{number}"} for number in range(6)]


async def main() -> None:
    """Check the fleet, hold on one server and book on the other, then race on both."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    async with (
        httpx2.AsyncClient(base_url=SERVERS[0], headers=headers) as one,
        httpx2.AsyncClient(base_url=SERVERS[1], headers=headers) as other,
    ):
        for server in (one, other):
            readiness = (await server.get("/readyz")).json()
            assert (readiness["status"], readiness["checks"]["redis"]) == ("ready", "ok"), readiness
        await hold_and_book(one, other)
        await race(one, other)


async def hold_and_book(one: httpx2.AsyncClient, other: httpx2.AsyncClient) -> None:
    """Hold a time on one server, and book it on the other."""
    slot = (await call(one, "get_slots", **{"from": "tomorrow", "limit": 1}))["slots"][0]
    held = await call(one, "create_hold", start=slot["start"])
    customer = {"customerName": "Kim Doe", "customerPhone": "303 555 0179"}
    booked = await call(other, "book_slot", holdToken=held["holdToken"], **customer)
    assert booked["booking"]["start"] == slot["start"], "each server knows the holds of the other"


async def race(one: httpx2.AsyncClient, other: httpx2.AsyncClient) -> None:
    """Book one technician's time for several callers at once, on both servers."""
    slot = (await call(one, "get_slots", **{"from": "tomorrow", "limit": 1}))["slots"][0]
    wanted = {"start": slot["start"], "technicianId": slot["candidates"][0]["technicianId"]}
    servers = [one, other] * (len(RACING) // 2)
    callers = zip(servers, RACING, strict=True)
    answers = await asyncio.gather(*(call(server, "book_slot", **wanted, **caller) for server, caller in callers))
    assert len([answer for answer in answers if "booking" in answer]) == 1, "exactly one caller gets the time"
    refusals = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert refusals == ["slot_unavailable"] * (len(RACING) - 1)


async def call(server: httpx2.AsyncClient, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool and print the sentence that the agent says."""
    answer: dict[str, Any] = (await server.post(f"/v1/tools/{tool}", json=arguments)).json()
    print(f"{server.base_url.port} {tool}: {answer['result']}")
    return answer


asyncio.run(main())
