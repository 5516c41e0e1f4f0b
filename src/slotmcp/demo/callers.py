"""Simulated callers: a day of phone calls by agents of every temper, through real MCP clients, the same by a seed."""

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

from slotmcp.demo.people import somebody

Answer = Mapping[str, Any]
Connect = Callable[[str], AbstractAsyncContextManager[Client]]
"""A client of its own for a call id."""
Pause = Callable[[float], Awaitable[None]]
"""Let a caller think for some seconds, or as much less as the day is to go faster."""

_THINKS_SECONDS: Final = 4.0
_PARTS: Final = ({"partOfDay": "morning"}, {"partOfDay": "afternoon"})
_DAYS_AHEAD: Final = 6
_NIGHT: Final = "03:07"
_OFFERED: Final = 5
_MOST_CALLS: Final = 100
"""Whoever calls in another day is somebody else."""


class Persona(StrEnum):
    """Tempers of callers."""

    LOOKS = "looks"
    """Asks, and leaves."""
    BOOKS = "books"
    HESITATES = "hesitates"
    """Books what is held after a while."""
    LETS_LAPSE = "lets_lapse"
    """Holds, and is never heard of again."""
    CANCELS = "cancels"
    MOVES = "moves"
    WANTS_WHAT_IS_GONE = "wants_what_is_gone"
    """Names a time at night, and leaves."""
    EVENING = "evening"
    """Would come in the evening alone."""
    WISHES = "wishes"
    """Wants somebody for what they may not have learned."""
    TODAY = "today"
    """Cannot wait until tomorrow."""


_WEIGHTS: Final[Mapping[Persona, int]] = {
    Persona.LOOKS: 3,
    Persona.BOOKS: 6,
    Persona.HESITATES: 3,
    Persona.LETS_LAPSE: 2,
    Persona.CANCELS: 1,
    Persona.MOVES: 1,
    Persona.WANTS_WHAT_IS_GONE: 1,
    Persona.EVENING: 4,
    Persona.WISHES: 1,
    Persona.TODAY: 6,
}


@dataclass(slots=True)
class Tally:
    """What came of the calls, as the callers know it. Each counts callers."""

    asked: int = 0
    offered: int = 0
    held: int = 0
    booked: int = 0
    cancelled: int = 0
    moved: int = 0
    refused: int = 0

    def add(self, other: "Tally") -> None:
        """Count another caller in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class Caller:
    """One phone call."""

    def __init__(self, client: Client, number: int, *, today: date, random: Random, pause: Pause) -> None:
        self._client = client
        self._random = random
        self._pause = pause
        self._number = number
        self._today = today
        self.tally = Tally(asked=1)

    async def talk(self, persona: Persona, services: Sequence[str]) -> None:
        """Say what somebody of that temper says."""
        service = self._random.choice(services)
        slots = await self._slots(service, **self._wish(persona))
        if persona is Persona.LOOKS or not slots:
            return
        slot = self._random.choice(slots)
        if persona is Persona.WISHES:
            other = self._random.choice(services)
            await self._slots(other, technicianId=slot["candidates"][0]["technicianId"])
            return
        start = f"{slot['startLocal'][:10]}T{_NIGHT}" if persona is Persona.WANTS_WHAT_IS_GONE else slot["start"]
        held = await self._ask("create_hold", serviceType=service, start=start, customerHash=f"caller-{self._number}")
        if held is None:
            return
        self.tally.held = 1
        if persona is not Persona.LETS_LAPSE:
            await self._schedule(persona, str(held["holdToken"]), service)

    def _wish(self, persona: Persona) -> Mapping[str, str]:
        """When it suits them."""
        match persona:
            case Persona.EVENING:
                return {"partOfDay": "evening"}
            case Persona.TODAY:
                return {"to": self._today.isoformat()}
            case _:
                return self._random.choice([{}, *_PARTS, self._some_day()])

    def _some_day(self) -> Mapping[str, str]:
        day = (self._today + timedelta(days=self._random.randint(1, _DAYS_AHEAD))).isoformat()
        return {"from": day, "to": day}

    async def _schedule(self, persona: Persona, token: str, service: str) -> None:
        if persona is Persona.HESITATES:
            await self._pause(self._random.uniform(1, 3) * _THINKS_SECONDS)
        phone = f"+1 303 555 {self._number % 10_000:04}"
        who = {"customerName": somebody(self._random), "customerPhone": phone}
        sold = await self._ask("book_slot", holdToken=token, **who)
        if sold is None:
            return
        self.tally.booked = 1
        booking = sold["booking"]["bookingId"]
        if persona is Persona.CANCELS:
            self.tally.cancelled = int(await self._ask("cancel_booking", bookingId=booking) is not None)
        if persona is Persona.MOVES and (others := await self._slots(service)):
            moved = await self._ask("reschedule_booking", bookingId=booking, start=others[-1]["start"])
            self.tally.moved = int(moved is not None)

    async def _slots(self, service: str, **narrower: str) -> Sequence[Answer]:
        answer = await self._ask("get_slots", serviceType=service, limit=_OFFERED, **narrower)
        slots: Sequence[Answer] = answer["slots"] if answer else ()
        self.tally.offered |= bool(slots)
        return slots

    async def _ask(self, tool: str, **arguments: object) -> Answer | None:
        """The answer; None where it was refused."""
        await self._pause(self._random.uniform(0.5, 1.5) * _THINKS_SECONDS)
        result = await self._client.call_tool(tool, arguments)
        if result.is_error:
            self.tally.refused = 1
            return None
        return result.structured_content or {}


class Callers:
    """Everybody who calls, in the order in which they begin."""

    def __init__(self, connect: Connect, *, seed: int, pause: Pause) -> None:
        self._connect = connect
        self._seed = seed
        self._pause = pause
        self.tally = Tally()
        """What came of the calls that have ended."""

    async def call(self, calls: int, *, at_once: int = 1) -> None:
        """Make so many calls, some of them at the same time. One at a time they are the same by the seed."""
        async with self._connect("simulator") as client:
            listed = (await client.call_tool("list_services", {})).structured_content or {}
        services = [service["serviceType"] for service in listed["services"]]
        today = datetime.fromisoformat(listed["now"]).astimezone(ZoneInfo(listed["timezone"])).date()
        lines = asyncio.Semaphore(at_once)

        async def one(number: int) -> None:
            async with lines:
                await self._take(number, services, today)

        async with asyncio.TaskGroup() as group:
            for number in range(calls):
                group.create_task(one(number))

    async def _take(self, number: int, services: Sequence[str], today: date) -> None:
        random = Random(f"{self._seed}:{number}")  # noqa: S311  a play, not a secret
        (persona,) = random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))
        async with self._connect(f"call-{self._seed}-{number}") as client:
            caller = Caller(client, self._seed * _MOST_CALLS + number, today=today, random=random, pause=self._pause)
            await caller.talk(persona, services)
        self.tally.add(caller.tally)
