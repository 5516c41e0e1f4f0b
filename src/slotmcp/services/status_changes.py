"""Status changes of a booking: cancellation, and the outcome of the visit."""

from dataclasses import dataclass, replace

from slotmcp.domain.attention import NO_ATTENTION
from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.ports import Transaction
from slotmcp.services.verification import ChangeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest(ChangeRequest):
    """Request to cancel a booking."""

    reason: str = ""


async def cancel(transaction: Transaction, booking: Booking, reason: str) -> Booking:
    """Cancel a booking and free its time. A canceled booking only gains a reason if it has none.

    Raises:
        InvalidArgument: the booking is completed or a no-show.
    """
    if booking.status is BookingStatus.CANCELLED:
        return await _with_reason(transaction, booking, reason)
    cancelled = replace(booking.with_status(BookingStatus.CANCELLED), cancel_reason=reason, attention=NO_ATTENTION)
    await transaction.save_booking(cancelled)
    return cancelled


async def set_status(transaction: Transaction, booking: Booking, status: BookingStatus) -> Booking:
    """Save the outcome of a visit. A booking that already has the status is returned unchanged.

    Raises:
        InvalidArgument: the current status does not allow the new one, or the visit has not begun.
    """
    if booking.status is status:
        return booking
    changed = replace(booking.with_status(status), attention=NO_ATTENTION)
    if transaction.now_ms < booking.claim.start * MS_PER_MINUTE:
        raise InvalidArgument("status", "the appointment has not begun yet; set the status afterwards.")
    await transaction.save_booking(changed)
    return changed


async def _with_reason(transaction: Transaction, cancelled: Booking, reason: str) -> Booking:
    if cancelled.cancel_reason or not reason:
        return cancelled
    explained = replace(cancelled, cancel_reason=reason)
    await transaction.save_booking(explained)
    return explained
