"""Moving bookings: requests that ask for times as if a booking were moving to them."""

from dataclasses import replace
from typing import TypeVar

from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim, MovingBooking
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.domain.interval import Interval, subtract
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment
from slotmcp.services.callers import Pseudonym
from slotmcp.services.own_holds import free_holds
from slotmcp.services.placed_requests import PlacedRequest

R = TypeVar("R", bound=StartRequest)


def find_moving(availability: Availability, booking_id: str) -> Claim | None:
    """Return the claim of the booking that a request moves; None if it names none.

    Raises:
        NotFound: no active booking has that id. The error lists no similar ids.
    """
    if not booking_id:
        return None
    for technician_schedule in availability.schedule.technician_schedules.values():
        for claim in technician_schedule.claims:
            if claim.id == booking_id and not claim.is_hold:
                return claim
    raise NotFound("bookingId", "There is no active booking with that id; find_bookings finds those of a customer.")


def need_of_move(need: Need, claim: Claim, postal_code: str = "") -> Need:
    """Return the requirements of a moved booking, which keeps its length; its buffers depend on the postal code.

    Raises:
        InvalidArgument: another length is requested.
    """
    minutes = claim.end - claim.start
    if need.duration_minutes != minutes:
        raise InvalidArgument("durationMinutes", f"the booking takes {minutes} minutes; omit durationMinutes and end.")
    need = replace(need, shortest_minutes=minutes)
    if postal_code not in {"", claim.postal_code}:
        return need
    return replace(
        need,
        buffer_before_minutes=claim.buffer_before_minutes,
        buffer_after_minutes=claim.buffer_after_minutes,
    )


def check_service_of_move(requested_id: str | None, claim: Claim) -> str:
    """Return the service of a moved booking, which stays the same.

    Raises:
        InvalidArgument: another service is requested.
    """
    if requested_id not in {None, claim.service_id}:
        raise InvalidArgument("serviceType", f"the booking is for {claim.service_id}; omit serviceType.")
    return claim.service_id


def location_of_move(request: PlacedRequest, claim: Claim) -> Location | None:
    """Return the location of a moved booking. With another postal code, the booked location does not apply."""
    if request.location is not None:
        return request.location
    if not claim.postal_code or request.postal_code in {"", claim.postal_code}:
        return claim.location or request.derived_location
    return request.derived_location


def request_of_move(request: R, claim: Claim | None) -> R:
    """Return a request with the service, the length, the place and the priority of the booking that it moves, if any.

    Raises:
        InvalidArgument: another service is requested.
    """
    if claim is None:
        return request
    duration = request.duration_minutes
    if duration is None and request.end is None:
        duration = claim.end - claim.start
    return replace(
        request,
        service_id=check_service_of_move(request.service_id, claim),
        duration_minutes=duration,
        location=location_of_move(request, claim),
        postal_code=request.postal_code or claim.postal_code,
        priority=request.priority or claim.priority,
    )


def appointment_of_move(appointment: Appointment, claim: Claim | None) -> Appointment:
    """Return an appointment with the buffers of the booking that moves to it, if any.

    Raises:
        InvalidArgument: the length differs, or the booking has that start already.
    """
    if claim is None:
        return appointment
    if appointment.start == claim.start and appointment.need.technician_id in {None, claim.technician_id}:
        raise InvalidArgument("start", "the booking has this time already.")
    return replace(appointment, need=need_of_move(appointment.need, claim, appointment.postal_code))


def resolve_request(
    availability: Availability,
    request: StartRequest,
    travel_times: TravelTimes | None,
    pseudonym: Pseudonym | None = None,
) -> tuple[Availability, Appointment]:
    """Resolve a request against the availability as its caller sees it, and return both.

    The time of the booking that the request moves is free, and with `pseudonym` that of the caller's own holds.

    Raises:
        InvalidArgument, NotFound.
    """
    moving = find_moving(availability, request.booking_id)
    own = free_holds(availability, pseudonym, request) if pseudonym else ()
    appointment = find_appointment(availability.schedule, request_of_move(request, moving), travel_times)
    seen = availability.without(*own, *([moving] if moving else []))
    return seen, appointment_of_move(appointment, moving)


def claim_of_move(claim: Claim, booked: Claim) -> tuple[Claim, MovingBooking]:
    """Return the claim of a hold that moves a booking, reduced to the time that the booking does not cover.

    No two claims of a technician may overlap, so the booking's own time stays with the booking.
    """
    moving = MovingBooking(booking_id=booked.id, start=claim.start, end=claim.end)
    start, end = (
        _uncovered(claim.interval, booked.interval) if claim.technician_id == booked.technician_id else claim.interval
    )
    return replace(claim, start=start, end=end), moving


def _uncovered(wanted: Interval, booked: Interval) -> Interval:
    """Return the part of an interval outside another one of the same length."""
    (part,) = subtract([wanted], [booked])
    return part
