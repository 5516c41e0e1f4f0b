"""Booking requests: their appointments and idempotency keys, and the bookings built from them."""

import json
from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.attention import NO_ATTENTION
from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.claim import Hold
from slotmcp.domain.errors import InvalidArgument, SlotUnavailable
from slotmcp.engine.assign import Assignment, assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.ports import Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment, find_duration, resolve_moment
from slotmcp.services.callers import Pseudonym, identify
from slotmcp.services.contacts import references_of
from slotmcp.services.holds import assign_held, lost_hold
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys
from slotmcp.services.lookups import service_of
from slotmcp.services.revalidation import attention_at_booking
from slotmcp.services.tracing import record_start
from slotmcp.services.unit_of_work import UnitOfWork

UNAVAILABLE: Final = "That time is not available, so nothing was booked."


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest(StartRequest):
    """Request to book a held start by its token, or a start directly."""

    customer: Customer
    visit: Visit = field(default_factory=Visit)
    idempotency_key: str = ""

    def identify(self, pseudonym: Pseudonym, availability: Availability) -> CallerIdentity:
        """Return the identity of the caller, who is the customer.

        Raises:
            InvalidArgument: the phone number is invalid.
        """
        contact = replace(self, phone=self.customer.phone, email=self.customer.email)
        return super(BookRequest, contact).identify(pseudonym, availability)


def start_appointment(availability: Availability, order: BookRequest, travel_times: TravelTimes | None) -> Appointment:
    """Return the appointment of a request that names a start, and record it in the trace.

    Raises:
        InvalidArgument, NotFound.
    """
    appointment = find_appointment(availability.schedule, order, travel_times)
    record_start(availability, appointment)
    return appointment


def held_appointment(
    availability: Availability, order: BookRequest, hold: Hold, travel_times: TravelTimes | None
) -> Appointment:
    """Return the held appointment, and record it in the trace. Fields of the request must agree with the hold.

    Raises:
        InvalidArgument: a field does not agree.
    """
    claim, schedule = hold.claim, availability.schedule
    if claim.hold is not None and claim.hold.moving is not None:
        raise InvalidArgument(
            "holdToken", "this hold moves a booking; pass it to reschedule_booking with the bookingId."
        )
    zone_key, held_minutes = order.timezone or schedule.project.timezone, claim.end - claim.start
    if order.service_id is not None and order.service_id != claim.service_id:
        raise InvalidArgument(
            "serviceType", f"the hold is for {claim.service_id}; omit serviceType, or hold another slot."
        )
    if order.start is not None and resolve_moment(order.start, zone_key, "start") != claim.start:
        raise InvalidArgument("start", "the hold is for another start; omit start, or hold that start.")
    if find_duration(order, claim.start, zone_key) not in {None, held_minutes}:
        field = "durationMinutes" if order.end is None else "end"
        raise InvalidArgument(field, f"the hold is for {held_minutes} minutes; omit {field}, or hold another slot.")
    chosen_id = claim.technician_id if claim.technician_chosen else None
    if order.technician_id not in {None, chosen_id}:
        raise InvalidArgument("technicianId", "choose the technician when you create the hold, not afterwards.")
    # The skills of a removed service are unknown; the hold's technician has them.
    technician_id = chosen_id if claim.service_id in schedule.services else claim.technician_id
    service, location = service_of(schedule, claim), claim.location or order.location
    need = Need.of_claim(claim, service, site_at(location, schedule.project.travel, travel_times))
    appointment = Appointment(service, replace(need, technician_id=technician_id), claim.start, location)
    record_start(availability, appointment, hold)
    return appointment


def booking_keys(transaction: Transaction, order: BookRequest, appointment: Appointment | None) -> IdempotencyKeys:
    """Return the keys of a request. The implied key is derived from the hold's token, else from start and contact."""
    customer = order.customer
    request: tuple[object, ...] = (customer.name.casefold(), customer.phone, customer.email)
    if appointment is None:
        request, implied = ("hold", order.hold_token, *request), f"hold:{order.hold_token}"
    else:
        what = (appointment.service.id, appointment.start, appointment.need.duration_minutes)
        request = ("start", *what, order.technician_id, *request)
        implied = "start:" + json.dumps((*what[:2], customer.phone, customer.email))
        implied = "" if order.idempotency_key else implied
    return idempotency_keys(
        transaction,
        use_case="book_slot",
        origin=order.origin,
        key=order.idempotency_key,
        implied=implied,
        request=(request,),
    )


async def earlier_booking(
    transaction: Transaction, keys: IdempotencyKeys, appointment: Appointment | None
) -> Booking | None:
    """Return the booking that an earlier identical request made.

    The implied key applies only while the booking is active at that start, because a customer who canceled may
    book again.

    Raises:
        IdempotencyMismatch: a key was used for another request.
    """
    if response := await keys.find_response(transaction):
        return await transaction.booking(json.loads(response)["bookingId"])
    receipt = await keys.find_implied_receipt(transaction)
    booking = await transaction.booking(json.loads(receipt.answer)["bookingId"]) if receipt else None
    if receipt is None or booking is None or booking.status is BookingStatus.CANCELLED:
        return None
    if appointment is not None and appointment.start != booking.claim.start:
        return None
    keys.check_request(receipt)
    return booking


def assign_technician(
    transaction: Transaction, availability: Availability, appointment: Appointment, hold: Hold | None
) -> Assignment:
    """Assign a technician to a start, or to the start of a hold.

    Raises:
        HoldExpired: the hold was released or booked.
        LostSlot: no technician is available.
    """
    if hold is not None:
        others = availability.without(hold.claim)
        return assign_held(transaction, others, hold, [appointment.need], appointment.start)
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        raise lost_booking(appointment, hold)
    return assignment


def new_booking(  # noqa: PLR0913, PLR0917  the parts of a booking
    unit: UnitOfWork,
    availability: Availability,
    order: BookRequest,
    appointment: Appointment,
    assignment: Assignment,
    hold: Hold | None,
) -> Booking:
    """Return the booking to save."""
    technician_id, reason, attention = assignment.technician_id, assignment.reason, NO_ATTENTION
    contact_keys = [unit.transaction.pseudonym(reference) for reference in references_of(order.customer)]
    if hold is None:
        claim = appointment.claim(unit.ids.new_id(), technician_id)
    else:
        claim = replace(
            hold.claim, technician_id=technician_id, expires_at_ms=None, location=appointment.location, hold=None
        )
        reason = replace(reason, wished=claim.technician_chosen)
        attention = attention_at_booking(availability, claim)
        contact_keys.append(hold.customer_pseudonym)
    caller = identify(unit.transaction.pseudonym, order.origin, availability.schedule.project)
    return Booking(
        claim=claim,
        customer=order.customer,
        visit=order.visit,
        reason=reason,
        contact_keys=tuple(filter(None, contact_keys)),
        call_keys=tuple(sorted(caller.calls)),
        attention=attention,
    )


def lost_booking(appointment: Appointment, hold: Hold | None) -> LostSlot:
    """Return the error for a start, held or not, that another caller took."""
    if hold is not None:
        return lost_hold(appointment.need, appointment.start)
    return LostSlot(SlotUnavailable, UNAVAILABLE, appointment.need, appointment.start)
