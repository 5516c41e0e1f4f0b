"""Holds: one unit of a start's capacity, reserved while a customer decides."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import Claim, ClaimState, Hold, HoldTerms
from slotmcp.domain.errors import HoldExpired, HoldLimit, HoldWithdrawn, InvalidArgument, SlotUnavailable
from slotmcp.domain.interval import MS_PER_SECOND, Minute, minute_at_or_after
from slotmcp.engine.assign import Assignment, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start
from slotmcp.ports import LiveHolds, Transaction
from slotmcp.services.alternatives import LostSlot, early_refusal, find_lost_start
from slotmcp.services.appointments import Appointment, StartRequest, find_appointment
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin, identify
from slotmcp.services.contacts import credential_reference, key_reference
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys
from slotmcp.services.placement import place_hold
from slotmcp.services.revalidation import is_hold_tolerable
from slotmcp.services.tracing import TracedResult, record_result, record_start, span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import leave_waitlist, offer_freed_time

MIN_TTL_SECONDS: Final = 60
MAX_TTL_SECONDS: Final = 120
_UNAVAILABLE: Final = "That time is not available, so nothing was held."
_ENDED: Final = {
    ClaimState.RELEASED: "That hold was released. Get slots again and hold one.",
    ClaimState.BOOKED: "That hold is already booked. Use a new hold for another booking.",
    ClaimState.CANCELLED: "That hold was booked, and the booking was cancelled. Use a new hold for another booking.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest(StartRequest):
    """Request to hold a start for a customer."""

    customer_reference: str
    """The caller's opaque reference; only its hash with the project's salt is stored."""
    ttl_seconds: int | None = None
    idempotency_key: str = ""
    origin: RequestOrigin = LOCAL_ORIGIN
    """Client that sent the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAnswer:
    """A new or repeated hold. Its technician is internal and may change."""

    project: Project
    service: ServiceType
    hold: Hold
    capacity_left: int
    """Number of further callers that the start could serve after the hold was granted."""
    now_ms: int
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAnswer:
    """Result of releasing a hold."""

    project: Project
    now_ms: int
    released: bool
    """False if the hold is unknown, or had already lapsed or been released."""
    booked: bool = False
    """True if the hold was booked; the booking is kept."""
    waited: bool = False
    """True if the token was the id of a waitlist entry."""


class HoldService:
    """Use cases create_hold and release_hold."""

    def __init__(self, writer: ProjectWriter, *, live: LiveHolds, travel_lookup: TravelLookup) -> None:
        self._writer = writer
        self._live = live
        self._travel_lookup = travel_lookup

    async def create_hold(self, request: HoldRequest) -> HoldAnswer:
        """Hold one unit of a start's capacity.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldLimit, IdempotencyMismatch, Unavailable.
        """
        _check_ttl(request.ttl_seconds)
        cache = self._writer.availability_cache
        project_id = await cache.project_id(request.project_id)
        travel_times = await self._travel_lookup.for_start(project_id, request)
        is_retry = bool(request.idempotency_key)  # the start may be taken by the original request
        if not is_retry and (lost := await find_lost_start(cache, project_id, request, travel_times)):
            raise early_refusal(*lost, _UNAVAILABLE)

        async def work(unit: UnitOfWork) -> HoldAnswer:
            # Load
            transaction = unit.transaction
            await transaction.lapse_holds()
            availability = await unit.availability()
            appointment = find_appointment(availability.schedule, request, travel_times)
            record_start(availability, appointment)
            keys = _keys(transaction, request, appointment)
            earlier = await _earlier_hold(transaction, keys)
            # Decide and write
            hold, capacity_left = earlier or await _grant(unit, availability, appointment, request)
            if earlier is None:
                await keys.store_response(transaction, {"token": hold.token, "capacityLeft": capacity_left})
            # Respond
            return HoldAnswer(
                project=availability.schedule.project,
                service=appointment.service,
                hold=hold,
                capacity_left=capacity_left,
                now_ms=transaction.now_ms,
                replayed=earlier is not None,
            )

        with span("transaction"):
            answer = await self._writer.write(project_id, work)
        hold_key, capacity = answer.hold.claim.id, answer.capacity_left + 1
        record_result(TracedResult(hold_key=hold_key, capacity=capacity, was_replayed=answer.replayed))
        if not answer.replayed:
            await self._live.add(project_id, answer.hold, now_ms=answer.now_ms)
        return answer

    async def release_hold(self, project_id: str | None, token: str) -> ReleaseAnswer:
        """Release a hold, or remove a waitlist entry by its id. Repeated calls are allowed.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        project_id = await self._writer.availability_cache.project_id(project_id)

        async def work(unit: UnitOfWork) -> ReleaseAnswer:
            transaction = unit.transaction
            answer = ReleaseAnswer(
                project=(await transaction.schedule()).project, now_ms=transaction.now_ms, released=False
            )
            if entry := await transaction.waitlist_entry(token):
                return replace(answer, released=await leave_waitlist(unit, [entry]), waited=True)
            hold = await transaction.hold(token)
            if hold is None or hold.state is not ClaimState.HELD or not hold.claim.is_live(transaction.now_ms):
                return replace(answer, booked=hold is not None and hold.state is ClaimState.BOOKED)
            await transaction.release_hold(hold.claim.id)
            await offer_freed_time(unit)
            return replace(answer, released=True)

        answer = await self._writer.write(project_id, work)
        await self._live.remove(project_id, token)
        return answer


def _check_ttl(ttl_seconds: int | None) -> None:
    if ttl_seconds is not None and not MIN_TTL_SECONDS <= ttl_seconds <= MAX_TTL_SECONDS:
        raise InvalidArgument("ttlSeconds", f"give a time from {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} seconds.")


def _keys(transaction: Transaction, request: HoldRequest, appointment: Appointment) -> IdempotencyKeys:
    return idempotency_keys(
        transaction,
        use_case="create_hold",
        origin=request.origin,
        key=request.idempotency_key,
        request=(
            appointment.service.id,
            appointment.start,
            appointment.need.duration_minutes,
            request.technician_id,
            request.customer_reference,
            request.ttl_seconds,
            *((request.location,) if request.location else ()),
        ),
    )


async def _earlier_hold(transaction: Transaction, keys: IdempotencyKeys) -> tuple[Hold, int] | None:
    """Return the hold that an earlier identical request created, and the capacity left at that time."""
    response = await keys.find_response(transaction)
    if response is None:
        return None
    earlier = json.loads(response)
    hold = await transaction.hold(earlier["token"])
    return None if hold is None else (hold, earlier["capacityLeft"])


async def _grant(
    unit: UnitOfWork, availability: Availability, appointment: Appointment, request: HoldRequest
) -> tuple[Hold, int]:
    """Hold a start for the customer; return the hold and the capacity left.

    Raises:
        HoldLimit: the customer has the maximum number of live holds.
        LostSlot: the start is not available.
    """
    project, now_ms, pseudonym = availability.schedule.project, unit.transaction.now_ms, unit.transaction.pseudonym
    caller = identify(pseudonym, request.origin, project, customer_hash=request.customer_reference)
    _check_limit(availability, caller)
    ttl_ms = (request.ttl_seconds or project.hold_ttl_seconds) * MS_PER_SECOND
    terms = HoldTerms(
        caller=caller,
        created_at_ms=now_ms,
        latest_expiry_ms=now_ms + 2 * ttl_ms,
        credential=pseudonym(credential_reference(request.origin.credential)),
        request_key=pseudonym(key_reference(request.idempotency_key)) if request.idempotency_key else "",
    )
    hold = await place_hold(
        unit,
        availability,
        appointment,
        terms=terms,
        expires_at_ms=now_ms + ttl_ms,
        customer_pseudonym=caller.any_reference,
    )
    if hold is None:
        raise LostSlot(SlotUnavailable, _UNAVAILABLE, appointment.need, appointment.start)
    slot = check_start(await unit.availability(), appointment.need, appointment.start)
    return hold, slot.capacity if slot else 0


def _check_limit(availability: Availability, caller: CallerIdentity) -> None:
    limit = availability.schedule.project.max_holds_per_customer
    terms = [hold.hold for hold in availability.index.holds if hold.hold is not None]
    own = [own for own in terms if own.credential and own.caller.any_reference == caller.any_reference != ""]
    if len(own) >= limit:
        raise HoldLimit(
            f"This customer already holds {limit} times, the maximum of the project. Book or release one of them first."
        )


async def require_hold(transaction: Transaction, token: str) -> Hold:
    """Return the hold with a token.

    Raises:
        HoldExpired: the token is unknown.
    """
    hold = await transaction.hold(token)
    if hold is None:
        raise unknown_hold()
    return hold


def unknown_hold() -> HoldExpired:
    """Return the error for an unknown token."""
    return HoldExpired("That hold is not known. It may have lapsed long ago; get slots again and hold one.")


def assign_held(  # noqa: PLR0913  everything that decides the assignment
    transaction: Transaction,
    others: Availability,
    hold: Hold,
    needs: Sequence[Need],
    start: Minute,
    *,
    instead_of: Claim | None = None,
) -> Assignment:
    """Assign a technician to a held start. A lapsed hold can be booked while its capacity is free.

    Availability rule 20 specifies this.

    Args:
        transaction: source of the current time.
        others: availability without the hold itself.
        hold: the hold.
        needs: alternative requirements of the job, preferred first.
        start: the hold's start.
        instead_of: claim of the booking that moves to the held start.

    Raises:
        HoldExpired: the hold was released or booked.
        LostSlot: the hold was withdrawn, or it lapsed and its time is taken.
    """
    if hold.state in _ENDED:
        raise HoldExpired(_ENDED[hold.state])
    if hold.state is ClaimState.WITHDRAWN:
        message = "That hold was withdrawn, because no technician is available at its time any more."
        raise LostSlot(HoldWithdrawn, message, needs[-1], start, instead_of=instead_of)
    is_live = hold.state is ClaimState.HELD
    if not is_live and start < minute_at_or_after(transaction.now_ms):
        raise lost_hold(needs[-1], start, instead_of=instead_of)
    # A live hold is kept even if its location turns out to be too far away.
    without_travel = [replace(need, site=None) for need in needs] if is_live else []
    for need in chain(needs, without_travel):
        if assignment := assign_kept(others, need, start):
            return assignment
    if is_live and is_hold_tolerable(others, hold.claim):
        # For example, a calendar event conflicts with the hold. The hold is kept, and the operator sees the conflict.
        reason = AssignmentReason(policy=others.schedule.project.assignment_ranking, values={}, considered=1)
        return Assignment(technician_id=hold.claim.technician_id, reason=reason)
    raise lost_hold(needs[-1], start, instead_of=instead_of)


def lost_hold(need: Need, start: Minute, *, instead_of: Claim | None = None) -> LostSlot:
    """Return the error for a hold whose capacity was taken by another caller."""
    return LostSlot(HoldExpired, "The hold lapsed and its time is gone.", need, start, instead_of=instead_of)
