"""Bookings: one transaction that re-checks, assigns the technician and honours an idempotency key."""

import json
from dataclasses import dataclass, field, replace

from slotmcp.domain.booking import AssignmentReason, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.errors import InvalidArgument, SlotUnavailable
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.ports import ClaimConflict, Ids, LiveHolds, Store, Transaction
from slotmcp.services.alternatives import LostSlot, refusal, with_alternatives
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.booked import BookAnswer, answer_of, booking_with
from slotmcp.services.booking_keys import BookingKeys
from slotmcp.services.calendar.conflicts import attention_for
from slotmcp.services.contacts import normalised, references_of
from slotmcp.services.finding import FindAnswer, FindRequest, found
from slotmcp.services.held import assign_held, hold_with, lost_hold
from slotmcp.services.intents import Appointment, StartRequest, find_appointment, find_duration, resolve
from slotmcp.services.named import service_of
from slotmcp.services.noting import record_booking, record_held_start, record_wish
from slotmcp.services.outcomes import CancelRequest, cancel, tell
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest, reschedule
from slotmcp.services.taking import make_moves
from slotmcp.services.tracing import span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.turning_away import check_hold_is_known, lost_beforehand, may_be_theirs
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import close_fulfilled_entries, offer_freed_time


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest(StartRequest):
    """An appointment to be sold: a held one by its token, or a start directly."""

    customer: Customer
    hold_token: str = ""
    visit: Visit = field(default_factory=Visit)
    idempotency_key: str = ""
    credential: str = "local"
    """Whose idempotency keys these are."""


class BookingService:
    """Sells."""

    def __init__(
        self,
        *,
        store: Store,
        live: LiveHolds,
        availability_cache: AvailabilityCache,
        ids: Ids,
        travel_lookup: TravelLookup,
    ) -> None:
        self._store = store
        self._live = live
        self._availability_cache = availability_cache
        self._ids = ids
        self._travel_lookup = travel_lookup

    async def book_slot(self, request: BookRequest) -> BookAnswer:
        """Book a held start, or a start directly.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        routed = await self._ways_of(project_id, request)
        if not request.idempotency_key:
            await self._turn_away(project_id, request, routed)

        async def unit(transaction: Transaction) -> BookAnswer:
            await transaction.lapse_holds()
            availability = await self._availability_cache.locked(transaction)
            customer = normalised(request.customer, availability.schedule.project)
            known = replace(request, customer=customer)
            if request.hold_token:
                return await self._book_hold(transaction, availability, known, routed)
            return await self._book_start(transaction, availability, known, routed)

        with span("transaction"):
            answer = await with_alternatives(self._availability_cache, project_id, self._store.write(project_id, unit))
        record_booking(answer.booking, was_replayed=answer.replayed)
        if request.hold_token:
            await self._live.remove(project_id, request.hold_token)
        return answer

    async def find_bookings(self, request: FindRequest) -> FindAnswer:
        """The bookings of one customer, or the one with an id. Nobody else's are ever among them.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        request.check()
        project_id = await self._availability_cache.project_id(request.project_id)
        availability = await self._availability_cache.availability(project_id)
        schedule = availability.schedule
        if request.booking_id:
            one = await self._store.booking(project_id, request.booking_id)
            return found(schedule, [one] if one else [], availability.now_ms)
        theirs = await self._store.bookings_by(project_id, request.reference(schedule.project))
        return found(schedule, theirs, availability.now_ms)

    async def reschedule_booking(self, request: RescheduleRequest) -> RescheduleAnswer:
        """Give a booking another time. Refused, it keeps the one it has.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        routed = await self._ways_of_move(project_id, request)

        async def unit(transaction: Transaction) -> RescheduleAnswer:
            await transaction.lapse_holds()
            answer = await reschedule(transaction, await self._availability_cache.locked(transaction), request, routed)
            if answer.booked.replayed:
                return answer
            if answer.has_moved:
                booking = answer.booked.booking
                await close_fulfilled_entries(self._unit(transaction), booking, hold_token=request.hold_token)
            # A booking that stays gives its hold's time back.
            await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            return answer

        answer = await with_alternatives(self._availability_cache, project_id, self._store.write(project_id, unit))
        if request.hold_token:
            await self._live.remove(project_id, request.hold_token)
        return answer

    async def cancel_booking(self, request: CancelRequest) -> BookAnswer:
        """Call a booking off, and give its time back at once. Doing it again answers the same.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """

        async def unit(transaction: Transaction) -> BookAnswer:
            booking = await booking_with(transaction, request.booking_id)
            cancelled = await cancel(transaction, booking, request.reason)
            answer = answer_of(transaction, await transaction.schedule(), cancelled, replayed=cancelled is booking)
            if not answer.replayed:
                await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            return answer

        return await self._store.write(await self._availability_cache.project_id(request.project_id), unit)

    async def set_booking_status(self, project_id: str | None, booking_id: str, status: BookingStatus) -> BookAnswer:
        """Say what came of a visit: that it is done, or that nobody was there. Doing it again answers the same.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """

        async def unit(transaction: Transaction) -> BookAnswer:
            booking = await booking_with(transaction, booking_id)
            told = await tell(transaction, booking, status)
            return answer_of(transaction, await transaction.schedule(), told, replayed=told is booking)

        return await self._store.write(await self._availability_cache.project_id(project_id), unit)

    async def _ways_of(self, project_id: str, request: BookRequest) -> TravelTimes | None:
        if request.hold_token:
            return await self._travel_lookup.for_hold(project_id, request.hold_token, request.location)
        return await self._travel_lookup.for_start(project_id, request)

    async def _ways_of_move(self, project_id: str, request: RescheduleRequest) -> TravelTimes | None:
        booking = await self._store.booking(project_id, request.booking_id)
        location = booking.claim.location if booking else None
        if request.hold_token:
            return await self._travel_lookup.for_hold(project_id, request.hold_token, location)
        return await self._travel_lookup.for_start(project_id, StartRequest(start=request.start, location=location))

    async def _turn_away(self, project_id: str, request: BookRequest, routed: TravelTimes | None) -> None:
        store, availability_cache = self._store, self._availability_cache
        if request.hold_token:
            if not await self._live.contains(project_id, request.hold_token):
                await check_hold_is_known(store, availability_cache, project_id, request.hold_token, request.customer)
            return
        lost = await lost_beforehand(availability_cache, project_id, request, routed)
        if lost and not await may_be_theirs(store, project_id, request.customer, lost):
            record_wish(lost.availability, lost.appointment)
            raise refusal(lost.availability, _lost_start(lost.appointment))

    def _unit(self, transaction: Transaction) -> UnitOfWork:
        return UnitOfWork(transaction, self._availability_cache, self._ids)

    async def _book_hold(
        self, transaction: Transaction, availability: Availability, request: BookRequest, routed: TravelTimes | None
    ) -> BookAnswer:
        keys = _keys_of_hold(transaction, request)
        if answer := await _replay(transaction, availability, keys):
            return answer
        hold = await hold_with(transaction, request.hold_token)
        appointment = _held_appointment(availability, request, hold, routed)
        record_wish(availability, appointment)
        record_held_start(hold)
        others = availability.without(hold.claim)
        assignment = assign_held(transaction, others, hold, [appointment.need], appointment.start)
        claim = replace(
            hold.claim,
            technician_id=assignment.technician_id,
            expires_at_ms=None,
            location=appointment.location,
        )
        reason = replace(assignment.reason, wished=claim.technician_chosen)
        made = _booking(transaction, request, claim, reason, hold.customer_pseudonym)
        booking = replace(made, attention=attention_for(availability.schedule, claim))
        try:
            await transaction.confirm_hold(booking)
        except ClaimConflict:
            raise lost_hold(appointment.need, appointment.start) from None
        await keys.remember(booking.id)
        await close_fulfilled_entries(self._unit(transaction), booking, hold_token=request.hold_token)
        return answer_of(transaction, availability.schedule, booking, replayed=False)

    async def _book_start(
        self, transaction: Transaction, availability: Availability, request: BookRequest, routed: TravelTimes | None
    ) -> BookAnswer:
        appointment = find_appointment(availability.schedule, request, routed)
        record_wish(availability, appointment)
        keys = _keys_of_start(transaction, request, appointment)
        if answer := await _replay(transaction, availability, keys):
            return answer
        assignment = assign(availability, appointment.need, appointment.start)
        if assignment is None:
            raise _lost_start(appointment)
        claim = appointment.claim(self._ids.new_id(), assignment.technician_id)
        booking = _booking(transaction, request, claim, assignment.reason)
        try:
            await make_moves(transaction, assignment)
            await transaction.add_booking(booking)
        except ClaimConflict:
            raise _lost_start(appointment) from None
        await keys.remember(booking.id)
        await close_fulfilled_entries(self._unit(transaction), booking, hold_token=request.hold_token)
        return answer_of(transaction, availability.schedule, booking, replayed=False)


def _held_appointment(
    availability: Availability, request: BookRequest, hold: Hold, routed: TravelTimes | None
) -> Appointment:
    """What the hold keeps, as long as the request does not name something else beside the token."""
    claim, zone_key = hold.claim, request.timezone or availability.schedule.project.timezone
    if request.service_id is not None and request.service_id != claim.service_id:
        raise InvalidArgument("serviceType", f"the hold is for {claim.service_id}; leave it out, or hold another slot.")
    if request.start is not None and resolve(request.start, zone_key, "start") != claim.start:
        raise InvalidArgument("start", "the hold is for another start; leave it out, or hold that one.")
    if find_duration(request, claim.start, zone_key) not in {None, claim.end - claim.start}:
        field = "durationMinutes" if request.end is None else "end"
        raise InvalidArgument(
            field, f"the hold is for {claim.end - claim.start} minutes; leave it out, or hold another."
        )
    chosen = claim.technician_id if claim.technician_chosen else None
    if request.technician_id not in {None, chosen}:
        raise InvalidArgument("technicianId", "choose the technician when you create the hold, not afterwards.")
    service = service_of(availability.schedule, claim)
    # Of a service that left the catalog nobody knows the skills any more; the witness has them.
    only = chosen if service.id in availability.schedule.services else claim.technician_id
    location = claim.location or request.location
    need = replace(
        Need.of_claim(claim, service, site_at(location, availability.schedule.project.travel, routed)),
        technician_id=only,
    )
    return Appointment(service, need, claim.start, location)


def _booking(
    transaction: Transaction, request: BookRequest, claim: Claim, reason: AssignmentReason, *known_as: str
) -> Booking:
    """The booking of a claim, found by its customer's contacts and by whatever else they are known as."""
    by_contact = [transaction.pseudonym(reference) for reference in references_of(request.customer)]
    return Booking(
        claim=claim,
        customer=request.customer,
        visit=request.visit,
        reason=reason,
        contact_keys=tuple(filter(None, (*by_contact, *known_as))),
    )


def _keys_of_hold(transaction: Transaction, request: BookRequest) -> BookingKeys:
    """The token is a key of its own: a retry under a new key books nothing new."""
    return BookingKeys(
        transaction,
        credential=request.credential,
        own=request.idempotency_key,
        implied=f"hold:{request.hold_token}",
        start=None,
        request=("hold", request.hold_token, *_who(request)),
    )


def _keys_of_start(transaction: Transaction, request: BookRequest, appointment: Appointment) -> BookingKeys:
    what = (appointment.service.id, appointment.start, appointment.need.duration_minutes)
    derived = "start:" + json.dumps((*what[:2], request.customer.phone, request.customer.email))
    return BookingKeys(
        transaction,
        credential=request.credential,
        own=request.idempotency_key,
        implied="" if request.idempotency_key else derived,
        start=appointment.start,
        request=("start", *what, request.technician_id, *_who(request)),
    )


def _who(request: BookRequest) -> tuple[str, ...]:
    return request.customer.name.casefold(), request.customer.phone, request.customer.email


async def _replay(transaction: Transaction, availability: Availability, keys: BookingKeys) -> BookAnswer | None:
    booking_id = await keys.recall()
    booking = await transaction.booking(booking_id) if booking_id else None
    return answer_of(transaction, availability.schedule, booking, replayed=True) if booking else None


def _lost_start(appointment: Appointment) -> LostSlot:
    message = "That time cannot be had, so nothing is booked."
    return LostSlot(SlotUnavailable, message, appointment.need, appointment.start)
