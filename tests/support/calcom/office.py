"""Shop connected to the fake Cal.com, with the technicians Ana and Ben, who have their own event types."""

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
from support.calcom.server import API_KEY, SECRET, FakeCalcom, run_fake_calcom
from support.calcom.state import CalcomState, EventType, Host
from support.calcom.wire import Message
from support.clock import HandClock
from support.shop import OPENING_TIME, Shop, instant_ms, open_shop, plan, service, technician

HOST_ANA, HOST_BEN, UNKNOWN_HOST = (
    Host(1, "ana@example.com", "Ana"),
    Host(2, "ben@example.com", "Ben"),
    Host(9, "", "Sam"),
)
ANA_VISIT, BEN_VISIT, TEAM_VISIT, OTHER_TYPE, ON_REQUEST, UNKNOWN_HOST_VISIT, COURSE = 11, 12, 13, 14, 15, 16, 17
"""Ids of event types. OTHER_TYPE is not in the project file; ON_REQUEST needs confirmation; COURSE has seats."""
SECRETS: Final = {"KEY": API_KEY, "SECRET": SECRET, "NEXT": "the next secret"}
FAST_RETRIES: Final = RetryPolicy(open_circuit_seconds=0.05, first_wait_seconds=0.001)
CONNECTION: Final = CalcomConnection(api_key_env="KEY", webhook_secret_envs=("SECRET",))

ANA = technician(
    "ana",
    "08:00-18:00",
    calcom=CalcomHost(email="ana@example.com", event_type_ids={"visit": ANA_VISIT, "asked": ON_REQUEST}),
)
BEN = technician("ben", "08:00-18:00", calcom=CalcomHost(user_id=2, event_type_ids={"visit": BEN_VISIT}))
SERVICES = (
    service("visit"),
    service("asked"),
    replace(service("team"), calcom_event_type_id=TEAM_VISIT),
    replace(service("course"), calcom_event_type_id=COURSE),
)
BUSINESS: Final = plan(ANA, BEN, services=SERVICES, calcom=CONNECTION)
ATTENDEE: Final = {"name": "Kim Doe", "email": "Kim@Example.com", "timeZone": "UTC", "phoneNumber": "+13035550142"}


def event_types() -> dict[int, EventType]:
    """Return the event types of the fake account."""
    types = (
        EventType(ANA_VISIT, "visit-ana", 60, (HOST_ANA,)),
        EventType(BEN_VISIT, "visit-ben", 60, (HOST_BEN,)),
        EventType(TEAM_VISIT, "visit", 60, (HOST_ANA, HOST_BEN)),
        EventType(OTHER_TYPE, "coffee", 30, (HOST_ANA,)),
        EventType(ON_REQUEST, "asked", 60, (HOST_ANA,), needs_confirmation=True),
        EventType(COURSE, "course", 60, (HOST_ANA,), seats=4),
        EventType(UNKNOWN_HOST_VISIT, "other", 60, (UNKNOWN_HOST,)),
    )
    return {event_type.id: event_type for event_type in types}


@dataclass
class Office:
    """Shop, fake Cal.com, and the worker between them."""

    shop: Shop
    calcom: FakeCalcom
    worker: CalendarWorker
    problems: list[str] = field(default_factory=list)

    @property
    def state(self) -> CalcomState:
        return self.calcom.state

    async def receive(self, message: Message) -> ApplyResult:
        """Deliver a webhook."""
        return await self.shop.app.calendars.receive("shop", message.body, message.signature)

    async def receive_all(self) -> list[ApplyResult]:
        """Deliver all sent webhooks in order."""
        results = [await self.receive(message) for message in self.calcom.messages]
        self.calcom.messages.clear()
        return results

    async def run_worker(self) -> None:
        """Run the worker once."""
        await self.worker.run_once(lambda _project, problem: self.problems.append(problem))

    async def local_times(self) -> list[tuple[int, int, str]]:
        """Return start, end and technician of all bookings and busy times in the shop, by time."""
        schedule = await self.shop.store.schedule("shop")
        claims = [
            claim
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
            if not claim.is_hold
        ]
        busy = [
            span for technician_schedule in schedule.technician_schedules.values() for span in technician_schedule.busy
        ]
        booked = [(claim.start, claim.end, claim.technician_id) for claim in claims]
        return sorted([*booked, *((span.start, span.end, span.technician_id) for span in busy)])

    def calcom_times(self) -> list[tuple[int, int, str]]:
        """Return start, end and host of all live bookings in Cal.com, by time."""
        return sorted((booking.start, booking.end, booking.host.name.lower()) for booking in self.state.live())


@asynccontextmanager
async def open_office(
    path: Path,
    business: ProjectPlan = BUSINESS,
    *,
    timeout_seconds: float = 5,
    **facts: Any,  # noqa: ANN401  a Project's fields
) -> AsyncIterator[Office]:
    """Open an office over a database file, on Monday at six."""
    clock = HandClock(instant_ms(OPENING_TIME))
    state = CalcomState(clock.now_ms)
    state.event_types = event_types()
    business = replace(business, project=replace(business.project, **facts))
    with run_fake_calcom(state) as calcom:
        calendar = CalcomCalendar(calcom.url, timeout_seconds=timeout_seconds)
        calendars = CalendarConfig(
            calendar_factory=lambda: calendar, secrets=lambda name: SECRETS.get(name, ""), sync_interval_seconds=180
        )
        async with (
            open_shop(path, business, clock=clock, calendars=calendars) as shop,
            CalendarConnections.open(calendar, calendars.secrets, FAST_RETRIES) as connections,
        ):
            cache = AvailabilityCache(shop.store)
            writer = ProjectWriter(store=shop.store, availability_cache=cache, ids=shop.app.ids)
            worker = CalendarWorker(connections, writer, sync_interval_seconds=calendars.sync_interval_seconds)
            yield Office(shop, calcom, worker)
