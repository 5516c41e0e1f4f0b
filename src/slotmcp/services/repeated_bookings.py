"""Repeated booking requests: the bookings that a request may mean, and the answer if it means one of them."""

import json
from dataclasses import replace

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.booking_identity import Decision, KeyedBooking, Outcome, RequestedVisit, decide, new_details
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.existing_booking import AlreadyBooked, ExistingBooking
from slotmcp.ports import Receipt, Transaction
from slotmcp.services.answers import require_known
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.corrections import CORRECTED, save_details
from slotmcp.services.holds import is_booked
from slotmcp.services.idempotency import IdempotencyKeys, key_mismatch
from slotmcp.services.lookups import BookAnswer, book_answer, service_of, technician_of
from slotmcp.services.revalidation import revalidate_neighbors
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.verification import may_see_details
from slotmcp.services.waitlist_queue import offer_freed_time


async def answer_repeated(
    unit: UnitOfWork, request: RequestedVisit, keys: IdempotencyKeys, hold: Hold | None, origin: RequestOrigin
) -> BookAnswer | None:
    """Answer a request that means an existing booking, and add its new details; return None for a new request.

    Raises:
        InvalidArgument: a new answer belongs to no question.
        IdempotencyMismatch: the key or token belongs to another request.
        AlreadyBooked: the customer has a similar booking, and the caller has to decide.
    """
    transaction = unit.transaction
    decision = await _decide(transaction, request, keys, hold)
    booking = decision.booking
    if decision.outcome is Outcome.MISMATCH:
        raise key_mismatch()
    if booking is None:
        return None
    if decision.outcome is Outcome.ASK:
        raise AlreadyBooked(await _existing(transaction, booking, origin))
    saved = await _complete(unit, decision, request) if decision.completed else booking
    if saved is not booking:
        await keys.store_response(transaction, booking_response(saved, request))
    if hold is not None and hold.state in {ClaimState.HELD, ClaimState.LAPSED}:
        before = await unit.availability()
        await transaction.release_hold(hold.claim.id)
        await offer_freed_time(unit, before)
    answer = book_answer(transaction, await transaction.schedule(), saved, replayed=True)
    return replace(answer, stored=new_details(booking, saved))


def booking_response(booking: Booking, request: RequestedVisit) -> dict[str, object]:
    """Return the response of book_slot as it is stored with a key."""
    return {"bookingId": booking.id, "start": request.start}


async def _decide(
    transaction: Transaction, request: RequestedVisit, keys: IdempotencyKeys, hold: Hold | None
) -> Decision:
    keyed = await _find_keyed(transaction, keys, hold)
    bookings = await transaction.bookings_overlapping(
        request.contact_keys, service_id=request.service_id, start=request.start, end=request.end
    )
    has_key = bool(keys.explicit) or hold is not None
    return decide(request, bookings, keyed, has_unused_key=has_key and keyed is None, now_ms=transaction.now_ms)


async def _find_keyed(transaction: Transaction, keys: IdempotencyKeys, hold: Hold | None) -> KeyedBooking | None:
    """Return the booking of the key, else that of the hold's token.

    Raises:
        IdempotencyMismatch: they differ.
    """
    receipt = await keys.find_receipt(transaction) if keys.explicit else None
    by_key = await _booking_of(transaction, receipt, keys) if receipt else None
    if hold is None or not is_booked(hold) or (by_key is not None and by_key.booking.id == hold.claim.id):
        return by_key
    if by_key is not None:
        raise key_mismatch()
    booking = await transaction.booking(hold.claim.id)
    return KeyedBooking(booking=booking, first_start=_first_start(booking)) if booking else None


async def _booking_of(transaction: Transaction, receipt: Receipt, keys: IdempotencyKeys) -> KeyedBooking | None:
    response = json.loads(receipt.answer)
    booking = await transaction.booking(response["bookingId"])
    if booking is None:
        return None
    return KeyedBooking(
        booking=booking,
        first_start=response.get("start", _first_start(booking)),  # older programs did not store the start
        is_same_request=keys.is_same_request(receipt),
    )


def _first_start(booking: Booking) -> int | None:
    """Return a booking's first start, unless it may have been moved."""
    return booking.claim.start if booking.status is BookingStatus.CONFIRMED else None


async def _complete(unit: UnitOfWork, decision: Decision, request: RequestedVisit) -> Booking:
    """Save a booking with its new details, and record them as a correction.

    Raises:
        InvalidArgument: a new answer belongs to no question.
    """
    transaction, before = unit.transaction, await unit.availability()
    booking, completed = decision.booking, decision.completed
    assert booking is not None and completed is not None  # noqa: S101, PT018  COMPLETE has both
    keys = dict.fromkeys((*booking.contact_keys, *sorted(request.contact_keys.difference(booking.former_keys))))
    added = [answer for answer in completed.answers if answer not in booking.answers]
    require_known(service_of(before.schedule, booking.claim), added)
    saved = replace(completed, contact_keys=tuple(keys))
    await save_details(transaction, before.schedule.project, booking, saved)
    await transaction.add_event(CORRECTED, saved.id)
    if saved.claim != booking.claim:
        await revalidate_neighbors(unit, before, booking.claim.interval)
    return saved


async def _existing(transaction: Transaction, booking: Booking, origin: RequestOrigin) -> ExistingBooking:
    schedule, claim = await transaction.schedule(), booking.claim
    return ExistingBooking(
        project=schedule.project,
        service=service_of(schedule, claim),
        technician=technician_of(schedule, claim.technician_id),
        booking=booking,
        now_ms=transaction.now_ms,
        has_details=may_see_details(booking, origin, schedule.project, transaction.pseudonym),
    )
