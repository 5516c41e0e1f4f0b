"""Booking requests: their appointments and idempotency keys, and the bookings built from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.attention import NO_ATTENTION
from slotmcp.domain.booking import Answer, Booking, Customer, Visit
from slotmcp.domain.booking_identity import RequestedVisit
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.errors import InvalidArgument, SlotUnavailable
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job
from slotmcp.engine.assign import Assignment, assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.answers import in_order
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment, find_duration, resolve_moment
from slotmcp.services.areas import check_location, check_postal_code
from slotmcp.services.callers import Pseudonym, identify, identify_customer
from slotmcp.services.contacts import references_of
from slotmcp.services.holds import assign_held, lost_hold
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys, job_details, values_of
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
    answers: tuple[Answer, ...] = ()
    """Answers that are not empty, at most one for each question."""
    idempotency_key: str = ""
    is_additional: bool = False
    """True if the caller wants another visit at the same time, not the same one again."""

    def identify(self, pseudonym: Pseudonym, availability: Availability) -> CallerIdentity:
        """Return the identity of the caller, who is the customer.

        Raises:
            InvalidArgument: the phone number is invalid.
        """
        return identify(
            pseudonym,
            self.origin,
            availability.schedule.project,
            phone=self.customer.phone,
            email=self.customer.email,
            customer_hash=self.customer_reference,
        )


def find_requested(
    availability: Availability, order: BookRequest, hold: Hold | None, travel_times: TravelTimes | None
) -> Appointment:
    """Return the requested or held appointment, and record it in the trace.

    Raises:
        InvalidArgument, NotFound.
    """
    if hold is not None:
        return held_appointment(availability, order, hold, travel_times)
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
    if claim.moved_booking_id:
        raise InvalidArgument(
            "holdToken", "this hold moves a booking; pass it to reschedule_booking with the bookingId."
        )
    zone_key, held_minutes = _zone_of(order, schedule), claim.end - claim.start
    if order.service_id is not None and order.service_id != claim.service_id:
        problem = f"the hold is for {claim.service_id}, not {order.service_id}; omit serviceType, or hold another slot."
        raise InvalidArgument("serviceType", problem)
    start = claim.start if order.start is None else resolve_moment(order.start, zone_key, "start")
    if start != claim.start:
        held_text, text = (f"{utc_to_wall(zone_key, minute):%Y-%m-%d %H:%M}" for minute in (claim.start, start))
        raise InvalidArgument("start", f"the hold is for {held_text}, not {text}; omit start, or hold that start.")
    if find_duration(order, claim.start, zone_key) not in {None, held_minutes}:
        field = "durationMinutes" if order.end is None else "end"
        raise InvalidArgument(field, f"the hold is for {held_minutes} minutes; omit {field}, or hold another slot.")
    chosen_id = claim.technician_id if claim.technician_chosen else None
    if order.technician_id not in {None, chosen_id}:
        raise InvalidArgument("technicianId", "choose the technician when you create the hold, not afterwards.")
    # The skills of a removed service are unknown; the hold's technician has them.
    technician_id = chosen_id if claim.service_id in schedule.services else claim.technician_id
    service, location = service_of(schedule, claim), claim.location or order.place
    postal_code = claim.postal_code or order.postal_code
    if order.postal_code not in {"", postal_code}:
        raise InvalidArgument("postalCode", "the hold is for another postal code; omit it, or hold a slot for it.")
    site, area = site_at(location, schedule.project.travel, travel_times), area_of_job(schedule.project, postal_code)
    need = Need.of_claim(claim, service, site, technician_id=technician_id, area=area)
    appointment = Appointment(service, need, claim.start, location, postal_code=postal_code)
    record_start(availability, appointment, hold)
    return appointment


def requested_visit(
    transaction: Transaction, schedule: Schedule, order: BookRequest, appointment: Appointment, hold: Hold | None
) -> RequestedVisit:
    """Return what is compared with the customer's bookings."""
    contact = identify_customer(transaction.pseudonym, order.customer)
    start, minutes = appointment.start, appointment.need.duration_minutes
    chosen_id = hold.claim.technician_id if hold and hold.claim.technician_chosen else order.technician_id
    return RequestedVisit(
        phone_key=contact.phone,
        email_key=contact.email,
        customer=order.customer,
        service_id=appointment.service.id,
        start=start,
        end=start + minutes,
        duration_minutes=minutes if hold else find_duration(order, start, _zone_of(order, schedule)),
        technician_id=chosen_id,
        visit=order.visit,
        location=appointment.location,
        postal_code=appointment.postal_code,
        answers=in_order(appointment.service, order.answers),
        is_additional=order.is_additional or (hold is not None and hold.claim.is_additional),
    )


def visit_of_booked_hold(
    transaction: Transaction, schedule: Schedule, order: BookRequest, hold: Hold
) -> RequestedVisit:
    """Return what is compared with the booking that a hold became."""
    contact = identify_customer(transaction.pseudonym, order.customer)
    claim, zone_key = hold.claim, _zone_of(order, schedule)
    start = claim.start if order.start is None else resolve_moment(order.start, zone_key, "start")
    minutes = find_duration(order, start, zone_key)
    return RequestedVisit(
        phone_key=contact.phone,
        email_key=contact.email,
        customer=order.customer,
        service_id=order.service_id or claim.service_id,
        start=start,
        names_start=order.start is not None,
        end=start + (minutes or claim.end - claim.start),
        duration_minutes=minutes,
        technician_id=order.technician_id,
        visit=order.visit,
        location=order.location,
        postal_code=order.postal_code,
        answers=in_order(service_of(schedule, claim), order.answers),
        is_additional=order.is_additional,
    )


def booking_keys(
    transaction: Transaction, schedule: Schedule, order: BookRequest, visit: RequestedVisit
) -> IdempotencyKeys:
    """Return the keys of a request."""
    customer, place = order.customer, order.location
    minutes = find_duration(order, visit.start, _zone_of(order, schedule))
    start = None if order.start is None else visit.start
    service_id = order.service_id if order.hold_token else visit.service_id
    job = (order.hold_token, service_id, start, minutes, order.technician_id, place and values_of(place))
    answers = [values_of(answer) for answer in visit.answers]
    earlier_job: tuple[object, ...] = ("hold", order.hold_token)
    if not order.hold_token:
        earlier_job = ("start", visit.service_id, visit.start, visit.end - visit.start, order.technician_id)
    extra = job_details(order.postal_code, order.priority)
    return idempotency_keys(
        transaction,
        use_case="book_slot",
        origin=order.origin,
        key=order.idempotency_key,
        owners=references_of(customer),
        request=("visit", *job, *values_of(customer), *values_of(order.visit), order.is_additional, *extra, *answers),
        earlier_request=((*earlier_job, customer.name.casefold(), customer.phone, customer.email),),
    )


def assign_technician(
    transaction: Transaction,
    availability: Availability,
    appointment: Appointment,
    hold: Hold | None,
    own: Sequence[Claim],
) -> Assignment:
    """Assign a technician to a start, or to the start of a hold. `own` are the caller's live holds.

    Raises:
        InvalidArgument: the appointment is too short, or its place is not served.
        HoldExpired: the hold was released or booked.
        LostSlot: no technician is available.
    """
    if hold is not None:
        _check_place_beside(hold.claim, availability.schedule, appointment)
        others = availability.without(hold.claim)
        return assign_held(transaction, others, hold, [appointment.need], appointment.start)
    appointment.check(availability.schedule)
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        raise lost_booking(appointment, hold, own)
    return assignment


def _check_place_beside(held: Claim, schedule: Schedule, appointment: Appointment) -> None:
    """Reject a location or postal code that the hold lacks and the request adds. Those of the hold were accepted."""
    if held.location is None:
        check_location(schedule, appointment.location)
    if not held.postal_code:
        check_postal_code(schedule.project, appointment.postal_code)


def new_booking(  # noqa: PLR0913, PLR0917  the parts of a booking
    unit: UnitOfWork,
    availability: Availability,
    order: BookRequest,
    appointment: Appointment,
    assignment: Assignment,
    hold: Hold | None,
    visit: RequestedVisit,
) -> Booking:
    """Return the booking to save."""
    technician_id, reason, attention = assignment.technician_id, assignment.reason, NO_ATTENTION
    contact_keys = [unit.transaction.pseudonym(reference) for reference in references_of(order.customer)]
    if hold is None:
        claim = appointment.claim(unit.ids.new_id(), technician_id)
    else:
        claim = replace(
            hold.claim,
            technician_id=technician_id,
            expires_at_ms=None,
            location=appointment.location,
            postal_code=appointment.postal_code,
            hold=None,
        )
        reason = replace(reason, wished=claim.technician_chosen)
        attention = attention_at_booking(availability, claim)
        contact_keys.append(hold.customer_pseudonym)
    caller = identify(unit.transaction.pseudonym, order.origin, availability.schedule.project)
    return Booking(
        claim=claim,
        customer=order.customer,
        visit=order.visit,
        answers=visit.answers,
        reason=reason,
        contact_keys=tuple(filter(None, contact_keys)),
        call_keys=tuple(sorted(caller.calls)),
        attention=attention,
        is_additional=visit.is_additional,
    )


def lost_booking(appointment: Appointment, hold: Hold | None, own: Sequence[Claim]) -> LostSlot:
    """Return the error for a start, held or not, that another caller took. `own` are the caller's live holds."""
    if hold is not None:
        return lost_hold(appointment.need, appointment.start)
    return LostSlot(SlotUnavailable, UNAVAILABLE, appointment.need, appointment.start, own_holds=tuple(own))


def _zone_of(order: BookRequest, schedule: Schedule) -> str:
    return order.timezone or schedule.project.timezone
