"""Application: all use cases, for the interfaces."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotmcp.ports import Ids, RateLimiter
from slotmcp.services.access import AccessService
from slotmcp.services.attention import AttentionService
from slotmcp.services.board import BoardService
from slotmcp.services.bookings import BookingService
from slotmcp.services.calendar.service import CalendarService
from slotmcp.services.customers import CustomerService
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.holds import HoldService
from slotmcp.services.open_streams import OpenStreams
from slotmcp.services.projects import ProjectService
from slotmcp.services.reporting.reports import ReportService
from slotmcp.services.retention import RetentionService
from slotmcp.services.sessions import SessionService
from slotmcp.services.slots import SlotService
from slotmcp.services.technicians import TechnicianService
from slotmcp.services.trace_writer import TraceWriter
from slotmcp.services.traces import TraceService
from slotmcp.services.vitals import Vitals
from slotmcp.services.waitlist import WaitlistService

if TYPE_CHECKING:
    from slotmcp.services.calendar.worker import CalendarWorker


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """All use cases by subject, and the shared components that interfaces use."""

    projects: ProjectService
    slots: SlotService
    explanations: ExplanationService
    holds: HoldService
    bookings: BookingService
    customers: CustomerService
    technicians: TechnicianService
    attention: AttentionService
    waitlist: WaitlistService
    calendars: CalendarService
    calendar_worker: Callable[[], AbstractAsyncContextManager["CalendarWorker"]]
    """Open the worker that pushes bookings to calendars and reconciles them. This imports its libraries."""
    background_tasks: Callable[[], AbstractAsyncContextManager[None]]
    """Run a server's periodic tasks until the block ends."""
    tracing: TraceWriter
    traces: TraceService
    access: AccessService
    open_streams: OpenStreams
    """Registry of the event streams of this process."""
    sessions: SessionService
    reports: ReportService
    retention: RetentionService
    board: BoardService
    vitals: Vitals
    ids: Ids
    limits: RateLimiter
    optional_checks: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """Checks of optional dependencies by name. Each raises Unavailable if its dependency is unavailable."""
