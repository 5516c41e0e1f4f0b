"""Transaction of book_slot: load, recognize a repeated request, decide and write."""

from collections.abc import Sequence
from dataclasses import replace

from slotmcp.domain.booking import Booking
from slotmcp.domain.booking_identity import RequestedVisit
from slotmcp.domain.claim import Claim, Hold
from slotmcp.engine.availability import Availability
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import ClaimConflict
from slotmcp.services.answers import require_answers
from slotmcp.services.appointments import Appointment
from slotmcp.services.booking_requests import (
    BookRequest,
    assign_technician,
    booking_keys,
    find_requested,
    lost_booking,
    new_booking,
    requested_visit,
    visit_of_booked_hold,
)
from slotmcp.services.callers import identify_normalized
from slotmcp.services.contacts import normalize_customer
from slotmcp.services.holds import ended_hold, is_booked, require_hold
from slotmcp.services.lookups import BookAnswer, book_answer
from slotmcp.services.own_holds import blocking_holds, own_holds
from slotmcp.services.placement import make_moves
from slotmcp.services.repeated_bookings import answer_repeated, booking_response
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import close_fulfilled_entries, offer_freed_time


async def book(unit: UnitOfWork, request: BookRequest, travel_times: TravelTimes | None) -> BookAnswer:
    """Book a visit, unless the request means an existing booking.

    Raises:
        InvalidArgument, NotFound, HoldExpired, IdempotencyMismatch, AlreadyBooked, LostSlot.
    """
    transaction = unit.transaction
    await transaction.lapse_holds()
    availability = await unit.availability()
    order = replace(request, customer=normalize_customer(request.customer, availability.schedule.project))
    caller = identify_normalized(
        transaction.pseudonym, order.origin, order.customer, customer_hash=order.customer_reference
    )
    hold = await require_hold(transaction, availability, order.hold_token, caller) if order.hold_token else None
    if hold is not None and is_booked(hold):
        return await _repeat(unit, availability, order, hold)
    appointment = find_requested(availability, order, hold, travel_times)
    visit = requested_visit(transaction, availability.schedule, order, appointment, hold)
    keys = booking_keys(transaction, availability.schedule, order, visit)
    if repeated := await answer_repeated(unit, visit, keys, hold, order.origin):
        return repeated
    own = () if hold else own_holds(availability, caller)
    if own_hold := find_own_hold(own, visit):
        hold = await transaction.hold_of_claim(own_hold.id)
        appointment = find_requested(availability, order, hold, travel_times)
    booking = await _add(unit, availability, order, appointment, hold, own, visit)
    await keys.store_response(transaction, booking_response(booking, visit))
    await close_fulfilled_entries(unit, booking, hold_token=hold.token if hold else "")
    answer = book_answer(transaction, availability.schedule, booking, replayed=False)
    return replace(answer, booked_token=hold.token if hold else "")


async def _repeat(unit: UnitOfWork, availability: Availability, order: BookRequest, hold: Hold) -> BookAnswer:
    """Answer a request with the token of a hold that is booked already.

    Raises:
        HoldExpired: the request is for another visit.
    """
    transaction, schedule = unit.transaction, availability.schedule
    visit = visit_of_booked_hold(transaction, schedule, order, hold)
    keys = booking_keys(transaction, schedule, order, visit)
    if repeated := await answer_repeated(unit, visit, keys, hold, order.origin):
        return repeated
    raise ended_hold(hold)


async def _add(  # noqa: PLR0913, PLR0917  what is booked, and for whom
    unit: UnitOfWork,
    availability: Availability,
    order: BookRequest,
    appointment: Appointment,
    hold: Hold | None,
    own: Sequence[Claim],
    visit: RequestedVisit,
) -> Booking:
    """Save the booking, and return it.

    Raises:
        InvalidArgument: the appointment is too short, or an answer is missing or belongs to no question.
        HoldExpired, LostSlot.
    """
    transaction = unit.transaction
    blocking = blocking_holds(availability, [appointment.need], appointment.start, own) if own and not hold else None
    released = blocking or ()
    for claim in released:
        await transaction.release_hold(claim.id)
    assignment = assign_technician(transaction, availability.without(*released), appointment, hold, own)
    require_answers(appointment.service, visit.answers)  # after the assignment: a lost start is reported first
    booking = new_booking(unit, availability, order, appointment, assignment, hold, visit)
    try:
        await make_moves(transaction, assignment)
        await (transaction.confirm_hold if hold else transaction.add_booking)(booking)
    except ClaimConflict:
        raise lost_booking(appointment, hold, own) from None
    if released:
        await offer_freed_time(unit, availability)
    return booking


def find_own_hold(own: Sequence[Claim], visit: RequestedVisit) -> Claim | None:
    """Return the caller's own hold of a requested visit, preferably one that is as additional as the visit."""
    same = [
        hold
        for hold in own
        if not hold.moved_booking_id
        and (hold.service_id, *hold.interval) == (visit.service_id, visit.start, visit.end)
        and (visit.postal_code == hold.postal_code or not (visit.postal_code and hold.postal_code))
        and visit.technician_id in {None, hold.technician_id if hold.technician_chosen else None}
    ]
    return min(same, key=lambda hold: hold.is_additional != visit.is_additional, default=None)
