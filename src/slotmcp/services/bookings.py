"""Bookings: one transaction that re-checks, assigns the technician and honours an idempotency key."""

from dataclasses import dataclass

from slotmcp.domain.booking import Booking, Customer, Visit
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest:
    """An appointment to be sold: a held one by its token, or a start directly."""

    customer: Customer
    project_id: str | None = None
    hold_token: str = ""
    service_id: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    visit: Visit = Visit()
    idempotency_key: str = ""
    credential: str = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """A booking that was made, now or by an earlier call with the same key."""

    project: Project
    service: ServiceType
    technician: Technician
    booking: Booking
    now_ms: int
    replayed: bool


class BookingService:
    """Sells."""

    async def book_slot(self, request: BookRequest) -> BookAnswer:
        """Book a held start, or a start directly.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        raise NotImplementedError
