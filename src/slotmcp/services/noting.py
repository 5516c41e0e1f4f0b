"""What services note of a call for its trace. Where nobody traces, each is next to nothing."""

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.engine.availability import Availability
from slotmcp.services.intents import Appointment
from slotmcp.services.tracing import current_trace


def record_wish(availability: Availability, appointment: Appointment) -> None:
    """A start that is wanted, and by what it is decided."""
    if noted := current_trace():
        noted.wants(availability, appointment.service.id, appointment.need, appointment.start)


def record_held_start(hold: Hold) -> None:
    """The hold by which a start is wanted."""
    if noted := current_trace():
        noted.hold_key = hold.claim.id
        noted.was_revived = hold.state is ClaimState.LAPSED


def record_hold(claim_id: str, capacity_left: int, *, was_replayed: bool) -> None:
    """A hold that was granted."""
    if noted := current_trace():
        noted.hold_key = claim_id
        noted.capacity = capacity_left + 1
        noted.was_replayed = was_replayed


def record_booking(booking: Booking, *, was_replayed: bool) -> None:
    """A booking that was made."""
    if noted := current_trace():
        noted.booking_id = booking.id
        noted.technician_id = booking.claim.technician_id
        noted.reason = booking.reason
        noted.was_replayed = was_replayed


def record_moves(count: int) -> None:
    """Holds that were moved to make room."""
    if count and (noted := current_trace()):
        noted.moved_holds += count
