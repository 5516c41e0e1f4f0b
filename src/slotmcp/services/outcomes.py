"""What becomes of a booking: called off, or told of afterwards."""

from dataclasses import dataclass, replace

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """A booking that is not wanted any more."""

    booking_id: str
    project_id: str | None = None
    reason: str = ""


async def cancel(transaction: Transaction, booking: Booking, reason: str) -> Booking:
    """Call a booking off, and give its time back at once. One that is cancelled stays as it is.

    Raises:
        InvalidArgument: it is over.
    """
    if booking.status is BookingStatus.CANCELLED:
        return booking
    cancelled = replace(booking.with_status(BookingStatus.CANCELLED), cancel_reason=reason, attention="")
    await transaction.save_booking(cancelled)
    return cancelled


async def tell(transaction: Transaction, booking: Booking, status: BookingStatus) -> Booking:
    """Say what came of a visit. One of which that is said already stays as it is.

    Raises:
        InvalidArgument: that status does not follow the booking's, or the visit has not begun.
    """
    if booking.status is status:
        return booking
    told = replace(booking.with_status(status), attention="")
    if transaction.now_ms < booking.claim.start * MS_PER_MINUTE:
        raise InvalidArgument("status", "the appointment has not begun yet, so nobody knows yet what comes of it.")
    await transaction.save_booking(told)
    return told
