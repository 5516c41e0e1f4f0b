"""Rescheduling: a booking moves to another time in one update, so that its customer never loses both times."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from slotmcp.domain.booking import AssignmentReason, Booking, BookingStatus
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location, Technician
from slotmcp.domain.claim import Claim, ClaimState, Hold
from slotmcp.domain.errors import InvalidArgument, ProblemKind, SlotUnavailable
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import Moment
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job, in_area
from slotmcp.engine.assign import Assignment, assign_first, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import Site, TravelTimes, site_at
from slotmcp.ports import ClaimConflict, Receipt, Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.appointments import resolve_moment
from slotmcp.services.areas import check_postal_code
from slotmcp.services.holds import assign_held, require_hold
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys, job_details, key_mismatch
from slotmcp.services.lookups import BookAnswer, book_answer, is_short_notice, service_of, technician_of
from slotmcp.services.own_holds import CallerFields, blocking_holds
from slotmcp.services.own_moves import find_hold_of_move, own_holds_of_move
from slotmcp.services.placement import make_moves
from slotmcp.services.revalidation import attention_at_booking
from slotmcp.services.verification import ChangeRequest, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleRequest(ChangeRequest):
    """Request to move a booking to another start, or to a held one."""

    start: Moment | None = None
    hold_token: str = ""
    timezone: str | None = None
    """IANA time zone of a local start. Default: the project's."""
    idempotency_key: str = ""
    postal_code: str = field(default="", repr=False)
    """Another normalized postal code of the job; empty: the booking's."""
    priority: Priority | None = None
    """None: the booking's."""

    @property
    def caller(self) -> CallerFields:
        """Fields that tell whose holds are the caller's own."""
        return CallerFields(origin=self.origin, phone=self.phone, email=self.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousTime:
    """Time and technician of a booking before it moved. Stored as JSON under these names."""

    start: Minute
    end: Minute
    technician_id: str

    @classmethod
    def from_response(cls, response: Mapping[str, Any]) -> Self:
        """Return the time in a stored response."""
        return cls(**{name: response[name] for name in ("start", "end", "technician_id")})

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """Return a claim's time and technician."""
        return cls(start=claim.start, end=claim.end, technician_id=claim.technician_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleAnswer:
    """A booking at its new time."""

    booked: BookAnswer
    previous: PreviousTime
    previous_technician: Technician

    @property
    def has_moved(self) -> bool:
        """False if the booking already had that start and technician."""
        return self.previous != PreviousTime.of(self.booked.booking.claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Move of a booking to a requested start."""

    booking: Booking
    start: Minute
    need: Need
    """Requirements of the job, without a requested technician."""
    required_id: str | None
    """Technician who must take the job; None: any."""
    hold: Hold | None
    others: Availability
    """Availability without the booking, the hold and the released holds."""
    postal_code: str
    """Postal code of the job."""
    location: Location | None
    """Location of the job. With another postal code, the booked one does not apply."""
    own: tuple[Claim, ...] = ()
    """Live holds of the caller."""
    released: tuple[Claim, ...] = ()
    """Those of them that are released, so that the booking can move."""

    @property
    def is_already_made(self) -> bool:
        """True if the booking already has that start, an allowed technician, and the place and priority."""
        claim = self.booking.claim
        is_same_job = (claim.postal_code, claim.priority) == (self.postal_code, self.need.priority)
        return is_same_job and self.start == claim.start and self.required_id in {None, claim.technician_id}

    def needs(self) -> tuple[Need, ...]:
        """Return the requirements, preferred first: with the required technician, else with the current one, then any.

        Availability rule 22 specifies this order.
        """
        if self.required_id is not None:
            return (replace(self.need, technician_id=self.required_id),)
        return replace(self.need, technician_id=self.booking.claim.technician_id), self.need


async def reschedule(
    transaction: Transaction,
    availability: Availability,
    request: RescheduleRequest,
    verification: Verification,
    travel_times: TravelTimes | None,
) -> RescheduleAnswer:
    """Move a booking to another time; on an error it keeps its time.

    `travel_times` replace the estimated ones.

    Raises:
        InvalidArgument, NotFound, VerificationNeeded, BookingClosed, HoldExpired, IdempotencyMismatch, LostSlot.
    """
    schedule = availability.schedule
    booking = await verification.find(transaction, schedule.project)
    hold = await transaction.hold(request.hold_token) if request.hold_token else None
    start = _requested_start(availability, request)
    target = start if start is not None or hold is None else hold.claim.appointment[0]
    keys = _keys(transaction, request, booking, start, target)
    earlier = await _earlier_move(transaction, keys, booking, target, has_token=bool(request.hold_token))
    before, moved = earlier or PreviousTime.of(booking.claim), booking
    if earlier is None:
        verification.require_open(booking, transaction.now_ms)
        booking.require_not_over(transaction.now_ms)
        booking.with_status(BookingStatus.RESCHEDULED)  # raises if the booking is closed
        own = (
            ()
            if request.hold_token
            else own_holds_of_move(availability, booking, request.caller, transaction.pseudonym)
        )
        hold = await _hold_for(transaction, availability, booking, request, start)
        if own_hold := find_hold_of_move(own, booking, target):
            hold = await transaction.hold_of_claim(own_hold.id)
        move = replace(_plan(availability, booking, request, hold, start, travel_times), own=own)
        moved = await _apply(transaction, _make_room(move))
        await keys.store_response(transaction, {**asdict(before), "booking_id": booking.id, "to": moved.claim.start})
    is_short = not request.origin.is_operator and is_short_notice(schedule.project, before.start, transaction.now_ms)
    booked = book_answer(transaction, schedule, moved, replayed=earlier is not None)
    return RescheduleAnswer(
        booked=replace(booked, within_notice=is_short and before.start != moved.claim.start),
        previous=before,
        previous_technician=technician_of(schedule, before.technician_id),
    )


def _requested_start(availability: Availability, request: RescheduleRequest) -> Minute | None:
    if request.start is not None:
        return resolve_moment(request.start, request.timezone or availability.schedule.project.timezone, "start")
    if not request.hold_token:
        raise InvalidArgument(
            "start", "give the new start, or the holdToken of one that is held.", kind=ProblemKind.TIME
        )
    return None


def _keys(
    transaction: Transaction,
    request: RescheduleRequest,
    booking: Booking,
    start: Minute | None,
    target: Minute | None,
) -> IdempotencyKeys:
    """Return the keys of a request. `target` is the requested start, or that of the hold; None: unknown."""
    token, extra = request.hold_token, job_details(request.postal_code, request.priority)
    return idempotency_keys(
        transaction,
        use_case="reschedule_booking",
        origin=request.origin,
        key=request.idempotency_key,
        owners=[f"booking:{booking.id}"],
        token=token,
        implied="" if target is None else ":".join(map(str, (booking.id, target, *extra))),
        request=(booking.id, token or start, *extra),
    )


async def _earlier_move(
    transaction: Transaction, keys: IdempotencyKeys, booking: Booking, target: Minute | None, *, has_token: bool
) -> PreviousTime | None:
    """Return the booking's time before an earlier request moved it to the same start.

    The implied key applies only while the booking is at that start, because a customer who rescheduled again may
    choose an earlier start again. It does not apply to a token, which may be that of another hold.

    Raises:
        IdempotencyMismatch: a key was used for another booking or start.
    """
    receipt = await keys.find_receipt(transaction) if keys.explicit else None
    if receipt is not None:
        return _previous_time(receipt, keys, booking, target)
    receipt = None if has_token else await keys.find_implied_receipt(transaction)
    if receipt is None or booking.status is BookingStatus.CANCELLED or booking.claim.start != target:
        return None
    return PreviousTime.from_response(json.loads(receipt.answer))


def _previous_time(receipt: Receipt, keys: IdempotencyKeys, booking: Booking, target: Minute | None) -> PreviousTime:
    """Return the time before the move that a key made.

    Raises:
        IdempotencyMismatch: the key was used for another booking or start.
    """
    response = json.loads(receipt.answer)
    is_same_move = (response.get("booking_id"), response.get("to")) == (booking.id, target)
    is_start_unknown = target is None or "to" not in response  # deleted hold, or receipt of an older program
    if not (is_same_move or (is_start_unknown and keys.is_same_request(receipt))):
        raise key_mismatch()
    return PreviousTime.from_response(response)


async def _hold_for(
    transaction: Transaction,
    availability: Availability,
    booking: Booking,
    request: RescheduleRequest,
    start: Minute | None,
) -> Hold | None:
    """Return the hold whose time the booking takes, if the request names one.

    Raises:
        HoldExpired: the token is unknown.
        InvalidArgument: the hold is for another start, service or length.
    """
    if not request.hold_token:
        return None
    hold = await require_hold(transaction, availability, request.hold_token)
    held, booked = hold.claim, booking.claim
    held_start, held_end = held.appointment
    held_minutes, booked_minutes = held_end - held_start, booked.end - booked.start
    if held.moved_booking_id not in {"", booking.id}:
        raise InvalidArgument("holdToken", "the hold moves another booking; hold a start for this one.")
    if start not in {None, held_start}:
        raise InvalidArgument("start", "the hold is for another start; omit start, or hold that start.")
    if held.service_id != booked.service_id:
        problem = f"the hold is for {held.service_id}; hold a start for the booking's service, {booked.service_id}."
        raise InvalidArgument("holdToken", problem)
    if held_minutes != booked_minutes:
        problem = f"the hold is for {held_minutes} minutes; hold a start for the booking's {booked_minutes}."
        raise InvalidArgument("holdToken", problem)
    return hold


def _plan(  # noqa: PLR0913, PLR0917  everything that decides where the booking moves
    availability: Availability,
    booking: Booking,
    request: RescheduleRequest,
    hold: Hold | None,
    start: Minute | None,
    travel_times: TravelTimes | None,
) -> _Move:
    claim, schedule = booking.claim, availability.schedule
    postal_code = _postal_code_of(request, claim, hold)
    target = hold.claim if hold else claim
    others = availability.without(claim)
    is_same_place = not claim.postal_code or postal_code == claim.postal_code
    location = claim.location if is_same_place else None
    if hold is not None:
        location = location or hold.claim.location
    site = site_at(location, schedule.project.travel, travel_times)
    # The skills of a removed service are unknown; the booked technician has them.
    is_required = target.technician_chosen or claim.service_id not in schedule.services
    return _Move(
        booking=booking,
        start=target.appointment[0] if hold or start is None else start,
        need=replace(_need(schedule, claim, postal_code, site), priority=_priority_of(request, claim, hold)),
        required_id=target.technician_id if is_required else None,
        hold=hold,
        others=others.without(hold.claim) if hold else others,
        postal_code=postal_code,
        location=location,
    )


def _postal_code_of(request: RescheduleRequest, claim: Claim, hold: Hold | None) -> str:
    """Return the postal code of the request, else that of the hold, else the booking's.

    Raises:
        InvalidArgument: the hold is for another one than the request.
    """
    held = hold.claim.postal_code if hold else ""
    if request.postal_code and held not in {"", request.postal_code}:
        raise InvalidArgument("postalCode", "the hold is for another postal code; omit it, or hold a start for it.")
    return request.postal_code or held or claim.postal_code


def _priority_of(request: RescheduleRequest, claim: Claim, hold: Hold | None) -> Priority:
    """Return the priority of the request, else the booking's. A hold for an emergency makes it one."""
    is_held_for_emergency = hold is not None and hold.claim.priority is Priority.EMERGENCY
    return request.priority or (Priority.EMERGENCY if is_held_for_emergency else claim.priority)


def _need(schedule: Schedule, claim: Claim, postal_code: str, site: Site | None) -> Need:
    """Return the requirements of a booked job. It keeps its buffers, unless it moves to another postal code."""
    service, area = service_of(schedule, claim), area_of_job(schedule.project, postal_code)
    need = Need.of_claim(claim, service, site, area=area)
    if postal_code == claim.postal_code or claim.service_id not in schedule.services:
        return need
    before, after = service.buffer_before_minutes, service.buffer_after_minutes
    return in_area(replace(need, buffer_before_minutes=before, buffer_after_minutes=after), area)


def _make_room(move: _Move) -> _Move:
    """Return the move with the caller's own holds that are in its way released."""
    if move.hold or move.is_already_made:
        return move
    released = blocking_holds(move.others, move.needs(), move.start, move.own) or ()
    return replace(move, others=move.others.without(*released), released=released)


async def _apply(transaction: Transaction, move: _Move) -> Booking:
    """Save the booking at its new time and return it. A booking that need not move only releases the hold.

    Raises:
        InvalidArgument, HoldExpired, LostSlot.
    """
    hold = move.hold
    if move.is_already_made:
        if hold is not None and hold.state in {ClaimState.HELD, ClaimState.LAPSED}:
            await transaction.release_hold(hold.claim.id)
        return move.booking
    if hold is None or not hold.claim.postal_code:  # that of a hold was accepted
        check_postal_code(move.others.schedule.project, move.postal_code)
    assignment = _assign(transaction, move)
    moved = _moved(move, assignment)
    try:
        for claim in (*([hold.claim] if hold else []), *move.released):
            await transaction.release_hold(claim.id)
        if assignment.moves:  # a hold may move into the time that the booking frees
            await transaction.save_booking(replace(move.booking, status=BookingStatus.CANCELLED))
            await make_moves(transaction, assignment)
        await transaction.save_booking(moved)
    except ClaimConflict:
        raise _lost(move) from None
    return moved


def _assign(transaction: Transaction, move: _Move) -> Assignment:
    if move.hold is not None:
        return assign_held(transaction, move.others, move.hold, move.needs(), move.start, instead_of=move.booking.claim)
    if assignment := assign_first(move.others, move.needs(), move.start):
        return assignment
    raise _lost(move)


def _moved(move: _Move, assignment: Assignment) -> Booking:
    claim, hold = move.booking.claim, move.hold
    is_kept = assignment.technician_id == claim.technician_id
    is_chosen = (hold is not None and hold.claim.technician_chosen) or (claim.technician_chosen and is_kept)
    moved = replace(
        claim,
        technician_id=assignment.technician_id,
        start=move.start,
        end=move.start + move.need.duration_minutes,
        buffer_before_minutes=move.need.buffer_before_minutes,
        buffer_after_minutes=move.need.buffer_after_minutes,
        technician_chosen=is_chosen,
        postal_code=move.postal_code,
        priority=move.need.priority,
        location=move.location,
    )
    pseudonym = hold.customer_pseudonym if hold else ""
    contact_keys = dict.fromkeys(filter(None, (*move.booking.contact_keys, pseudonym)))
    return replace(
        move.booking.with_status(BookingStatus.RESCHEDULED),
        claim=moved,
        reason=_reason(move, assignment, is_kept=is_kept, is_chosen=is_chosen),
        contact_keys=tuple(contact_keys),
        attention=attention_at_booking(move.others, moved),
    )


def _reason(move: _Move, assignment: Assignment, *, is_kept: bool, is_chosen: bool) -> AssignmentReason:
    """Return the reason for the technician; it counts all technicians who could take the job."""
    unrestricted = None if move.required_id else assign_kept(move.others, move.need, move.start)
    considered = (unrestricted or assignment).reason.considered
    return replace(assignment.reason, considered=considered, wished=is_chosen, kept=is_kept)


def _lost(move: _Move) -> LostSlot:
    message = "That time is not available, so the booking stays as it was."
    if move.required_id is not None:
        message += (
            " The customer asked for that technician. If they accept another one, hold the start without a "
            "technicianId, and reschedule with the holdToken."
        )
    need, booked = move.needs()[-1], move.booking.claim
    return LostSlot(SlotUnavailable, message, need, move.start, instead_of=booked, own_holds=move.own)
