"""Own holds of a caller who moves a booking."""

from collections.abc import Sequence

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.engine.availability import Availability
from slotmcp.services.callers import Pseudonym
from slotmcp.services.own_holds import CallerFields, free_holds


def own_holds_of_move(
    availability: Availability, booking: Booking, caller: CallerFields, pseudonym: Pseudonym
) -> tuple[Claim, ...]:
    """Return the live holds of the caller who moves a booking, including every hold that moves it."""
    own = free_holds(availability, pseudonym, caller)
    return tuple([hold for hold in availability.index.holds if hold in own or hold.moved_booking_id == booking.id])


def find_hold_of_move(own: Sequence[Claim], booking: Booking, start: Minute | None) -> Claim | None:
    """Return the caller's own hold of the time to which a booking moves, as if the request had its token.

    A hold for any technician does not replace the technician whom the customer asked for.
    """
    booked = booking.claim
    if start is None or start == booked.start:
        return None
    wanted = (booked.service_id, start, start + booked.end - booked.start)
    same = [hold for hold in own if (hold.service_id, *hold.appointment) == wanted and not hold.is_additional]
    usable = (
        hold for hold in same if hold.moved_booking_id in {"", booking.id} and _keeps_requested_technician(hold, booked)
    )
    return next(usable, None)


def _keeps_requested_technician(hold: Claim, booked: Claim) -> bool:
    return hold.technician_chosen or not booked.technician_chosen or hold.technician_id == booked.technician_id
