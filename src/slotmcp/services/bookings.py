"""Bookings: selling, finding, rescheduling and cancelling appointments."""

import json
from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.domain.claim import Hold
from slotmcp.domain.errors import InvalidArgument, SlotmcpError, SlotUnavailable
from slotmcp.engine.assign import Assignment, assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.ports import ClaimConflict, LiveHolds, Transaction
from slotmcp.services.alternatives import LostSlot, early_refusal, find_lost_start
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment, find_duration, resolve
from slotmcp.services.calendar.conflicts import attention_for
from slotmcp.services.contacts import normalised, references_of
from slotmcp.services.holds import assign_held, lost_hold, require_hold, unknown_hold
from slotmcp.services.idempotency import Keys, keys_of
from slotmcp.services.lookups import (
    BookAnswer,
    FindAnswer,
    FindRequest,
    book_answer,
    find_answer,
    require_booking,
    service_of,
)
from slotmcp.services.placement import make_moves
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest, reschedule
from slotmcp.services.status_changes import CancelRequest, cancel, set_status
from slotmcp.services.tracing import TracedResult, record_result, record_start, span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import close_fulfilled_entries, offer_freed_time

_UNAVAILABLE: Final = "That time cannot be had, so nothing is booked."


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest(StartRequest):
    """An appointment to book: a held one by its token, or a start directly."""

    customer: Customer
    hold_token: str = ""
    visit: Visit = field(default_factory=Visit)
    idempotency_key: str = ""
    credential: str = "local"
    """The credential that scopes the idempotency key."""


class BookingService:
    """Use cases of bookings."""

    def __init__(self, writer: ProjectWriter, *, live: LiveHolds, travel_lookup: TravelLookup) -> None:
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache
        self._live = live
        self._travel_lookup = travel_lookup

    async def book_slot(self, request: BookRequest) -> BookAnswer:
        """Book a held start, or a start directly.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._writer.project_id(request.project_id)
        prepare = self._prepare_held if request.hold_token else self._prepare_start
        travel_times = await prepare(project_id, request)

        async def work(unit: UnitOfWork) -> BookAnswer:
            # Load
            transaction = unit.transaction
            await transaction.lapse_holds()
            availability = await unit.availability()
            schedule, hold = availability.schedule, None
            order = replace(request, customer=normalised(request.customer, schedule.project))
            appointment = None if order.hold_token else _appointment(availability, order, travel_times)
            keys = _keys(transaction, order, appointment)
            if earlier := await _earlier_booking(transaction, keys, appointment):
                return book_answer(transaction, schedule, earlier, replayed=True)
            if appointment is None:
                hold = await require_hold(transaction, order.hold_token)
                appointment = _held_appointment(availability, order, hold, travel_times)
            # Decide
            assignment = _assign(transaction, availability, appointment, hold)
            booking = _booking(unit, availability, order, appointment, assignment, hold)
            # Write
            try:
                await make_moves(transaction, assignment)
                await (transaction.confirm_hold if hold else transaction.add_booking)(booking)
            except ClaimConflict:
                raise _lost(appointment, hold) from None
            await keys.remember(transaction, {"bookingId": booking.id})
            await close_fulfilled_entries(unit, booking, hold_token=order.hold_token)
            # Respond
            return book_answer(transaction, schedule, booking, replayed=False)

        with span("transaction"):
            answer = await self._writer.write(project_id, work)
        record_result(TracedResult(booking=answer.booking, was_replayed=answer.replayed))
        if request.hold_token:
            await self._live.remove(project_id, request.hold_token)
        return answer

    async def _prepare_held(self, project_id: str, request: BookRequest) -> TravelTimes | None:
        """Look up travel times before the lock is taken, and reject an unknown hold token."""
        is_retry = bool(request.idempotency_key)
        is_known = is_retry or await self._live.contains(project_id, request.hold_token)
        if is_known and not self._travel_lookup.is_routed:
            return None
        hold = await self._store.hold(project_id, request.hold_token)
        if hold is not None:
            return await self._travel_lookup.for_claim(project_id, hold.claim, request.location)
        if not is_known:
            availability = await self._availability_cache.availability(project_id)
            normalised(request.customer, availability.schedule.project)  # an invalid customer is reported first
            raise unknown_hold()
        return None

    async def _prepare_start(self, project_id: str, request: BookRequest) -> TravelTimes | None:
        """Look up travel times before the lock is taken, and reject a start that is taken.

        A request that may be a retry is not rejected: the first one may be what took the start.
        """
        travel_times = await self._travel_lookup.for_start(project_id, request)
        if request.idempotency_key:
            return travel_times
        lost = await find_lost_start(self._availability_cache, project_id, request, travel_times)
        if lost and not await self._may_be_retry(project_id, request.customer, *lost):
            raise early_refusal(*lost, _UNAVAILABLE)
        return travel_times

    async def _may_be_retry(
        self, project_id: str, customer: Customer, availability: Availability, lost: Appointment
    ) -> bool:
        """Return whether the customer has a booking at the start, or cannot be identified."""
        try:
            references = references_of(normalised(customer, availability.schedule.project))
        except SlotmcpError:
            return True
        for reference in references:
            bookings = await self._store.bookings_by(project_id, reference)
            if any(booking.claim.start == lost.start for booking in bookings):
                return True
        return False

    async def find_bookings(self, request: FindRequest) -> FindAnswer:
        """Find the bookings of one customer, or the one with an id.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        request.check()
        project_id = await self._writer.project_id(request.project_id)
        availability = await self._availability_cache.availability(project_id)
        schedule = availability.schedule
        if request.booking_id:
            booking = await self._store.booking(project_id, request.booking_id)
            return find_answer(schedule, [booking] if booking else [], availability.now_ms)
        bookings = await self._store.bookings_by(project_id, request.reference(schedule.project))
        return find_answer(schedule, bookings, availability.now_ms)

    async def reschedule_booking(self, request: RescheduleRequest) -> RescheduleAnswer:
        """Move a booking to another time. A refused booking keeps its time.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._writer.project_id(request.project_id)
        travel_times = await self._travel_times_of_move(project_id, request)

        async def work(unit: UnitOfWork) -> RescheduleAnswer:
            await unit.transaction.lapse_holds()
            answer = await reschedule(unit.transaction, await unit.availability(), request, travel_times)
            if answer.booked.replayed:
                return answer
            if answer.has_moved:
                await close_fulfilled_entries(unit, answer.booked.booking, hold_token=request.hold_token)
            await offer_freed_time(unit)  # also where the booking stays: its hold's time is free again
            return answer

        answer = await self._writer.write(project_id, work)
        if request.hold_token:
            await self._live.remove(project_id, request.hold_token)
        return answer

    async def _travel_times_of_move(self, project_id: str, request: RescheduleRequest) -> TravelTimes | None:
        booking = await self._store.booking(project_id, request.booking_id)
        location = booking.claim.location if booking else None
        if not request.hold_token:
            start = StartRequest(start=request.start, location=location)
            return await self._travel_lookup.for_start(project_id, start)
        is_routed = self._travel_lookup.is_routed
        hold = await self._store.hold(project_id, request.hold_token) if is_routed else None
        return await self._travel_lookup.for_claim(project_id, hold.claim, location) if hold else None

    async def cancel_booking(self, request: CancelRequest) -> BookAnswer:
        """Cancel a booking and free its time. Repeated calls return the same answer.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """

        async def work(unit: UnitOfWork) -> BookAnswer:
            transaction = unit.transaction
            booking = await require_booking(transaction, request.booking_id)
            cancelled = await cancel(transaction, booking, request.reason)
            replayed = cancelled is booking
            answer = book_answer(transaction, await transaction.schedule(), cancelled, replayed=replayed)
            if not replayed:
                await offer_freed_time(unit)
            return answer

        return await self._writer.write(await self._writer.project_id(request.project_id), work)

    async def set_booking_status(self, project_id: str | None, booking_id: str, status: BookingStatus) -> BookAnswer:
        """Save the result of a visit: completed or no-show. Repeated calls return the same answer.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """

        async def work(unit: UnitOfWork) -> BookAnswer:
            transaction = unit.transaction
            booking = await require_booking(transaction, booking_id)
            changed = await set_status(transaction, booking, status)
            return book_answer(transaction, await transaction.schedule(), changed, replayed=changed is booking)

        return await self._writer.write(await self._writer.project_id(project_id), work)


def _appointment(availability: Availability, order: BookRequest, travel_times: TravelTimes | None) -> Appointment:
    appointment = find_appointment(availability.schedule, order, travel_times)
    record_start(availability, appointment)
    return appointment


def _held_appointment(
    availability: Availability, order: BookRequest, hold: Hold, travel_times: TravelTimes | None
) -> Appointment:
    """Return the held appointment. Fields that the request repeats beside the token must agree with the hold.

    Raises:
        InvalidArgument: a field does not agree.
    """
    claim, schedule = hold.claim, availability.schedule
    zone_key, held_minutes = order.timezone or schedule.project.timezone, claim.end - claim.start
    if order.service_id is not None and order.service_id != claim.service_id:
        raise InvalidArgument("serviceType", f"the hold is for {claim.service_id}; leave it out, or hold another slot.")
    if order.start is not None and resolve(order.start, zone_key, "start") != claim.start:
        raise InvalidArgument("start", "the hold is for another start; leave it out, or hold that one.")
    if find_duration(order, claim.start, zone_key) not in {None, held_minutes}:
        field = "durationMinutes" if order.end is None else "end"
        raise InvalidArgument(field, f"the hold is for {held_minutes} minutes; leave it out, or hold another.")
    chosen_id = claim.technician_id if claim.technician_chosen else None
    if order.technician_id not in {None, chosen_id}:
        raise InvalidArgument("technicianId", "choose the technician when you create the hold, not afterwards.")
    # The skills of a service that left the catalog are unknown; the hold's technician has them.
    technician_id = chosen_id if claim.service_id in schedule.services else claim.technician_id
    service, location = service_of(schedule, claim), claim.location or order.location
    need = Need.of_claim(claim, service, site_at(location, schedule.project.travel, travel_times))
    appointment = Appointment(service, replace(need, technician_id=technician_id), claim.start, location)
    record_start(availability, appointment, hold)
    return appointment


def _keys(transaction: Transaction, order: BookRequest, appointment: Appointment | None) -> Keys:
    """Return the keys of a request; a hold's token, or else start and contact, imply one."""
    customer = order.customer
    request: tuple[object, ...] = (customer.name.casefold(), customer.phone, customer.email)
    if appointment is None:
        request, implied = ("hold", order.hold_token, *request), f"hold:{order.hold_token}"
    else:
        what = (appointment.service.id, appointment.start, appointment.need.duration_minutes)
        request = ("start", *what, order.technician_id, *request)
        implied = "start:" + json.dumps((*what[:2], customer.phone, customer.email))
        implied = "" if order.idempotency_key else implied
    return keys_of(
        transaction,
        use_case="book_slot",
        credential=order.credential,
        explicit=(order.idempotency_key,),
        implied=implied,
        request=(request,),
    )


async def _earlier_booking(transaction: Transaction, keys: Keys, appointment: Appointment | None) -> Booking | None:
    """Return the booking that an earlier identical request made.

    The implied key counts only while the booking is active at that start: a customer who cancelled may book again.
    """
    if response := await keys.recall(transaction):
        return await transaction.booking(json.loads(response)["bookingId"])
    receipt = await keys.implied_receipt(transaction)
    booking = await transaction.booking(json.loads(receipt.answer)["bookingId"]) if receipt else None
    if receipt is None or booking is None or booking.status is BookingStatus.CANCELLED:
        return None
    if appointment is not None and appointment.start != booking.claim.start:
        return None
    keys.response_in(receipt)
    return booking


def _assign(
    transaction: Transaction, availability: Availability, appointment: Appointment, hold: Hold | None
) -> Assignment:
    if hold is not None:
        others = availability.without(hold.claim)
        return assign_held(transaction, others, hold, [appointment.need], appointment.start)
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        raise _lost(appointment, hold)
    return assignment


def _booking(  # noqa: PLR0913, PLR0917  the parts of a booking
    unit: UnitOfWork,
    availability: Availability,
    order: BookRequest,
    appointment: Appointment,
    assignment: Assignment,
    hold: Hold | None,
) -> Booking:
    technician_id, reason, attention = assignment.technician_id, assignment.reason, ""
    contact_keys = [unit.transaction.pseudonym(reference) for reference in references_of(order.customer)]
    if hold is None:
        claim = appointment.claim(unit.ids.new_id(), technician_id)
    else:
        claim = replace(hold.claim, technician_id=technician_id, expires_at_ms=None, location=appointment.location)
        reason = replace(reason, wished=claim.technician_chosen)
        attention = attention_for(availability.schedule, claim)
        contact_keys.append(hold.customer_pseudonym)
    return Booking(
        claim=claim,
        customer=order.customer,
        visit=order.visit,
        reason=reason,
        contact_keys=tuple(filter(None, contact_keys)),
        attention=attention,
    )


def _lost(appointment: Appointment, hold: Hold | None) -> LostSlot:
    if hold is not None:
        return lost_hold(appointment.need, appointment.start)
    return LostSlot(SlotUnavailable, _UNAVAILABLE, appointment.need, appointment.start)
