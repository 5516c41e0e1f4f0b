"""A booking as its use cases answer it: with what its ids stand for."""

from dataclasses import dataclass

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.errors import NotFound
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Transaction
from slotmcp.services.named import service_of, technician_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """A booking, as a call left it or found it."""

    project: Project
    service: ServiceType
    technician: Technician
    booking: Booking
    now_ms: int
    replayed: bool
    """An earlier call did it; this one changed nothing."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it has been called off."""
        return self.booking.status is BookingStatus.CANCELLED


def answer_of(transaction: Transaction, schedule: Schedule, booking: Booking, *, replayed: bool) -> BookAnswer:
    """The answer that tells of a booking."""
    return BookAnswer(
        project=schedule.project,
        service=service_of(schedule, booking.claim),
        technician=technician_of(schedule, booking.claim.technician_id),
        booking=booking,
        now_ms=transaction.now_ms,
        replayed=replayed,
    )


async def booking_with(transaction: Transaction, booking_id: str) -> Booking:
    """The booking with an id.

    Raises:
        NotFound: there is none. No other is named: it would be somebody else's.
    """
    booking = await transaction.booking(booking_id)
    if booking is None:
        raise NotFound("bookingId", "There is no booking with that id; find_bookings finds those of a phone or e-mail.")
    return booking
