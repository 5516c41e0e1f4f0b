"""Composition root, the only module that knows every concrete class: `async with open_app(settings) as app`.

Imports inside functions shorten the start-up: a server loads only the adapters that its settings name. On SQLite it
loads neither PostgreSQL's driver nor, without their settings, Redis, the Cal.com client, routing and geocoding.
"""

import asyncio
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeAlias

from ulid import ULIDGenerator

from slotmcp.domain.erasure import Erasure
from slotmcp.domain.errors import FixSetup, SlotmcpError
from slotmcp.domain.retention import KEEP_ALL, Retention
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.ports import AttemptLimiter, Clock, Geocoder, Ids, LiveHolds, ProjectMemory, Store, Travel
from slotmcp.ports.calendar import Calendar, Secrets
from slotmcp.services.access import AccessService
from slotmcp.services.app import App
from slotmcp.services.attention import AttentionService
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.board import BoardService
from slotmcp.services.bookings import BookingService
from slotmcp.services.calendar.service import CalendarService
from slotmcp.services.concurrency import Notifier, in_background
from slotmcp.services.customers import NO_OTHER_PLACES, CustomerService, OtherPlaces
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.fleet import FleetScheduleReader
from slotmcp.services.holds import HoldService
from slotmcp.services.in_memory import MemoryAttemptLimiter, MemoryHolds, MemoryRateLimiter
from slotmcp.services.open_streams import OpenStreams
from slotmcp.services.places import FirstGeocoder, StoredGeocoder
from slotmcp.services.projects import ProjectService
from slotmcp.services.reporting.computation import ThreadRunner
from slotmcp.services.reporting.process_runner import ProcessRunner
from slotmcp.services.reporting.reports import ReportService
from slotmcp.services.retention import RetentionService
from slotmcp.services.sessions import SessionService
from slotmcp.services.slots import SlotService
from slotmcp.services.technicians import TechnicianService
from slotmcp.services.trace_writer import TraceWriter
from slotmcp.services.traces import TraceService
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter
from slotmcp.services.verification import VerificationService
from slotmcp.services.vitals import Vitals
from slotmcp.services.waitlist import WaitlistService
from slotmcp.services.waitlist_sweep import WaitlistSweeper
from slotmcp.settings import Settings
from slotmcp.store.clock import FileClock, elapsed_ms
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.erasure_list import FileErasureList
from slotmcp.store.file_erasure import BackupErasure
from slotmcp.store.schema import Preparation
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.status import Status
from slotmcp.telemetry.log_formatter import EventFormatter
from slotmcp.telemetry.logs import log_warning

if TYPE_CHECKING:
    from slotmcp.redis_layer.link import RedisLink
    from slotmcp.services.calendar.worker import CalendarWorker

OpenWorker: TypeAlias = Callable[[], AbstractAsyncContextManager["CalendarWorker"]]

CALENDAR_POLL_SECONDS: Final = 10
"""Interval at which a server without calendars checks if a project has been connected to one."""

SESSION_DELETION_SECONDS: Final = 3_600
"""Interval at which a server deletes the dashboard sessions that are over. A login deletes them, too."""

REPORT_POOL_SIZE: Final = 2
"""Number of connections to PostgreSQL of the process that computes reports; it uses one of them."""

_TOKEN_BYTES: Final = 24
_NS_PER_MS: Final = 1_000_000
_LOGS_REQUEST_URLS: Final = ("httpx2", "httpcore2")
"""Libraries that log the URL of each request, which contains customers' locations if it goes to a routing service."""
_LOGS_MESSAGES: Final = ("mcp", "sse_starlette")
"""Libraries that log the content of messages below the level of warnings."""
_LOGS_INVALID_MESSAGES: Final = "mcp.server.sse"
"""Library that logs the content of messages that it cannot parse."""


class SystemClock:
    """Wall clock of the machine, which can be set. Nothing measures a duration with it."""

    def now_ms(self) -> int:
        """Return the milliseconds since the Unix epoch."""
        return time.time_ns() // _NS_PER_MS


class ElapsedClock:
    """Clock that cannot be set, from which the store's clock is estimated between round trips."""

    def now_ms(self) -> int:
        """Return the milliseconds since a fixed moment."""
        return elapsed_ms()


class UlidIds:
    """ULIDs, which sort by creation within this process, and tokens of 192 random bits."""

    def __init__(self, clock: SystemClock) -> None:
        self._generator = ULIDGenerator(clock=clock.now_ms)

    def new_id(self) -> str:
        """Return 26 letters and digits (Crockford's base 32)."""
        return str(self._generator.generate())

    def new_token(self) -> str:
        """Return 32 URL-safe characters."""
        return secrets.token_urlsafe(_TOKEN_BYTES)


class OpenedStore(Store, Protocol):
    """Store with a report on its database."""

    async def incarnation(self) -> str:
        """Return an identifier of the data's history, which changes when a backup is restored without this program.

        Raises:
            Unavailable: the database does not respond.
        """
        ...

    async def status(self) -> Status:
        """Return the database's status for an operator.

        Raises:
            Unavailable: the database does not respond.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarConfig:
    """Factory of the calendar adapter, its secrets, and the interval of reconciliation."""

    calendar_factory: Callable[[], Calendar]
    secrets: Secrets
    sync_interval_seconds: float = 0
    """0: this process does not reconcile."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the configuration in the settings."""
        return cls(
            calendar_factory=partial(_calcom_calendar, settings.calcom_url),
            secrets=settings.secret,
            sync_interval_seconds=settings.calcom_sync_seconds,
        )


def _calcom_calendar(url: str) -> Calendar:
    from slotmcp.calcom.client import CalcomCalendar  # noqa: PLC0415  most servers have no calendar

    return CalcomCalendar(url)


NO_CALENDAR: Final = CalendarConfig(calendar_factory=partial(_calcom_calendar, ""), secrets=lambda _name: "")
"""Configuration without secrets: no delivery is accepted, and no account is opened."""


def own_preparation(settings: Settings) -> Preparation:
    """Return what a command may do to the database by itself: upgrade a file, but not a server that others share."""
    return Preparation.CREATE if settings.is_postgres else Preparation.UPGRADE


@asynccontextmanager
async def open_app(
    settings: Settings, *, preparation: Preparation = Preparation.UPGRADE, isolates_reports: bool = False
) -> AsyncIterator[App]:
    """Open the database that the settings name, and yield all services; close it when the block ends.

    `isolates_reports` computes reports in a process of their own, unless the database is in memory.

    Raises:
        DatabaseTooNew, DatabaseTooOld, DatabaseInUse, DatabaseUnusable: the database cannot be used.
        Unavailable: the database does not respond.
    """
    calendars, max_holds = CalendarConfig.of(settings), settings.max_holds_per_credential
    places, retention = _other_places(settings), _retention(settings)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, preparation=preparation))
        travel = await stack.enter_async_context(open_travel(settings))
        geocoder = await stack.enter_async_context(open_geocoder(settings, store))
        if settings.redis_url:
            from slotmcp.redis_layer.link import RedisLink  # noqa: PLC0415  most installations have no Redis

            link = await stack.enter_async_context(RedisLink.open(settings.redis_url, prefix=settings.redis_prefix))
            fleet = join_fleet(
                store,
                link,
                clock=ElapsedClock(),
                travel=travel,
                calendars=calendars,
                max_holds_per_credential=max_holds,
                places=places,
                retention=retention,
                incarnation=await store.incarnation(),
                geocoder=geocoder,
            )
            app = await stack.enter_async_context(fleet)
        else:
            app = build_app(
                store,
                travel,
                calendars=calendars,
                max_holds_per_credential=max_holds,
                places=places,
                retention=retention,
                geocoder=geocoder,
            )
        if isolates_reports and not settings.is_in_memory:
            runner = ProcessRunner(partial(open_report_store, settings))
            stack.callback(runner.close)
            app = replace(app, reports=app.reports.computed_by(runner))
        await stack.enter_async_context(_traces_written(app, settings))
        yield app


@asynccontextmanager
async def join_fleet(  # noqa: PLR0913  adapters and limits
    store: Store,
    link: "RedisLink",
    *,
    clock: Clock,
    travel: Travel | None = None,
    calendars: CalendarConfig = NO_CALENDAR,
    max_holds_per_credential: int = 0,
    places: OtherPlaces = NO_OTHER_PLACES,
    retention: Retention = KEEP_ALL,
    incarnation: str = "",
    geocoder: Geocoder | None = None,
) -> AsyncIterator[App]:
    """Yield all services over a store that several servers share. They notify each other through Redis.

    `incarnation` identifies the history of the store's data. Servers share schedules only within one history.
    """
    from slotmcp.redis_layer.channel import Channel  # noqa: PLC0415  most installations have no Redis
    from slotmcp.redis_layer.fleet import (  # noqa: PLC0415  as above
        RedisAttemptLimiter,
        RedisFleet,
        RedisHolds,
        RedisRateLimiter,
    )

    async with (
        Channel.open(link) as channel,
        FleetScheduleReader.open(store, RedisFleet(link, channel, incarnation=incarnation), clock=clock) as fleet,
    ):
        attempts = RedisAttemptLimiter(link, fallback=MemoryAttemptLimiter())
        app = build_app(
            store,
            travel,
            fleet=fleet,
            live=RedisHolds(link),
            attempts=attempts,
            calendars=calendars,
            max_holds_per_credential=max_holds_per_credential,
            places=replace(places, drop_snapshots=fleet.drop_snapshots),
            retention=retention,
            geocoder=geocoder,
        )
        limits = RedisRateLimiter(link, fallback=app.limits)
        yield replace(app, limits=limits, optional_checks={"redis": link.require})


def _retention(settings: Settings) -> Retention:
    return Retention(
        customer_days=settings.customer_days,
        booking_days=settings.booking_days,
        canceled_days=settings.canceled_days,
        key_days=settings.access_key_days,
    )


def _traces_written(app: App, settings: Settings) -> AbstractAsyncContextManager[None]:
    return app.tracing.writing(kept_days=settings.trace_days, max_mb=settings.trace_max_mb)


def _other_places(settings: Settings) -> OtherPlaces:
    if settings.is_in_memory:
        return NO_OTHER_PLACES
    path = settings.erasure_path
    return OtherPlaces(
        erasure_list=None if path is None else FileErasureList(path),
        copies=BackupErasure(settings.backup_home, field_cipher(settings)),
    )


def field_cipher(settings: Settings) -> FieldCipher | None:
    """Return the cipher of the settings' keys; None: they have none."""
    return FieldCipher(settings.encryption_keys) if settings.encryption_keys else None


def read_erasure_file(path: Path) -> tuple[Erasure, ...]:
    """Return the erasures of a list.

    Raises:
        FixSetup: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise FixSetup(f"There is no list of erasures {path}.")
    return FileErasureList(path).read()


@asynccontextmanager
async def open_store(
    settings: Settings, *, preparation: Preparation = Preparation.UPGRADE, clock: Clock | None = None
) -> AsyncIterator[OpenedStore]:
    """Open the database that the settings name; create or upgrade it first if necessary and allowed.

    `clock` is used in place of the usual clock of the store.

    Raises:
        DatabaseTooNew, DatabaseTooOld, DatabaseInUse, DatabaseUnusable: the database cannot be used.
        Unavailable: the database does not respond.
    """
    configure_logging(settings)
    timeout_ms = settings.database_timeout_ms
    cipher = field_cipher(settings)
    memory = ProjectMemory(settings.project_cache_mb * BYTES_PER_MB)
    opening: AbstractAsyncContextManager[OpenedStore]
    if settings.is_postgres:
        from slotmcp.store.postgres.store import PostgresStore  # noqa: PLC0415  a server on SQLite does not need it

        opening = PostgresStore.open(
            settings.database_url,
            clock=clock,
            timeout_ms=timeout_ms,
            pool_size=settings.database_pool_size,
            preparation=preparation,
            cipher=cipher,
            memory=memory,
            statement_cache=settings.database_statement_cache,
        )
    elif settings.is_in_memory:
        opening = SqliteStore.open_in_memory(clock=_file_clock(settings), timeout_ms=timeout_ms)
    else:
        opening = SqliteStore.open(
            settings.database_path,
            clock=clock or _file_clock(settings),
            timeout_ms=timeout_ms,
            preparation=preparation,
            cipher=cipher,
            memory=memory,
        )
    async with opening as store:
        yield store


def open_report_store(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[OpenedStore]:
    """Open the database for the process that computes reports."""
    few = settings.model_copy(update={"database_pool_size": REPORT_POOL_SIZE})
    return open_store(few, preparation=Preparation.OPEN, clock=clock)


def _file_clock(settings: Settings) -> FileClock:
    return FileClock(wall=SystemClock().now_ms, settle_seconds=settings.clock_settle_seconds)


@asynccontextmanager
async def open_travel(settings: Settings) -> AsyncIterator[Travel | None]:
    """Open the routing service that the settings name; yield None if they name none."""
    if not settings.routing_url:
        yield None
        return
    from slotmcp.routing.osrm import OsrmTravel  # noqa: PLC0415  most servers estimate travel times

    async with OsrmTravel.open(settings.routing_url) as travel:
        yield travel


@asynccontextmanager
async def open_geocoder(settings: Settings, store: Store) -> AsyncIterator[Geocoder | None]:
    """Open the table of postal codes and the geocoding service that the settings name; yield None without both.

    Raises:
        FixSetup: the table cannot be read.
    """
    async with AsyncExitStack() as stack:
        geocoders: list[Geocoder] = []
        if settings.geocoder_file:
            from slotmcp.geocoding.table import TableGeocoder  # noqa: PLC0415  most servers have no geocoder

            geocoders.append(TableGeocoder.read(Path(settings.geocoder_file)))
        if settings.geocoder_url:
            from slotmcp.geocoding.nominatim import NominatimGeocoder  # noqa: PLC0415  most servers have no geocoder

            service = NominatimGeocoder.open(settings.geocoder_url, settings.geocoder_contact)
            geocoders.append(StoredGeocoder(await stack.enter_async_context(service), store, SystemClock()))
        yield FirstGeocoder(*geocoders) if geocoders else None


def build_app(  # noqa: PLR0913  the ports that a server may implement differently
    store: Store,
    travel: Travel | None = None,
    *,
    fleet: FleetScheduleReader | None = None,
    live: LiveHolds | None = None,
    attempts: AttemptLimiter | None = None,
    calendars: CalendarConfig = NO_CALENDAR,
    max_holds_per_credential: int = 0,
    places: OtherPlaces = NO_OTHER_PLACES,
    retention: Retention = KEEP_ALL,
    geocoder: Geocoder | None = None,
    ids: Ids | None = None,
) -> App:
    """Return all services over a store; without a routing service, travel times are estimated.

    `max_holds_per_credential` limits the live holds of a credential without a call id; 0: no limit.
    """
    ids = ids or UlidIds(SystemClock())
    live = live or MemoryHolds()
    attempts = attempts or MemoryAttemptLimiter()
    cache = AvailabilityCache(store, travel, schedules=fleet)
    travel_lookup = TravelLookup(availability_cache=cache, travel=travel, geocoder=geocoder)
    notifier = fleet.notifier if fleet else Notifier()
    writer = ProjectWriter(store=store, availability_cache=cache, ids=ids, notifier=notifier)
    sweeper = WaitlistSweeper(writer)
    verification = VerificationService(store, cache, attempts)
    access = AccessService(store=store, ids=ids)
    sessions = SessionService(store=store, access=access, ids=ids)
    open_worker = partial(_open_worker, calendars, writer)
    purging = RetentionService(store, retention)
    return App(
        projects=ProjectService(writer, sweeper, travel_lookup.places),
        slots=SlotService(availability_cache=cache, travel_lookup=travel_lookup, verification=verification),
        explanations=ExplanationService(
            availability_cache=cache, travel_lookup=travel_lookup, verification=verification
        ),
        holds=HoldService(
            writer,
            live=live,
            travel_lookup=travel_lookup,
            verification=verification,
            max_per_credential=max_holds_per_credential,
        ),
        customers=CustomerService(writer, places),
        technicians=TechnicianService(writer),
        bookings=BookingService(writer, live=live, travel_lookup=travel_lookup, verification=verification),
        waitlist=WaitlistService(writer, sweeper, travel_lookup=travel_lookup, attempts=attempts),
        calendars=CalendarService(writer, calendar_factory=calendars.calendar_factory, secrets=calendars.secrets),
        calendar_worker=open_worker,
        background_tasks=partial(
            _background_tasks, store, sessions, purging, open_worker if calendars.sync_interval_seconds else None
        ),
        access=access,
        open_streams=OpenStreams(store=store, clock=SystemClock()),
        sessions=sessions,
        attention=AttentionService(store=store, availability_cache=cache),
        retention=purging,
        reports=ReportService(availability_cache=cache, runner=ThreadRunner(store)),
        board=BoardService(store=store, schedules=fleet or store, availability_cache=cache),
        tracing=TraceWriter(store, process=ids.new_id()),
        traces=TraceService(store=store),
        vitals=Vitals(store),
        ids=ids,
        limits=MemoryRateLimiter(),
    )


def _open_worker(calendars: CalendarConfig, writer: ProjectWriter) -> AbstractAsyncContextManager["CalendarWorker"]:
    from slotmcp.services.calendar.worker import CalendarWorker  # noqa: PLC0415  most servers have no calendar

    calendar, secret_lookup = calendars.calendar_factory(), calendars.secrets
    return CalendarWorker.open(
        writer, calendar=calendar, secrets=secret_lookup, sync_interval_seconds=calendars.sync_interval_seconds
    )


@asynccontextmanager
async def _background_tasks(
    store: Store, sessions: SessionService, purging: RetentionService, open_worker: OpenWorker | None
) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(in_background(_keep_deleting_sessions(sessions)))
        await stack.enter_async_context(in_background(purging.run_forever()))
        if open_worker is not None:
            await stack.enter_async_context(in_background(_run_worker(store, open_worker)))
        yield


async def _keep_deleting_sessions(sessions: SessionService) -> None:
    while True:
        await asyncio.sleep(SESSION_DELETION_SECONDS)
        with suppress(SlotmcpError):  # the next deletion, or the next login, deletes more
            await sessions.delete_over()


async def _run_worker(store: Store, open_worker: OpenWorker) -> None:
    while not await _has_calendars(store):  # noqa: ASYNC110  another process may connect a project
        await asyncio.sleep(CALENDAR_POLL_SECONDS)
    async with open_worker() as worker:
        await worker.run_forever(_log_calendar_problem)


async def _has_calendars(store: Store) -> bool:
    try:
        return bool(await store.calendar_projects())
    except SlotmcpError:
        return False


def _log_calendar_problem(project_id: str, problem: str) -> None:
    log_warning("calendar", projectId=project_id, problem=problem)


def configure_logging(settings: Settings) -> None:
    """Send every event, including those of libraries, to stderr: stdout may carry the protocol."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter(is_json=settings.log_format == "json"))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for library in _LOGS_REQUEST_URLS:
        logging.getLogger(library).setLevel(logging.WARNING)
    for library in _LOGS_MESSAGES:
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger(_LOGS_INVALID_MESSAGES).setLevel(logging.CRITICAL)
