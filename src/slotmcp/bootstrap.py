"""The only module that knows every concrete class: `async with open_app(settings) as app`."""

import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Protocol

import structlog
from structlog.typing import Processor
from ulid import ULIDGenerator

from slotmcp.ports import Store, Travel
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.services.app import App
from slotmcp.services.bookings import BookingService
from slotmcp.services.customers import CustomerService
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.holds import HoldService
from slotmcp.services.projects import ProjectService
from slotmcp.services.shelf import Shelf
from slotmcp.services.slots import SlotService
from slotmcp.services.technicians import TechnicianService
from slotmcp.services.waitlist import WaitlistService
from slotmcp.services.ways import Ways
from slotmcp.settings import LogFormat, Settings
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.status import Status

POSTGRES = "slotmcp.store.postgres.store"
"""Loaded by name when it is needed: who keeps the books in a file waits for none of its libraries."""

TOKEN_BYTES = 24
NS_PER_MS = 1_000_000
TELL_ADDRESSES = ("httpx2", "httpcore2")
"""Libraries that log the address of each request, which for a routing service has the places of customers."""


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
    async with open_store(settings) as store, open_travel(settings) as travel:
        yield build_app(store, travel)


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
    patience_ms = settings.database_timeout_ms
    if not settings.is_postgres:
        return SqliteStore.open(settings.database_path, clock=SystemClock(), patience_ms=patience_ms)
    store: AbstractAsyncContextManager[OpenedStore] = import_module(POSTGRES).PostgresStore.open(
        settings.database_url, patience_ms=patience_ms, pool_size=settings.database_pool_size
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


def build_app(store: Store, travel: Travel | None = None) -> App:
    """Every use case over a store; ways are estimated where no routing service knows them."""
    ids = UlidIds(SystemClock())
    shelf = Shelf(store, travel)
    ways = Ways(store=store, shelf=shelf, travel=travel)
    return App(
        projects=ProjectService(store=store, shelf=shelf, ids=ids),
        slots=SlotService(shelf=shelf, ways=ways),
        explanations=ExplanationService(shelf=shelf, ways=ways),
        holds=HoldService(store=store, shelf=shelf, ids=ids, ways=ways),
        customers=CustomerService(store=store, shelf=shelf, ids=ids),
        technicians=TechnicianService(store=store, shelf=shelf, ids=ids),
        bookings=BookingService(store=store, shelf=shelf, ids=ids, ways=ways),
        waitlist=WaitlistService(store=store, shelf=shelf, ids=ids, ways=ways),
        ids=ids,
    )


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


def _rendering(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # plain: a rich traceback would show the values in its frames
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
