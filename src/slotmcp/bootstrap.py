"""The only module that knows every concrete class: `async with open_app(settings) as app`."""

import asyncio
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import structlog
from structlog.typing import Processor
from ulid import ULIDGenerator

from slotmcp.domain.errors import SlotmcpError
from slotmcp.ports import Clock, LiveHolds, Store, Travel
from slotmcp.ports.calendar import Calendar, Secrets
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisFleet, RedisHolds, RedisRateLimiter
from slotmcp.redis_layer.link import RedisLink
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.services.access import AccessService
from slotmcp.services.app import App
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.board import BoardService
from slotmcp.services.bookings import BookingService
from slotmcp.services.calendar.service import CalendarService
from slotmcp.services.concurrency import Notifier
from slotmcp.services.customers import CustomerService
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.fleet import FleetScheduleReader
from slotmcp.services.holds import HoldService
from slotmcp.services.in_memory import MemoryHolds, MemoryRateLimiter
from slotmcp.services.projects import ProjectService
from slotmcp.services.reporting.reports import ReportService
from slotmcp.services.sessions import SessionService
from slotmcp.services.slots import SlotService
from slotmcp.services.technicians import TechnicianService
from slotmcp.services.trace_writer import TraceWriter
from slotmcp.services.traces import TraceService
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter
from slotmcp.services.vitals import Vitals
from slotmcp.services.waitlist import WaitlistService
from slotmcp.settings import LogFormat, Settings
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.status import Status

if TYPE_CHECKING:
    from slotmcp.services.calendar.worker import CalendarWorker

POSTGRES = "slotmcp.store.postgres.store"
"""Loaded by name when it is needed: who keeps the books in a file waits for none of its libraries."""

CALCOM = "slotmcp.calcom.client"
CALENDAR_WORKER = "slotmcp.services.calendar.worker"
"""Loaded by name, too: most have no calendar."""

CALENDARLESS_SECONDS = 10
"""How often it is looked whether a project has been connected to a calendar."""

TOKEN_BYTES = 24
NS_PER_MS = 1_000_000
TELL_ADDRESSES = ("httpx2", "httpcore2")
"""Libraries that log the address of each request, which for a routing service has the places of customers."""
TELLTALES = ("mcp", "sse_starlette")
"""Libraries that log what is said when they are talkative."""
TELLTALES_OF_WRONG_MESSAGES = ("mcp.server.sse",)
"""Those that log a message as it was, if it cannot be read."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return time.time_ns() // NS_PER_MS


class UlidIds:
    """ULIDs, in the order in which they were made within this process; tokens of 192 random bits."""

    def __init__(self, clock: SystemClock) -> None:
        self._generator = ULIDGenerator(clock=clock.now_ms)

    def new_id(self) -> str:
        """26 letters and digits (Crockford's base 32)."""
        return str(self._generator.generate())

    def new_token(self) -> str:
        """32 URL-safe characters."""
        return secrets.token_urlsafe(TOKEN_BYTES)


class LateCalendar:
    """The Calendar port; Cal.com's side of it is loaded when it is first asked."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        return getattr(self._loaded, name)

    @cached_property
    def _loaded(self) -> Calendar:
        calendar: Calendar = import_module(CALCOM).CalcomCalendar(self._url)
        return calendar


class OpenedStore(Store, Protocol):
    """A store, and how its database is."""

    async def status(self) -> Status:
        """How the database is: for whoever looks after it.

        Raises:
            Unavailable: the database does not answer.
        """
        ...


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Every use case, over the database that the settings name; closed again at the end.

    Raises:
        Unavailable: the database is away.
    """
    calendars = CalendarConfig.of(settings)
    async with open_store(settings) as store, open_travel(settings) as travel:
        if not settings.redis_url:
            app = build_app(store, travel, calendars=calendars)
            async with app.tracing.writing(kept_days=settings.trace_days):
                yield app
            return
        async with (
            RedisLink.open(settings.redis_url, prefix=settings.redis_prefix) as link,
            join_fleet(store, link, clock=SystemClock(), travel=travel, calendars=calendars) as app,
            app.tracing.writing(kept_days=settings.trace_days),
        ):
            yield app


@asynccontextmanager
async def join_fleet(
    store: Store,
    link: RedisLink,
    *,
    clock: Clock,
    travel: Travel | None = None,
    calendars: "CalendarConfig | None" = None,
) -> AsyncIterator[App]:
    """Every use case over a store that other servers share, who hear of each other through Redis."""
    async with (
        Channel.open(link) as channel,
        FleetScheduleReader.open(store, RedisFleet(link, channel), clock=clock) as fleet,
    ):
        app = build_app(store, travel, fleet=fleet, live=RedisHolds(link), calendars=calendars)
        limits = RedisRateLimiter(link, fallback=app.limits)
        yield replace(app, limits=limits, helpful={"redis": link.require})


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[OpenedStore]:
    """The database that the settings name, made or brought up to date where it has to be.

    Raises:
        Unavailable: the database is away.
    """
    configure_logging(settings)
    async with _opened(settings) as store:
        yield store


def _opened(settings: Settings) -> AbstractAsyncContextManager[OpenedStore]:
    timeout_ms = settings.database_timeout_ms
    if not settings.is_postgres:
        return SqliteStore.open(settings.database_path, clock=SystemClock(), timeout_ms=timeout_ms)
    store: AbstractAsyncContextManager[OpenedStore] = import_module(POSTGRES).PostgresStore.open(
        settings.database_url, timeout_ms=timeout_ms, pool_size=settings.database_pool_size
    )
    return store


@asynccontextmanager
async def open_travel(settings: Settings) -> AsyncIterator[Travel | None]:
    """The routing service that the settings name; None where they name none."""
    if not settings.routing_url:
        yield None
        return
    async with OsrmTravel.open(settings.routing_url) as travel:
        yield travel


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarConfig:
    """The calendar service, who knows its secrets, and how often it is reconciled with."""

    calendar: Calendar
    secrets: Secrets
    every_seconds: float = 0
    """0: never by this process."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say."""
        calendar = cast("Calendar", LateCalendar(settings.calcom_url))
        return cls(calendar=calendar, secrets=settings.secret, every_seconds=settings.calcom_sync_seconds)


NO_CALENDAR = CalendarConfig(calendar=cast("Calendar", LateCalendar("")), secrets=lambda _name: "")
"""Where no settings say anything: nobody is asked, and nobody is believed."""


def build_app(
    store: Store,
    travel: Travel | None = None,
    *,
    fleet: FleetScheduleReader | None = None,
    live: LiveHolds | None = None,
    calendars: CalendarConfig | None = None,
) -> App:
    """Every use case over a store; ways are estimated where no routing service knows them."""
    ids = UlidIds(SystemClock())
    calendars = calendars or NO_CALENDAR
    live = live or MemoryHolds()
    availability_cache = AvailabilityCache(store, travel, schedules=fleet)
    travel_lookup = TravelLookup(availability_cache=availability_cache, travel=travel)
    writer = ProjectWriter(store=store, availability_cache=availability_cache, ids=ids)
    access = AccessService(store=store, ids=ids)
    return App(
        projects=ProjectService(writer),
        slots=SlotService(availability_cache=availability_cache, travel_lookup=travel_lookup),
        explanations=ExplanationService(availability_cache=availability_cache, travel_lookup=travel_lookup),
        holds=HoldService(writer, live=live, travel_lookup=travel_lookup),
        customers=CustomerService(writer),
        technicians=TechnicianService(writer),
        bookings=BookingService(writer, live=live, travel_lookup=travel_lookup),
        waitlist=WaitlistService(writer, travel_lookup=travel_lookup, notifier=fleet.notifier if fleet else Notifier()),
        calendars=CalendarService(writer, calendar=calendars.calendar, secrets=calendars.secrets),
        calendar_worker=lambda: _worker(calendars, writer),
        background_tasks=lambda: _background_tasks(calendars, writer),
        access=access,
        sessions=SessionService(store=store, access=access),
        reports=ReportService(store=store, availability_cache=availability_cache),
        board=BoardService(store=store, schedules=fleet or store, availability_cache=availability_cache),
        tracing=TraceWriter(store, process=ids.new_id()),
        traces=TraceService(store=store),
        vitals=Vitals(store),
        ids=ids,
        limits=MemoryRateLimiter(SystemClock()),
    )


@asynccontextmanager
async def _worker(calendars: CalendarConfig, writer: ProjectWriter) -> AsyncIterator["CalendarWorker"]:
    worker_of = import_module(CALENDAR_WORKER).CalendarWorker.open
    asks = {"calendar": calendars.calendar, "secrets": calendars.secrets, "every_seconds": calendars.every_seconds}
    async with worker_of(writer, **asks) as worker:
        yield worker


@asynccontextmanager
async def _background_tasks(calendars: CalendarConfig, writer: ProjectWriter) -> AsyncIterator[None]:
    async def work() -> None:
        while not await _has_calendars(writer.store):  # noqa: ASYNC110  another process may connect a project
            await asyncio.sleep(CALENDARLESS_SECONDS)
        async with _worker(calendars, writer) as worker:
            await worker.run_forever(_calendar_problem)

    task = asyncio.create_task(work()) if calendars.every_seconds else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _has_calendars(store: Store) -> bool:
    try:
        return bool(await store.calendar_projects())
    except SlotmcpError:
        return False


def _calendar_problem(project_id: str, problem: str) -> None:
    structlog.get_logger("slotmcp.calendars").warning("calendar", projectId=project_id, problem=problem)


def configure_logging(settings: Settings) -> None:
    """Send every event, ours and the libraries', to stderr: stdout may carry the protocol."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings.log_format)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for library in TELL_ADDRESSES:
        logging.getLogger(library).setLevel(logging.WARNING)
    for library in TELLTALES:
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
    for library in TELLTALES_OF_WRONG_MESSAGES:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _rendering(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # plain: a rich traceback would show the values in its frames
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
