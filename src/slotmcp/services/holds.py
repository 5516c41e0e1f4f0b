"""Holds: one unit of a start's capacity, reserved while a customer decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.caller import NO_CALLER, CallerIdentity
from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim, ClaimState, Hold
from slotmcp.domain.errors import HoldExpired, HoldWithdrawn, InvalidArgument
from slotmcp.domain.interval import Minute, minute_at_or_after
from slotmcp.engine.assign import Assignment, assign_kept, assign_revived
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import LiveHolds, Transaction
from slotmcp.services.alternatives import LostSlot, early_refusal, find_lost_start
from slotmcp.services.hold_creation import (
    HoldAnswer,
    find_keyed_hold,
    find_repeated_hold,
    grant_hold,
    keys_of,
    resolve_wanted,
)
from slotmcp.services.hold_rules import MAX_TTL_SECONDS, MIN_TTL_SECONDS, UNAVAILABLE, HoldRequest, WantedHold
from slotmcp.services.own_holds import own_holds
from slotmcp.services.revalidation import is_hold_tolerable
from slotmcp.services.tracing import TracedResult, record_result, span
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.unknown_holds import unknown_hold
from slotmcp.services.verification import VerificationService
from slotmcp.services.waitlist_queue import leave_waitlist, offer_freed_time

_ENDED: Final = {
    ClaimState.RELEASED: "That hold was released. Get slots again and hold one.",
    ClaimState.BOOKED: "That hold is already booked. Use a new hold for another booking.",
    ClaimState.CANCELLED: "That hold was booked, and the booking was cancelled. Use a new hold for another booking.",
}


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

    def __init__(
        self,
        writer: ProjectWriter,
        *,
        live: LiveHolds,
        travel_lookup: TravelLookup,
        verification: VerificationService,
        max_per_credential: int,
    ) -> None:
        """Create the service; `max_per_credential` limits the live holds without a call id, 0: no limit."""
        self._writer = writer
        self._live = live
        self._travel_lookup = travel_lookup
        self._verification = verification
        self._max_per_credential = max_per_credential

    async def create_hold(self, request: HoldRequest) -> HoldAnswer:
        """Hold one unit of a start's capacity.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, SlotUnavailable, HoldLimit,
            HoldExpired, IdempotencyMismatch, Unavailable.
        """
        _check_ttl(request.ttl_seconds)
        project_id = await self._writer.availability_cache.project_id(request.project_id)
        await self._verification.check_move(project_id, request)
        request = await self._travel_lookup.located(project_id, request)
        travel_times = await self._travel_lookup.for_start(project_id, request)
        await self._reject_lost_start(project_id, request, travel_times)

        async def work(unit: UnitOfWork) -> HoldAnswer:
            # Load
            transaction = unit.transaction
            await transaction.lapse_holds()
            wanted = await resolve_wanted(unit, request, travel_times)
            keys = keys_of(transaction, wanted)
            # Decide and write
            earlier = await find_keyed_hold(transaction, wanted, keys)
            answer = earlier or await find_repeated_hold(transaction, wanted)
            answer = answer or await grant_hold(unit, wanted, max_per_credential=self._max_per_credential)
            if earlier is None:
                response = {"token": answer.hold.token, "capacityLeft": answer.capacity_left}
                await keys.store_response(transaction, response)
            return answer

        with span("transaction"):
            answer = await self._writer.write(project_id, work)
        hold_key, capacity = answer.hold.claim.id, answer.capacity_left + 1
        record_result(TracedResult(hold_key=hold_key, capacity=capacity, was_replayed=answer.replayed))
        for replaced in answer.replaced:
            await self._live.remove(project_id, replaced.token)
        if not answer.replayed:
            await self._live.add(project_id, answer.hold, now_ms=answer.now_ms)
        return answer

    async def _reject_lost_start(self, project_id: str, request: HoldRequest, travel_times: TravelTimes | None) -> None:
        """Reject a start that is taken before the lock is taken, unless an earlier request may have taken it.

        Raises:
            SlotUnavailable: the start is taken.
            NotFound, Unavailable.
        """
        if request.idempotency_key:
            return
        pseudonym = await self._writer.availability_cache.pseudonyms(project_id)
        cache = self._writer.availability_cache
        lost = await find_lost_start(cache, project_id, request, travel_times, pseudonym=pseudonym)
        wanted = WantedHold.of(request, *lost, pseudonym) if lost else None
        if lost and wanted and not wanted.repeated():
            raise early_refusal(*lost, UNAVAILABLE, instead_of=next(iter(wanted.moving), None))

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
            hold = await transaction.hold(token)
            if hold is None and (entry := await transaction.waitlist_entry(token)):
                return replace(answer, released=await leave_waitlist(unit, [entry]), waited=True)
            if hold is None or hold.state is not ClaimState.HELD or not hold.claim.is_live(transaction.now_ms):
                return replace(answer, booked=hold is not None and hold.state is ClaimState.BOOKED)
            before = await unit.availability()
            await transaction.release_hold(hold.claim.id)
            await offer_freed_time(unit, before)
            return replace(answer, released=True)

        answer = await self._writer.write(project_id, work)
        await self._live.remove(project_id, token)
        return answer


def _check_ttl(ttl_seconds: int | None) -> None:
    if ttl_seconds is not None and not MIN_TTL_SECONDS <= ttl_seconds <= MAX_TTL_SECONDS:
        raise InvalidArgument("ttlSeconds", f"give a time from {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} seconds.")


async def require_hold(
    transaction: Transaction, availability: Availability, token: str, caller: CallerIdentity = NO_CALLER
) -> Hold:
    """Return the hold with a token.

    Raises:
        UnknownHold: there is none. The error names the caller's live holds.
    """
    hold = await transaction.hold(token)
    if hold is None:
        raise unknown_hold(availability, own_holds(availability, caller))
    return hold


def is_booked(hold: Hold) -> bool:
    """Return whether a hold became a booking, which may be canceled by now."""
    return hold.state in {ClaimState.BOOKED, ClaimState.CANCELLED}


def ended_hold(hold: Hold) -> HoldExpired:
    """Return the error for a hold that was released or booked."""
    return HoldExpired(_ENDED[hold.state])


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
        raise ended_hold(hold)
    if hold.state is ClaimState.WITHDRAWN:
        message = "That hold was withdrawn, because no technician is available at its time any more."
        raise LostSlot(HoldWithdrawn, message, needs[-1], start, instead_of=instead_of)
    is_live = hold.state is ClaimState.HELD
    has_passed = start < minute_at_or_after(transaction.now_ms)
    if not is_live and has_passed:
        raise lost_hold(needs[-1], start, instead_of=instead_of)
    # A live hold is kept even if its location turns out to be too far away.
    without_travel = [replace(need, site=None) for need in needs] if is_live else []
    for need in chain(needs, without_travel):
        if assignment := (assign_kept if is_live else assign_revived)(others, need, start):
            return assignment
    if is_live and is_hold_tolerable(others, hold.claim):
        # For example, a calendar event conflicts with the hold. The hold is kept, and the operator sees the conflict.
        reason = AssignmentReason(policy=others.schedule.project.assignment_ranking, values={}, considered=1)
        return Assignment(technician_id=hold.claim.technician_id, reason=reason)
    raise lost_hold(needs[-1], start, instead_of=instead_of)


def lost_hold(need: Need, start: Minute, *, instead_of: Claim | None = None) -> LostSlot:
    """Return the error for a hold whose capacity was taken by another caller."""
    return LostSlot(HoldExpired, "The hold lapsed and its time is gone.", need, start, instead_of=instead_of)
