"""Rescheduling: a booking takes another time in one step, so that its customer never has none and never has two."""

from dataclasses import dataclass, replace

from slotmcp.domain.booking import AssignmentReason, Booking, BookingStatus
from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import InvalidArgument, SlotUnavailable
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import Moment
from slotmcp.engine.assign import Assignment, assign, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.booked import BookAnswer, answer_of, booking_with
from slotmcp.services.calendar.conflicts import attention_for
from slotmcp.services.held import assign_held, hold_with
from slotmcp.services.intents import resolve
from slotmcp.services.named import service_of, technician_of
from slotmcp.services.reschedule_keys import Before, reschedule_keys
from slotmcp.services.taking import make_moves


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleRequest:
    """Another time for a booking: a start, or one that is held."""

    booking_id: str
    project_id: str | None = None
    start: Moment | None = None
    hold_token: str = ""
    timezone: str | None = None
    """IANA zone in which a local start is meant. Default: the project's."""
    idempotency_key: str = ""
    credential: str = "local"
    """Whose idempotency keys these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleAnswer:
    """A booking at its new time."""

    booked: BookAnswer
    previous: Before
    previous_technician: Technician

    @property
    def has_moved(self) -> bool:
        """False where it was at that start already, with the same technician."""
        return self.previous != Before.of(self.booked.booking.claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """A booking that is to take another time."""

    booking: Booking
    start: Minute
    need: Need
    """Whoever comes."""
    wish: str | None
    """Who has to come, because the caller asked for them."""
    hold: Hold | None
    others: Availability
    """All that is taken, but for what gives way."""

    @property
    def is_made(self) -> bool:
        """Whether the booking is there already, with somebody who may come."""
        claim = self.booking.claim
        return self.start == claim.start and self.wish in {None, claim.technician_id}

    def needs(self) -> tuple[Need, ...]:
        """What would be best first: its technician stays, else rule 22 decides. A wish leaves no choice."""
        if self.wish is not None:
            return (replace(self.need, technician_id=self.wish),)
        return replace(self.need, technician_id=self.booking.claim.technician_id), self.need


async def reschedule(
    transaction: Transaction,
    availability: Availability,
    request: RescheduleRequest,
    routed: TravelTimes | None,
) -> RescheduleAnswer:
    """Give a booking its new time. What is raised leaves everything as it was.

    `routed` knows the ways to and from its place better than the estimate.

    Raises:
        InvalidArgument, NotFound, HoldExpired, IdempotencyMismatch, LostSlot.
    """
    booking = await booking_with(transaction, request.booking_id)
    asked = _asked_start(availability, request)
    keys = reschedule_keys(
        transaction,
        credential=request.credential,
        key=request.idempotency_key,
        booking_id=booking.id,
        hold_token=request.hold_token,
        start=asked,
    )
    if before := await keys.recall(transaction, booking):
        return _answer(transaction, availability, booking, before, replayed=True)
    booking.with_status(BookingStatus.RESCHEDULED)
    hold = await _hold_for(transaction, booking, request, asked)
    move = _move(availability, booking, hold, asked, routed)
    after = booking if move.is_made else await _take(transaction, move)
    if hold is not None and hold.state in {ClaimState.HELD, ClaimState.LAPSED} and after is booking:
        await transaction.release_hold(hold.claim.id)
    await keys.remember(transaction, Before.of(booking.claim))
    return _answer(transaction, availability, after, Before.of(booking.claim), replayed=False)


def _asked_start(availability: Availability, request: RescheduleRequest) -> Minute | None:
    if request.start is not None:
        return resolve(request.start, request.timezone or availability.schedule.project.timezone, "start")
    if not request.hold_token:
        raise InvalidArgument("start", "give the new start, or the holdToken of one that is held.")
    return None


async def _hold_for(
    transaction: Transaction, booking: Booking, request: RescheduleRequest, asked: Minute | None
) -> Hold | None:
    """The hold whose time is to be the booking's, if it is one that can be."""
    if not request.hold_token:
        return None
    hold = await hold_with(transaction, request.hold_token)
    held, had = hold.claim, booking.claim
    if asked not in {None, held.start}:
        raise InvalidArgument("start", "the hold is for another start; leave it out, or hold that one.")
    if held.service_id != had.service_id:
        raise InvalidArgument(
            "holdToken", f"the hold is for {held.service_id}, the booking for {had.service_id}; hold a start for that."
        )
    if held.end - held.start != had.end - had.start:
        raise InvalidArgument(
            "holdToken",
            f"the hold is for {held.end - held.start} minutes; hold a start for the booking's {had.end - had.start}.",
        )
    return hold


def _move(
    availability: Availability,
    booking: Booking,
    hold: Hold | None,
    asked: Minute | None,
    routed: TravelTimes | None,
) -> _Move:
    claim, schedule = booking.claim, availability.schedule
    others = availability.without(claim)
    location = claim.location or (hold.claim.location if hold else None)
    # Of a service that left the catalog nobody knows the skills any more; its technician has them.
    is_fixed = claim.technician_chosen if hold is None else hold.claim.technician_chosen
    who = claim.technician_id if hold is None else hold.claim.technician_id
    return _Move(
        booking=booking,
        start=hold.claim.start if hold else (claim.start if asked is None else asked),
        need=Need.of_claim(claim, service_of(schedule, claim), site_at(location, schedule.project.travel, routed)),
        wish=who if is_fixed or claim.service_id not in schedule.services else None,
        hold=hold,
        others=others.without(hold.claim) if hold else others,
    )


async def _take(transaction: Transaction, move: _Move) -> Booking:
    """The booking at its new time."""
    assignment = _assign(transaction, move)
    moved = _moved(move, assignment)
    try:
        if move.hold is not None:
            await transaction.release_hold(move.hold.claim.id)
        if assignment.moves:  # a hold may move into the time that the booking leaves
            await transaction.save_booking(replace(move.booking, status=BookingStatus.CANCELLED))
            await make_moves(transaction, assignment)
        await transaction.save_booking(moved)
    except ClaimConflict:
        raise _lost(move) from None
    return moved


def _assign(transaction: Transaction, move: _Move) -> Assignment:
    if move.hold is not None:
        return assign_held(transaction, move.others, move.hold, move.needs(), move.start, instead_of=move.booking.claim)
    for need in move.needs():
        if assignment := assign(move.others, need, move.start):
            return assignment
    raise _lost(move)


def _moved(move: _Move, assignment: Assignment) -> Booking:
    had, hold = move.booking.claim, move.hold
    is_kept = assignment.technician_id == had.technician_id
    is_chosen = (hold is not None and hold.claim.technician_chosen) or (had.technician_chosen and is_kept)
    claim = replace(
        had,
        technician_id=assignment.technician_id,
        start=move.start,
        end=move.start + move.need.duration_minutes,
        technician_chosen=is_chosen,
        location=had.location or (hold.claim.location if hold else None),
    )
    keys = (*move.booking.contact_keys, *([hold.customer_pseudonym] if hold and hold.customer_pseudonym else []))
    return replace(
        move.booking.with_status(BookingStatus.RESCHEDULED),
        claim=claim,
        reason=_reason(move, assignment, is_kept=is_kept, is_chosen=is_chosen),
        contact_keys=tuple(dict.fromkeys(keys)),
        attention=attention_for(move.others.schedule, claim),
    )


def _reason(move: _Move, assignment: Assignment, *, is_kept: bool, is_chosen: bool) -> AssignmentReason:
    """Why that technician: of all who could have come, not only of those who were asked first."""
    anybody = None if move.wish else assign_kept(move.others, move.need, move.start)
    considered = anybody.reason.considered if anybody else assignment.reason.considered
    return replace(assignment.reason, considered=considered, wished=is_chosen, kept=is_kept)


def _lost(move: _Move) -> LostSlot:
    need = move.needs()[-1]
    return LostSlot(SlotUnavailable, _refusal(move), need, move.start, aside=move.booking.claim)


def _refusal(move: _Move) -> str:
    left = "That time cannot be had, so the booking stays as it was."
    if move.wish is None:
        return left
    return (
        f"{left} The customer asked for that technician. If they agree to somebody else, hold the start without a "
        "technicianId, and reschedule with the holdToken."
    )


def _answer(
    transaction: Transaction, availability: Availability, booking: Booking, before: Before, *, replayed: bool
) -> RescheduleAnswer:
    schedule = availability.schedule
    return RescheduleAnswer(
        booked=answer_of(transaction, schedule, booking, replayed=replayed),
        previous=before,
        previous_technician=technician_of(schedule, before.technician_id),
    )
