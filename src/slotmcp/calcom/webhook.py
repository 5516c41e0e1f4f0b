"""Cal.com webhooks: verification of signatures and parsing of payloads."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from pydantic import ValidationError

from slotmcp.calcom.mapping import (
    event_of_absence,
    event_of_payload,
    milliseconds,
    no_show_of,
    seat_change_of_cancellation,
    seat_change_of_move,
)
from slotmcp.calcom.schemas import AbsencePayload, BookingPayload, Envelope, NoShowPayload
from slotmcp.domain.calendar import UNDATED, CalendarEvent, Delivery, EventStatus, NoShow, SeatChange
from slotmcp.ports.calendar import MalformedDelivery

_BOOKING_TRIGGERS: Final[Mapping[str, EventStatus]] = {
    "BOOKING_CREATED": EventStatus.ACCEPTED,
    "BOOKING_RESCHEDULED": EventStatus.ACCEPTED,
    "BOOKING_REQUESTED": EventStatus.PENDING,
    "BOOKING_PAYMENT_INITIATED": EventStatus.PENDING,
    "BOOKING_PAID": EventStatus.ACCEPTED,
    "BOOKING_LOCATION_UPDATED": EventStatus.ACCEPTED,
    "BOOKING_CANCELLED": EventStatus.CANCELLED,
    "BOOKING_REJECTED": EventStatus.REJECTED,
}
"""Triggers that report a booking, with the status that applies if the payload has none."""
_UNUSED_SECRET: Final = "a secret that signs nothing"  # noqa: S105  compared for its timing only


def has_valid_signature(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Return whether the signature was made with one of the secrets, comparing all of them in constant time.

    Without secrets, one comparison still runs, so that the response time does not reveal which projects are connected.
    """
    known = [secret for secret in secrets if secret]
    received = signature.encode("ascii", "replace")
    matches = [hmac.compare_digest(_signature(body, secret), received) for secret in known or [_UNUSED_SECRET]]
    return bool(known) and any(matches)


def _signature(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), body, sha256).hex().encode()


def parse_delivery(body: bytes) -> Delivery:
    """Parse a delivery's body.

    Raises:
        MalformedDelivery.
    """
    try:
        envelope = Envelope.model_validate_json(body)
        at_ms = milliseconds(envelope.createdAt) if envelope.createdAt else UNDATED
        change = _change(envelope, at_ms)
    except ValidationError as error:
        raise MalformedDelivery(_message(error)) from None
    except (ValueError, OverflowError):
        raise MalformedDelivery("A time in the delivery is out of range.") from None
    return Delivery(digest=sha256(body).hexdigest(), trigger=envelope.triggerEvent, change=change)


def _change(envelope: Envelope, at_ms: int) -> CalendarEvent | SeatChange | NoShow | None:
    """Return the change to apply; None for a ping and for triggers that slotmcp ignores."""
    trigger, payload = envelope.triggerEvent, envelope.payload
    if trigger in _BOOKING_TRIGGERS:
        return _change_of_booking(BookingPayload.model_validate(payload), trigger, at_ms)
    if trigger == "BOOKING_NO_SHOW_UPDATED":
        no_show = NoShowPayload.model_validate(payload)
        return no_show_of(no_show.bookingUid, no_show.attendees, at_ms)
    if trigger == "OOO_CREATED":
        return event_of_absence(AbsencePayload.model_validate(payload).oooEntry, at_ms)
    return None


def _change_of_booking(payload: BookingPayload, trigger: str, at_ms: int) -> CalendarEvent | SeatChange:
    if trigger == "BOOKING_CANCELLED" and payload.is_of_one_seat:
        return seat_change_of_cancellation(payload, at_ms)
    event = event_of_payload(payload, _BOOKING_TRIGGERS[trigger], at_ms)
    is_moved_seat = trigger == "BOOKING_RESCHEDULED" and payload.has_seats and event.replaces not in {"", event.uid}
    return seat_change_of_move(event) if is_moved_seat else event


def _message(error: ValidationError) -> str:
    """Return the first error's field, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(map(str, first["loc"])) or "the body"
    return f"This is not a known Cal.com delivery: {field} is missing or invalid."
