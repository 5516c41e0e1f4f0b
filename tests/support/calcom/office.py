"""A shop that is connected to the stand-in: Ana and Ben, each with an event type of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from slotmcp.bootstrap import CalendarConfig
from slotmcp.calcom.client import CalcomCalendar
from slotmcp.domain.calcom import CalcomConnection, CalcomHost
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.calendar.apply import ApplyResult
from slotmcp.services.calendar.connection import CalendarConnections, RetryPolicy
from slotmcp.services.calendar.worker import CalendarWorker
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.unit_of_work import ProjectWriter
from support.calcom.server import API_KEY, SECRET, StandIn, standing_in
from support.calcom.state import EventType, Host, World
from support.calcom.wire import Message
from support.clock import HandClock
from support.shop import OPENING_TIME, Shop, instant_ms, open_shop, plan, service, technician

HOST_ANA, HOST_BEN, STRANGER = Host(1, "ana@example.com", "Ana"), Host(2, "ben@example.com", "Ben"), Host(9, "", "Sam")
ANAS, BENS, TEAMS, UNKNOWN, ASKED, STRANGERS = 11, 12, 13, 14, 15, 16
"""Event types: Ana's, Ben's, whoever is free, one that the project file does not have, one to be confirmed."""
SECRETS: Final = {"KEY": API_KEY, "SECRET": SECRET, "NEXT": "the next secret"}
FAST_RETRIES: Final = RetryPolicy(open_circuit_seconds=0.05, first_wait_seconds=0.001)
CONNECTION: Final = CalcomConnection(api_key_env="KEY", webhook_secret_envs=("SECRET",))

ANA = technician(
    "ana", "08:00-18:00", calcom=CalcomHost(email="ana@example.com", event_type_ids={"visit": ANAS, "asked": ASKED})
)
BEN = technician("ben", "08:00-18:00", calcom=CalcomHost(user_id=2, event_type_ids={"visit": BENS}))
SERVICES = (service("visit"), service("asked"), replace(service("team"), calcom_event_type_id=TEAMS))
BUSINESS: Final = plan(ANA, BEN, services=SERVICES, calcom=CONNECTION)
ATTENDEE: Final = {"name": "Kim Doe", "email": "Kim@Example.com", "timeZone": "UTC", "phoneNumber": "+13035550142"}


def event_types() -> dict[int, EventType]:
    """What can be booked at the stand-in."""
    kinds = (
        EventType(ANAS, "visit-ana", 60, (HOST_ANA,)),
        EventType(BENS, "visit-ben", 60, (HOST_BEN,)),
        EventType(TEAMS, "visit", 60, (HOST_ANA, HOST_BEN)),
        EventType(UNKNOWN, "coffee", 30, (HOST_ANA,)),
        EventType(ASKED, "asked", 60, (HOST_ANA,), needs_confirmation=True),
        EventType(STRANGERS, "other", 60, (STRANGER,)),
    )
    return {one.id: one for one in kinds}


@dataclass
class Office:
    """The shop, the stand-in, and the worker between them."""

    shop: Shop
    calcom: StandIn
    worker: CalendarWorker
    problems: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.calcom.world

    async def hear(self, message: Message) -> ApplyResult:
        """One webhook arrives."""
        return await self.shop.app.calendars.receive("shop", message.body, message.signature)

    async def hear_all(self) -> list[ApplyResult]:
        """All webhooks that are on their way arrive in order."""
        heard = [await self.hear(message) for message in self.calcom.messages]
        self.calcom.messages.clear()
        return heard

    async def work(self) -> None:
        """The worker looks once."""
        await self.worker.run_once(lambda _project, problem: self.problems.append(problem))

    async def taken(self) -> list[tuple[int, int, str]]:
        """What bookings and events take here: start, end and who, by time."""
        schedule = await self.shop.store.schedule("shop")
        claims = [
            one
            for technician_schedule in schedule.technician_schedules.values()
            for one in technician_schedule.claims
            if not one.is_hold
        ]
        busy = [
            one for technician_schedule in schedule.technician_schedules.values() for one in technician_schedule.busy
        ]
        booked = [(one.start, one.end, one.technician_id) for one in claims]
        return sorted([*booked, *((one.start, one.end, one.technician_id) for one in busy)])

    def there(self) -> list[tuple[int, int, str]]:
        """What is booked there: start, end and whose, by time."""
        return sorted((one.start, one.end, one.host.name.lower()) for one in self.world.live())


@asynccontextmanager
async def open_office(
    path: Path,
    business: ProjectPlan = BUSINESS,
    *,
    timeout_seconds: float = 5,
    **facts: Any,  # noqa: ANN401  a Project's
) -> AsyncIterator[Office]:
    """An office over the file at this path, Monday at six."""
    clock = HandClock(instant_ms(OPENING_TIME))
    world = World(clock.now_ms)
    world.event_types = event_types()
    business = replace(business, project=replace(business.project, **facts))
    with standing_in(world) as calcom:
        calendar = CalcomCalendar(calcom.url, timeout_seconds=timeout_seconds)
        calendars = CalendarConfig(
            calendar_factory=lambda: calendar, secrets=lambda name: SECRETS.get(name, ""), every_seconds=180
        )
        async with (
            open_shop(path, business, clock=clock, calendars=calendars) as shop,
            CalendarConnections.open(calendar, calendars.secrets, FAST_RETRIES) as lines,
        ):
            cache = AvailabilityCache(shop.store)
            writer = ProjectWriter(store=shop.store, availability_cache=cache, ids=shop.app.ids)
            worker = CalendarWorker(lines, writer, every_seconds=calendars.every_seconds)
            yield Office(shop, calcom, worker)
