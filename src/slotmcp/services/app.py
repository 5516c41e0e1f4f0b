"""What a face sees: the services, and nothing of what they are made of."""

from collections.abc import Callable
from dataclasses import dataclass

from slotmcp.ports import Ids
from slotmcp.services.access import AccessService
from slotmcp.services.bookings import BookingService
from slotmcp.services.customers import CustomerService
from slotmcp.services.explanations import ExplanationService
from slotmcp.services.holds import HoldService
from slotmcp.services.projects import ProjectService
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
    ids: Ids
    away: Callable[[], tuple[str, ...]] = tuple
    """The names of what is away just now and can be done without: answers are right, and slower."""
