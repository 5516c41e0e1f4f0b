"""Webhooks: are they signed, and what do they say?"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from pydantic import ValidationError

from slotmcp.calcom.mapping import event_of_absence, event_of_payload, milliseconds, no_show_of
from slotmcp.calcom.schemas import AbsencePayload, BookingPayload, Envelope, NoShowPayload
from slotmcp.domain.calendar import UNDATED, CalendarEvent, Delivery, EventStatus, NoShow
from slotmcp.ports.calendar import MalformedDelivery

Said = CalendarEvent | NoShow | None

_BOOKINGS: Final[Mapping[str, EventStatus]] = {
    "BOOKING_CREATED": EventStatus.ACCEPTED,
    "BOOKING_RESCHEDULED": EventStatus.ACCEPTED,
    "BOOKING_REQUESTED": EventStatus.PENDING,
    "BOOKING_PAYMENT_INITIATED": EventStatus.PENDING,
    "BOOKING_PAID": EventStatus.ACCEPTED,
    "BOOKING_LOCATION_UPDATED": EventStatus.ACCEPTED,
    "BOOKING_CANCELLED": EventStatus.CANCELLED,
    "BOOKING_REJECTED": EventStatus.REJECTED,
}
"""What each trigger makes of a booking that does not say its status."""
_NOBODYS: Final = "a secret that opens nothing"


def has_valid_signature(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Whether a body's signature was made with one of the secrets. All are tried, in the same time.

    Without any it takes as long as with one: how long a refusal takes does not tell whether anybody is connected.
    """
    given = signature.encode("ascii", "replace")
    known = [secret for secret in secrets if secret]
    good = [_is_signed(body, given, secret) for secret in known or [_NOBODYS]]
    return bool(known) and any(good)


def _is_signed(body: bytes, given: bytes, secret: str) -> bool:
    made = hmac.digest(secret.encode(), body, sha256).hex().encode()
    return hmac.compare_digest(made, given)


def parse_delivery(body: bytes) -> Delivery:
    """What a body says.

    Raises:
        MalformedDelivery.
    """
    try:
        envelope = Envelope.model_validate_json(body)
        at_ms = milliseconds(envelope.createdAt) if envelope.createdAt else UNDATED
        said = _reader(envelope.triggerEvent)(envelope, at_ms)
    except ValidationError as error:
        raise MalformedDelivery(_sentence(error)) from None
    except (ValueError, OverflowError):
        raise MalformedDelivery("A time in it is beyond all that can be.") from None
    return Delivery(digest=sha256(body).hexdigest(), trigger=envelope.triggerEvent, said=said)


def _reader(trigger: str) -> Callable[[Envelope, int], Said]:
    if trigger in _BOOKINGS:
        return _booking
    return {"BOOKING_NO_SHOW_UPDATED": _no_show, "OOO_CREATED": _absence}.get(trigger, _nothing)


def _booking(envelope: Envelope, at_ms: int) -> Said:
    payload = BookingPayload.model_validate(envelope.payload)
    return event_of_payload(payload, _BOOKINGS[envelope.triggerEvent], at_ms)


def _no_show(envelope: Envelope, at_ms: int) -> Said:
    payload = NoShowPayload.model_validate(envelope.payload)
    return no_show_of(payload.bookingUid, payload.attendees, at_ms)


def _absence(envelope: Envelope, at_ms: int) -> Said:
    return event_of_absence(AbsencePayload.model_validate(envelope.payload).oooEntry, at_ms)


def _nothing(_envelope: Envelope, _at_ms: int) -> Said:
    """A test, or what changes nothing here."""
    return None


def _sentence(error: ValidationError) -> str:
    """What is wrong, without what was said."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the body"
    return f"This is no delivery of Cal.com's that is known here: {where} is missing or wrong."
