"""Bookings: one transaction that re-checks, assigns the technician and honours an idempotency key."""

import json
from dataclasses import dataclass, field, replace

from slotmcp.domain.booking import Booking, Customer, Visit
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim, ClaimState, Hold
from slotmcp.domain.errors import HoldExpired, InvalidArgument, SlotUnavailable
from slotmcp.domain.interval import minute_at_or_after
from slotmcp.engine.assign import Assignment, assign, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from slotmcp.ports import ClaimConflict, Ids, Store, Transaction
from slotmcp.services.alternatives import LostSlot, with_alternatives
from slotmcp.services.holds import make_moves
from slotmcp.services.intents import Appointment, StartRequest, find_appointment, find_duration, resolve
from slotmcp.services.receipts import Keys, keys_of
from slotmcp.services.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest(StartRequest):
    """An appointment to be sold: a held one by its token, or a start directly."""

    customer: Customer
    hold_token: str = ""
    visit: Visit = field(default_factory=Visit)
    idempotency_key: str = ""
    credential: str = "local"
    """Whose idempotency keys these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """A booking that was made, now or by an earlier call with the same key."""

    project: Project
    service: ServiceType
    technician: Technician
    booking: Booking
    now_ms: int
    replayed: bool


class BookingService:
    """Sells."""

    def __init__(self, *, store: Store, shelf: Shelf, ids: Ids) -> None:
        self._store = store
        self._shelf = shelf
        self._ids = ids

    async def book_slot(self, request: BookRequest) -> BookAnswer:
        """Book a held start, or a start directly.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldExpired, IdempotencyMismatch, Unavailable.
        """
        _check_customer(request.customer)
        project_id = await self._shelf.project_id(request.project_id)

        async def unit(transaction: Transaction) -> BookAnswer:
            await transaction.lapse_holds()
            availability = await self._shelf.locked(transaction)
            if request.hold_token:
                return await self._book_hold(transaction, availability, request)
            return await self._book_start(transaction, availability, request)

        return await with_alternatives(self._shelf, project_id, self._store.write(project_id, unit))

    async def _book_hold(
        self, transaction: Transaction, availability: Availability, request: BookRequest
    ) -> BookAnswer:
        keys = _keys_of_hold(transaction, request)
        if answer := await _replay(transaction, availability, keys):
            return answer
        hold = await transaction.hold(request.hold_token)
        if hold is None:
            raise HoldExpired(
                "That hold is not known, so nothing is booked. It may have lapsed long ago; "
                "ask for slots again and hold one."
            )
        appointment = _held_appointment(availability, request, hold)
        assignment = _assign_held(transaction, availability, appointment, hold)
        claim = replace(
            hold.claim,
            technician_id=assignment.technician_id,
            expires_at_ms=None,
            location=appointment.location,
        )
        reason = replace(assignment.reason, wished=claim.technician_chosen)
        booking = Booking(claim=claim, customer=request.customer, visit=request.visit, reason=reason)
        try:
            await transaction.confirm_hold(booking)
        except ClaimConflict:
            raise _lost_hold(appointment) from None
        await keys.remember(transaction, json.dumps({"bookingId": booking.id}))
        return _answer(transaction, availability, booking, replayed=False)

    async def _book_start(
        self, transaction: Transaction, availability: Availability, request: BookRequest
    ) -> BookAnswer:
        appointment = find_appointment(availability.book, request)
        keys = _keys_of_start(transaction, request, appointment)
        if answer := await _replay(transaction, availability, keys):
            return answer
        assignment = assign(availability, appointment.need, appointment.start)
        if assignment is None:
            raise _lost_start(appointment)
        claim = appointment.claim(self._ids.new_id(), assignment.technician_id)
        booking = Booking(claim=claim, customer=request.customer, visit=request.visit, reason=assignment.reason)
        try:
            await make_moves(transaction, assignment)
            await transaction.add_booking(booking)
        except ClaimConflict:
            raise _lost_start(appointment) from None
        await keys.remember(transaction, json.dumps({"bookingId": booking.id}))
        return _answer(transaction, availability, booking, replayed=False)


def _held_appointment(availability: Availability, request: BookRequest, hold: Hold) -> Appointment:
    """What the hold keeps, as long as the request does not name something else beside the token."""
    claim, project = hold.claim, availability.book.project
    if request.service_id is not None and request.service_id != claim.service_id:
        raise InvalidArgument("serviceType", f"the hold is for {claim.service_id}; leave it out, or hold another slot.")
    if request.start is not None and resolve(request.start, project.timezone, "start") != claim.start:
        raise InvalidArgument("start", "the hold is for another start; leave it out, or hold that one.")
    if find_duration(request, claim.start, project.timezone) not in {None, claim.end - claim.start}:
        field = "durationMinutes" if request.end is None else "end"
        raise InvalidArgument(
            field, f"the hold is for {claim.end - claim.start} minutes; leave it out, or hold another."
        )
    chosen = claim.technician_id if claim.technician_chosen else None
    if request.technician_id not in {None, chosen}:
        raise InvalidArgument("technicianId", "choose the technician when you create the hold, not afterwards.")
    service = _service_of(availability, claim)
    # Of a service that left the catalog nobody knows the skills any more; the witness has them.
    only = chosen if service.id in availability.book.services else claim.technician_id
    location = claim.location or request.location
    need = replace(Need.of_claim(claim, service, site_at(location, project.travel)), technician_id=only)
    return Appointment(service, need, claim.start, location)


def _assign_held(
    transaction: Transaction, availability: Availability, appointment: Appointment, hold: Hold
) -> Assignment:
    """Who takes a held start; one that lapsed is revived while its unit is free (rule 20)."""
    if hold.state is ClaimState.RELEASED:
        raise HoldExpired("That hold was released, so nothing is booked. Ask for slots again and hold one.")
    if hold.state is ClaimState.BOOKED:
        raise HoldExpired("That hold was booked already. Use a new hold for another booking.")
    if hold.state is ClaimState.LAPSED and appointment.start < minute_at_or_after(transaction.now_ms):
        raise _lost_hold(appointment)
    others = availability.without(hold.claim)
    assignment = assign_kept(others, appointment.need, appointment.start)
    if assignment is None and hold.state is ClaimState.HELD:
        # It was promised before anybody knew how far it is.
        assignment = assign_kept(others, replace(appointment.need, site=None), appointment.start)
    if assignment is None:
        raise _lost_hold(appointment)
    return assignment


def _keys_of_hold(transaction: Transaction, request: BookRequest) -> Keys:
    """The token is a key of its own: a retry under a new key books nothing new."""
    return keys_of(
        transaction,
        use_case="book_slot",
        credential=request.credential,
        keys=(request.idempotency_key, f"hold:{request.hold_token}"),
        request=("hold", request.hold_token, *_who(request)),
    )


def _keys_of_start(transaction: Transaction, request: BookRequest, appointment: Appointment) -> Keys:
    what = (appointment.service.id, appointment.start, appointment.need.duration_minutes)
    derived = "start:" + json.dumps((*what[:2], *_contact(request.customer)))
    return keys_of(
        transaction,
        use_case="book_slot",
        credential=request.credential,
        keys=(request.idempotency_key or derived,),
        request=("start", *what, request.technician_id, *_who(request)),
    )


def _who(request: BookRequest) -> tuple[str, ...]:
    return (request.customer.name.casefold(), *_contact(request.customer))


def _contact(customer: Customer) -> tuple[str, str]:
    """A contact in one notation, so that a retry that writes it differently is the same."""
    digits = "".join(character for character in customer.phone if character.isdecimal())
    return digits, customer.email.strip().casefold()


async def _replay(transaction: Transaction, availability: Availability, keys: Keys) -> BookAnswer | None:
    answer = await keys.recall(transaction)
    if answer is None:
        return None
    booking = await transaction.booking(json.loads(answer)["bookingId"])
    return _answer(transaction, availability, booking, replayed=True) if booking else None


def _answer(transaction: Transaction, availability: Availability, booking: Booking, *, replayed: bool) -> BookAnswer:
    return BookAnswer(
        project=availability.book.project,
        service=_service_of(availability, booking.claim),
        technician=_technician_of(availability, booking.claim),
        booking=booking,
        now_ms=transaction.now_ms,
        replayed=replayed,
    )


def _service_of(availability: Availability, claim: Claim) -> ServiceType:
    """The claim's service; one that left the catalog since is known by its id alone."""
    gone = ServiceType(id=claim.service_id, name=claim.service_id, duration_minutes=claim.end - claim.start)
    return availability.book.services.get(claim.service_id, gone)


def _technician_of(availability: Availability, claim: Claim) -> Technician:
    """The claim's technician; one who left the catalog since is known by the id alone."""
    diary = availability.book.diaries.get(claim.technician_id)
    if diary:
        return diary.technician
    zone = availability.book.project.timezone
    return Technician(id=claim.technician_id, name=claim.technician_id, timezone=zone)


def _check_customer(customer: Customer) -> None:
    if not customer.phone and not customer.email:
        raise InvalidArgument(
            "customerPhone", "give a phone number or an e-mail address, so that the customer can be reached."
        )


def _lost_start(appointment: Appointment) -> LostSlot:
    message = "That time cannot be had, so nothing is booked."
    return LostSlot(SlotUnavailable, message, appointment.need, appointment.start)


def _lost_hold(appointment: Appointment) -> LostSlot:
    message = "The hold lapsed and its time is gone, so nothing is booked."
    return LostSlot(HoldExpired, message, appointment.need, appointment.start)
