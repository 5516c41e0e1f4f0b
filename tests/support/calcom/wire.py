"""Payloads of webhooks and responses of the API, as the fake Cal.com sends them."""

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from support.calcom.state import MINUTE_MS, Booking, Host, seat_uid

OPTIONAL: Final = (
    "team",
    "iCalUID",
    "iCalSequence",
    "location",
    "metadata",
    "responses",
    "additionalNotes",
    "length",
    "bookingId",
    "title",
    "type",
    "endTime",
)
"""Optional keys of a payload. Without an end there is a length, and vice versa."""


@dataclass(frozen=True)
class Message:
    """Signed webhook."""

    body: bytes
    signature: str

    @classmethod
    def of(cls, envelope: dict[str, Any], secret: str) -> "Message":
        """Sign an envelope."""
        body = json.dumps(envelope).encode()
        return cls(body, hmac.digest(secret.encode(), body, sha256).hex())


def instant(ms: int, notation: str = "Z") -> str:
    """Format an instant with the suffix "Z", ".000Z" or "+00:00"."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    if notation == ".000Z":
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return at.isoformat(timespec="seconds").replace("+00:00", notation)


def minute(minutes: int, notation: str = "Z") -> str:
    return instant(minutes * MINUTE_MS, notation)


def payload_of(booking: Booking, notation: str = "Z") -> dict[str, Any]:
    """Return the payload of a booking in a webhook, with the fields that are used."""
    return {
        "bookingId": booking.number,
        "uid": booking.uid,
        "type": booking.event_type.slug,
        "title": f"{booking.event_type.slug} between people",
        "startTime": minute(booking.start, notation),
        "endTime": minute(booking.end, notation),
        "length": booking.end - booking.start,
        "status": booking.status.upper(),
        "eventTypeId": booking.event_type.id,
        "organizer": _person(booking.host),
        "attendees": booking.attendees,
        "team": {"name": "All", "members": []},
        "iCalUID": booking.series,
        "iCalSequence": booking.sequence,
        "location": "1 Main St",
        "additionalNotes": booking.notes,
        "metadata": booking.metadata,
        "responses": {"email": {"label": "email_address", "value": booking.attendee.get("email", "")}},
        "seatsPerTimeSlot": booking.event_type.seats or None,
    }


def output_of(booking: Booking) -> dict[str, Any]:
    """Return a booking as in responses of API v2 (2024-08-13)."""
    output: dict[str, Any] = {
        "id": booking.number,
        "uid": booking.uid,
        "title": f"{booking.event_type.slug} between people",
        "description": "",
        "status": booking.status,
        "hosts": [{**_person(booking.host), "timeZone": "UTC"}],
        "start": minute(booking.start, ".000Z"),
        "end": minute(booking.end, ".000Z"),
        "duration": booking.end - booking.start,
        "eventTypeId": booking.event_type.id,
        "eventType": {"id": booking.event_type.id, "slug": booking.event_type.slug},
        "location": "",
        "absentHost": False,
        "createdAt": instant(booking.created_ms, ".000Z"),
        "updatedAt": instant(booking.updated_ms, ".000Z"),
        "metadata": booking.metadata,
        "icsUid": booking.series,
        "attendees": [_attendee_output(booking, attendee) for attendee in booking.attendees],
        "guests": [],
        "bookingFieldsResponses": {"notes": booking.notes},
    }
    if booking.replaced_by:
        output["rescheduledToUid"] = booking.replaced_by
    if booking.replaces:
        output["rescheduledFromUid"] = booking.replaces
    return output


def _attendee_output(booking: Booking, attendee: dict[str, Any]) -> dict[str, Any]:
    seat = {"seatUid": seat_uid(attendee), "bookingFieldsResponses": {}} if booking.event_type.seats else {}
    return {**attendee, "absent": booking.no_show, **seat}


def no_show_payload(booking: Booking) -> dict[str, Any]:
    return {
        "message": "no-show updated",
        "bookingUid": booking.uid,
        "bookingId": booking.number,
        "attendees": [{"email": booking.attendee.get("email", ""), "noShow": booking.no_show}],
    }


def absence_payload(number: int, host: Host, start: int, end: int, at_ms: int) -> dict[str, Any]:
    return {
        "oooEntry": {
            "id": number,
            "uuid": f"00000000-0000-0000-0000-{number:012}",
            "start": minute(start, "+00:00"),
            "end": minute(end, "+00:00"),
            "createdAt": instant(at_ms, ".000Z"),
            "updatedAt": instant(at_ms, ".000Z"),
            "notes": "Holiday leave",
            "reason": {"emoji": "🌴", "reason": "ooo_reasons_vacation"},
            "reasonId": 5,
            "user": {**_person(host), "timeZone": "UTC"},
            "toUser": None,
        }
    }


def _person(host: Host) -> dict[str, Any]:
    return {"id": host.id, "name": host.name, "email": host.email, "username": host.name.lower()}
