"""Simulated callers: phone calls by agents with different personas, through real MCP clients, reproducible by seed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp import Client

Connect = Callable[[str], AbstractAsyncContextManager[Client]]
"""Opens a client for a call id."""
Pause = Callable[[float], Awaitable[None]]
"""Waits for the seconds that a caller thinks; less in a fast simulation."""

_THINK_SECONDS: Final = 4.0
_PARTS_OF_DAY: Final = ({"partOfDay": "morning"}, {"partOfDay": "afternoon"})
_DAYS_AHEAD: Final = 6
_NIGHT: Final = "03:07"
_SLOT_LIMIT: Final = 5
_MAX_CALLS: Final = 100
"""Calls per seed. Callers of different seeds are different customers."""
_FIRST_NAMES: Final = (
    "Maria", "Paul", "Ines", "Tom", "Amara", "Jonas", "Lucia", "Wei", "Nadia", "Omar", "Ruth", "Sam",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Alvarez", "Okoro", "Novak", "Baker", "Diallo", "Lindqvist", "Rossi", "Chen", "Haddad", "Young",
)  # fmt: skip


class Persona(StrEnum):
    """Behavior of a caller."""

    LOOKS = "looks"
    """Asks for times, and hangs up."""
    BOOKS = "books"
    HESITATES = "hesitates"
    """Holds a time, and books it after a pause."""
    LETS_HOLD_EXPIRE = "lets_hold_expire"
    CANCELS = "cancels"
    MOVES = "moves"
    WANTS_UNAVAILABLE_TIME = "wants_unavailable_time"
    """Asks for a time at night, and hangs up."""
    EVENING_ONLY = "evening_only"
    WANTS_TECHNICIAN = "wants_technician"
    """Asks for a technician who may lack the skill."""
    TODAY_ONLY = "today_only"


_WEIGHTS: Final[Mapping[Persona, int]] = {
    Persona.LOOKS: 3,
    Persona.BOOKS: 6,
    Persona.HESITATES: 3,
    Persona.LETS_HOLD_EXPIRE: 2,
    Persona.CANCELS: 1,
    Persona.MOVES: 1,
    Persona.WANTS_UNAVAILABLE_TIME: 1,
    Persona.EVENING_ONLY: 4,
    Persona.WANTS_TECHNICIAN: 1,
    Persona.TODAY_ONLY: 6,
}


def random_name(random: Random) -> str:
    """Return the name of a fictional person."""
    return f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}"


@dataclass(slots=True)
class CallCounts:
    """Number of simulated callers, in total and by outcome."""

    callers: int = 0
    offered: int = 0
    held: int = 0
    booked: int = 0
    cancelled: int = 0
    moved: int = 0
    refused: int = 0

    def add(self, other: "CallCounts") -> None:
        """Add other counts to these."""
        for count in fields(self):
            setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))


class SimulatedCaller:
    """One phone call."""

    def __init__(self, client: Client, number: int, *, today: date, random: Random, pause: Pause) -> None:
        self._client = client
        self._random = random
        self._pause = pause
        self._number = number
        self._today = today
        self.counts = CallCounts(callers=1)

    async def talk(self, persona: Persona, services: Sequence[str]) -> None:
        """Call the tools that match the persona."""
        service = self._random.choice(services)
        slots = await self._get_slots(service, **self._preferred_time(persona))
        if persona is Persona.LOOKS or not slots:
            return
        slot = self._random.choice(slots)
        if persona is Persona.WANTS_TECHNICIAN:
            other = self._random.choice(services)
            await self._get_slots(other, technicianId=slot["candidates"][0]["technicianId"])
            return
        start = f"{slot['startLocal'][:10]}T{_NIGHT}" if persona is Persona.WANTS_UNAVAILABLE_TIME else slot["start"]
        hold = await self._call("create_hold", serviceType=service, start=start, customerHash=f"caller-{self._number}")
        if hold is None:
            return
        self.counts.held = 1
        if persona is not Persona.LETS_HOLD_EXPIRE:
            await self._book(persona, str(hold["holdToken"]), service)

    def _preferred_time(self, persona: Persona) -> Mapping[str, str]:
        match persona:
            case Persona.EVENING_ONLY:
                return {"partOfDay": "evening"}
            case Persona.TODAY_ONLY:
                return {"to": self._today.isoformat()}
            case _:
                return self._random.choice([{}, *_PARTS_OF_DAY, self._random_day()])

    def _random_day(self) -> Mapping[str, str]:
        day = (self._today + timedelta(days=self._random.randint(1, _DAYS_AHEAD))).isoformat()
        return {"from": day, "to": day}

    async def _book(self, persona: Persona, token: str, service: str) -> None:
        """Book the hold, then cancel or move the booking if the persona does."""
        if persona is Persona.HESITATES:
            await self._pause(self._random.uniform(1, 3) * _THINK_SECONDS)
        phone = f"+1 303 555 {self._number % 10_000:04}"
        customer = {"customerName": random_name(self._random), "customerPhone": phone}
        result = await self._call("book_slot", holdToken=token, **customer)
        if result is None:
            return
        self.counts.booked = 1
        booking_id = result["booking"]["bookingId"]
        if persona is Persona.CANCELS:
            self.counts.cancelled = int(
                await self._call("cancel_booking", bookingId=booking_id, phone=phone) is not None
            )
        if persona is Persona.MOVES and (slots := await self._get_slots(service)):
            moved = await self._call("reschedule_booking", bookingId=booking_id, phone=phone, start=slots[-1]["start"])
            self.counts.moved = int(moved is not None)

    async def _get_slots(self, service: str, **filters: str) -> Sequence[Mapping[str, Any]]:
        result = await self._call("get_slots", serviceType=service, limit=_SLOT_LIMIT, **filters)
        slots: Sequence[Mapping[str, Any]] = result["slots"] if result else ()
        self.counts.offered |= bool(slots)
        return slots

    async def _call(self, tool: str, **arguments: object) -> Mapping[str, Any] | None:
        """Call a tool after a pause; None when it refuses."""
        await self._pause(self._random.uniform(0.5, 1.5) * _THINK_SECONDS)
        result = await self._client.call_tool(tool, arguments)
        if result.is_error:
            self.counts.refused = 1
            return None
        return result.structured_content or {}


class CallSimulator:
    """Series of simulated calls."""

    def __init__(self, connect: Connect, *, seed: int, pause: Pause) -> None:
        self._connect = connect
        self._seed = seed
        self._pause = pause
        self.counts = CallCounts()
        """Counts of the finished calls."""

    async def run(self, calls: int, *, concurrency: int = 1) -> None:
        """Simulate a number of phone calls. With a concurrency of 1, they depend only on the seed."""
        async with self._connect("simulator") as client:
            listed = (await client.call_tool("list_services", {})).structured_content or {}
        services = [service["serviceType"] for service in listed["services"]]
        today = datetime.fromisoformat(listed["now"]).astimezone(ZoneInfo(listed["timezone"])).date()
        limit = asyncio.Semaphore(concurrency)

        async def make_call(number: int) -> None:
            async with limit:
                await self._simulate(number, services, today)

        async with asyncio.TaskGroup() as group:
            for number in range(calls):
                group.create_task(make_call(number))

    async def _simulate(self, number: int, services: Sequence[str], today: date) -> None:
        random = Random(f"{self._seed}:{number}")  # noqa: S311  not a secret
        (persona,) = random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))
        async with self._connect(f"call-{self._seed}-{number}") as client:
            customer_number = self._seed * _MAX_CALLS + number
            caller = SimulatedCaller(client, customer_number, today=today, random=random, pause=self._pause)
            await caller.talk(persona, services)
        self.counts.add(caller.counts)
