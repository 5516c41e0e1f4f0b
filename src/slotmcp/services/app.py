"""What a face sees: the services, and nothing of what they are made of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from slotmcp.ports import Ids, RateLimits
from slotmcp.services.access import AccessService
from slotmcp.services.bookings import BookingService
from slotmcp.services.customers import CustomerService
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.holds import HoldService
from slotmcp.services.projects import ProjectService
from slotmcp.services.reports import ReportService
from slotmcp.services.slots import SlotService
from slotmcp.services.technicians import TechnicianService
from slotmcp.services.waitlist import WaitlistService


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Every use case of slotmcp."""

    projects: ProjectService
    slots: SlotService
    explanations: ExplanationService
    holds: HoldService
    bookings: BookingService
    customers: CustomerService
    technicians: TechnicianService
    waitlist: WaitlistService
    access: AccessService
    reports: ReportService
    ids: Ids
    limits: RateLimits
    helpful: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """What can be done without, by name; asked, it raises Unavailable while it is away. Answers are then slower."""
