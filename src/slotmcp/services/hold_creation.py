"""Creation of a hold within a transaction: repeat an earlier one, or grant a new one and release those it replaces."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import Claim, ClaimState, Hold
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.engine.slots import check_start
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.hold_rules import UNAVAILABLE, HoldRequest, WantedHold, check_limits, holds_to_release
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys, job_details, key_mismatch
from slotmcp.services.lookups import require_booking
from slotmcp.services.moving import resolve_request
from slotmcp.services.own_holds import named_hold, own_holds
from slotmcp.services.placement import place_hold
from slotmcp.services.tracing import record_start
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.unknown_holds import unknown_hold
from slotmcp.services.waitlist_queue import offer_freed_time

_FINAL: tuple[ClaimState, ...] = (ClaimState.BOOKED, ClaimState.CANCELLED)
_ENDED: tuple[ClaimState, ...] = (ClaimState.RELEASED, ClaimState.WITHDRAWN)


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
    names_service: bool
    """True if the project has several services, so that the caller should hear which one is held."""
    replaced: tuple[Hold, ...] = ()
    """Holds that the new one replaced."""


async def resolve_wanted(unit: UnitOfWork, request: HoldRequest, travel_times: TravelTimes | None) -> WantedHold:
    """Resolve a request in a transaction, and record it in the trace.

    Raises:
        InvalidArgument, NotFound.
        BookingClosed: the visit that would move has begun.
        UnknownHold: no hold ever had the token.
    """
    transaction, availability = unit.transaction, await unit.availability()
    if request.booking_id:  # the caller was verified before the transaction
        await _require_open_booking(transaction, request)
    seen, appointment = resolve_request(availability, request, travel_times, transaction.pseudonym)
    record_start(seen, appointment)
    wanted = WantedHold.of(request, availability, appointment, transaction.pseudonym)
    token = request.hold_token
    if token and not named_hold(availability, transaction.pseudonym, token) and not await transaction.hold(token):
        raise unknown_hold(availability, own_holds(availability, wanted.caller))
    return wanted


async def _require_open_booking(transaction: Transaction, request: HoldRequest) -> None:
    booking = await require_booking(transaction, request.booking_id)
    if not request.origin.is_operator:
        booking.require_open(transaction.now_ms)
    booking.require_not_over(transaction.now_ms)


def keys_of(transaction: Transaction, wanted: WantedHold) -> IdempotencyKeys:
    """Return the keys of a request. A key belongs to a customer, a service and a start."""
    request, appointment, caller = wanted.request, wanted.appointment, wanted.caller
    return idempotency_keys(
        transaction,
        use_case="create_hold",
        origin=request.origin,
        key=request.idempotency_key,
        owners=[owner for owner in (caller.phone, caller.email, caller.reference) if owner],
        request=(
            "hold",
            appointment.service.id,
            appointment.start,
            caller.phone or caller.email or caller.any_reference,
            *job_details(request.postal_code, request.priority),
        ),
        earlier_request=(
            appointment.service.id,
            appointment.start,
            appointment.need.duration_minutes,
            request.technician_id,
            request.customer_reference,
            request.ttl_seconds,
            *((request.location,) if request.location else ()),
        ),
    )


async def find_keyed_hold(transaction: Transaction, wanted: WantedHold, keys: IdempotencyKeys) -> HoldAnswer | None:
    """Return the hold that an earlier request with the same key created, unless it was released or withdrawn.

    Raises:
        IdempotencyMismatch: the key was used for another customer, service or start.
    """
    receipt = await keys.find_receipt(transaction)
    if receipt is None:
        return None
    earlier = json.loads(receipt.answer)
    hold = await transaction.hold(earlier["token"])
    if not keys.is_same_request(receipt) and (hold is None or not wanted.may_continue(hold.claim)):
        raise key_mismatch()
    if hold is None or not (hold.state in _FINAL or _answers(hold, wanted)):
        return None
    return _answer(wanted, hold, earlier["capacityLeft"], replayed=True)


def _answers(hold: Hold, wanted: WantedHold) -> bool:
    """Return whether a key's hold is the requested one. A further one is not the first one."""
    is_first = hold.claim.hold is not None and not hold.claim.hold.is_additional
    return hold.state not in _ENDED and wanted.is_for(hold.claim) and not (wanted.request.is_additional and is_first)


async def find_repeated_hold(transaction: Transaction, wanted: WantedHold) -> HoldAnswer | None:
    """Return the live hold that the request repeats."""
    claim = wanted.repeated()
    hold = await transaction.hold_of_claim(claim.id) if claim else None
    if hold is None:
        return None
    slot = check_start(wanted.availability, wanted.appointment.need, wanted.appointment.start)
    return _answer(wanted, hold, slot.capacity if slot else 0, replayed=True)


async def grant_hold(unit: UnitOfWork, wanted: WantedHold, *, max_per_credential: int) -> HoldAnswer:
    """Hold the start, and release the holds that the new one replaces.

    Raises:
        InvalidArgument: the hold is too short, or its place is not served.
        HoldLimit: the caller or the credential has the maximum of live holds.
        LostSlot: the start is not available.
    """
    wanted.appointment.check(wanted.availability.schedule)
    released = holds_to_release(wanted)
    check_limits(wanted, released, max_per_credential=max_per_credential)
    expires_at_ms, latest_expiry_ms = wanted.expiry()
    replaced = await _release(unit.transaction, released)
    hold = await place_hold(
        unit,
        wanted.availability.without(*released, *wanted.moving),
        wanted.appointment,
        terms=wanted.terms(latest_expiry_ms),
        expires_at_ms=expires_at_ms,
        customer_pseudonym=wanted.caller.reference,
        booked=next(iter(wanted.moving), None),
    )
    if hold is None:
        raise LostSlot(SlotUnavailable, UNAVAILABLE, wanted.appointment.need, wanted.appointment.start)
    if replaced:
        await offer_freed_time(unit, wanted.availability)
    slot = check_start(await unit.availability(), wanted.appointment.need, wanted.appointment.start)
    return replace(_answer(wanted, hold, slot.capacity if slot else 0, replayed=False), replaced=replaced)


async def _release(transaction: Transaction, released: Sequence[Claim]) -> tuple[Hold, ...]:
    holds = [await transaction.hold_of_claim(claim.id) for claim in released]
    for claim in released:
        await transaction.release_hold(claim.id)
    return tuple([hold for hold in holds if hold is not None])


def _answer(wanted: WantedHold, hold: Hold, capacity_left: int, *, replayed: bool) -> HoldAnswer:
    schedule = wanted.availability.schedule
    return HoldAnswer(
        project=schedule.project,
        service=wanted.appointment.service,
        hold=hold,
        capacity_left=capacity_left,
        now_ms=wanted.availability.now_ms,
        replayed=replayed,
        names_service=len(schedule.services) > 1,
    )
