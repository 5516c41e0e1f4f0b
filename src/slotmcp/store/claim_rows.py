"""The rows of claims, bookings and busy times to domain values and back."""

from typing import Any

import orjson

from slotmcp.domain.booking import AssignmentReason, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import BusyTime, Claim, ClaimState, Hold
from slotmcp.store.rows import Row, coordinates, json_text, location_of, ranking_of

CLAIM_COLUMNS = 11
"""Statements that read a claim begin with these."""


def claim_values(claim: Claim) -> dict[str, object]:
    """A claim as its statements' values."""
    latitude, longitude = coordinates(claim.location)
    return {
        "id": claim.id,
        "technician": claim.technician_id,
        "service": claim.service_id,
        "start": claim.start,
        "end": claim.end,
        "buffer_before": claim.buffer_before_minutes,
        "buffer_after": claim.buffer_after_minutes,
        "technician_chosen": claim.technician_chosen,
        "latitude": latitude,
        "longitude": longitude,
    }


def claim_of(row: Row) -> Claim:
    """A claim from the first columns of its row."""
    return Claim(
        technician_id=row[0],
        id=row[1],
        service_id=row[2],
        start=row[3],
        end=row[4],
        buffer_before_minutes=row[5],
        buffer_after_minutes=row[6],
        expires_at_ms=row[7],
        technician_chosen=bool(row[8]),
        location=location_of(row[9], row[10]),
    )


def hold_of(row: Row) -> Hold:
    """A hold from its row."""
    token, state, customer = row[CLAIM_COLUMNS:]
    return Hold(claim=claim_of(row), token=token, state=ClaimState(state), customer_pseudonym=customer)


def busy_values(busy: BusyTime) -> dict[str, object]:
    """A busy time as its statements' values."""
    return {"technician": busy.technician_id, "start": busy.start, "end": busy.end, "source": busy.source}


def busy_of(row: Row) -> BusyTime:
    """A busy time from its row."""
    return BusyTime(technician_id=row[0], start=row[1], end=row[2], source=row[3])


def booking_values(booking: Booking) -> dict[str, object]:
    """What a booking knows beside its claim, as its statement's values."""
    customer, visit = booking.customer, booking.visit
    return {
        "id": booking.id,
        "customer_name": customer.name if customer else None,
        "customer_phone": customer.phone if customer else "",
        "customer_email": customer.email if customer else "",
        "address": visit.address,
        "notes": visit.notes,
        "reason": _reason_json(booking.reason) if booking.reason else None,
        "status": booking.status.value,
        "cancel_reason": booking.cancel_reason,
        "attention": booking.attention,
    }


def state_of(booking: Booking) -> ClaimState:
    """The state of a booking's claim: a cancelled one takes no time."""
    return ClaimState.CANCELLED if booking.status is BookingStatus.CANCELLED else ClaimState.BOOKED


def taken_by(booking: Booking) -> Claim | None:
    """The claim by which a booking takes time, if it does."""
    return booking.claim if state_of(booking) is ClaimState.BOOKED else None


def booking_of(row: Row) -> Booking:
    """A booking from its row."""
    name, phone, email, address, notes, reason, status, cancel_reason, attention, keys = row[CLAIM_COLUMNS:]
    return Booking(
        claim=claim_of(row),
        customer=None if name is None else Customer(name=name, phone=phone, email=email),
        visit=Visit(address=address, notes=notes),
        reason=None if reason is None else _reason(orjson.loads(reason)),
        status=BookingStatus(status),
        contact_keys=tuple(orjson.loads(keys)),
        cancel_reason=cancel_reason,
        attention=attention,
    )


def _reason_json(reason: AssignmentReason) -> str:
    return json_text(
        {
            "policy": reason.policy,
            "values": {key.value: value for key, value in reason.values.items()},
            "considered": reason.considered,
            "wished": reason.wished,
            "kept": reason.kept,
            "decided_by": reason.decided_by,
        }
    )


def _reason(stored: dict[str, Any]) -> AssignmentReason:
    return AssignmentReason(
        policy=ranking_of(stored["policy"]),
        values={RankingKey(key): value for key, value in stored["values"].items()},
        considered=stored["considered"],
        wished=stored["wished"],
        kept=stored.get("kept", False),  # the first program knew of no moves
        decided_by=RankingKey(decided) if (decided := stored.get("decided_by")) else None,
    )
