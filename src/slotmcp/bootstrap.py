"""The only module that knows every concrete class: `async with open_app(settings) as app`."""

import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from structlog.typing import Processor
from ulid import ULIDGenerator

from slotmcp.ports import Store, Travel
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.services.access import AccessService
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

TOKEN_BYTES = 24
NS_PER_MS = 1_000_000
TELL_ADDRESSES = ("httpx2", "httpcore2")
"""Libraries that log the address of each request, which for a routing service has the places of customers."""
TELLTALES = ("mcp", "sse_starlette")
"""Libraries that at their most talkative log what is said."""
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


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Every use case, over the database that the settings name; closed again at the end.

    Raises:
        Unavailable: the database is away.
    """
    async with open_store(settings) as store, open_travel(settings) as travel:
        yield build_app(store, travel)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[SqliteStore]:
    """The database that the settings name, made or brought up to date where it has to be.

    Raises:
        Unavailable: the database is away.
    """
    configure_logging(settings)
    async with SqliteStore.open(settings.database_path, clock=SystemClock()) as store:
        yield store


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
    shelf = Shelf(store)
    ways = Ways(store=store, shelf=shelf, travel=travel)
    return App(
        projects=ProjectService(store=store, shelf=shelf, ids=ids),
        slots=SlotService(shelf=shelf, ways=ways),
        explanations=ExplanationService(shelf=shelf, ways=ways),
        holds=HoldService(store=store, shelf=shelf, ids=ids, ways=ways),
        customers=CustomerService(store=store, shelf=shelf, ids=ids),
        technicians=TechnicianService(store=store, shelf=shelf, ids=ids),
        bookings=BookingService(store=store, shelf=shelf, ids=ids, ways=ways),
        waitlist=WaitlistService(store=store, shelf=shelf, ids=ids),
        access=AccessService(store=store, ids=ids),
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
    for library in TELLTALES:
        logging.getLogger(library).setLevel(max(logging.INFO, logging.getLogger().level))
    for library in TELLTALES_OF_WRONG_MESSAGES:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _rendering(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # plain: a rich traceback would show the values in its frames
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
