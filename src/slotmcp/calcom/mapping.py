"""Mapping of Cal.com's bookings and out-of-office entries to calendar events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from slotmcp.calcom.schemas import Absence, BookingOutput, BookingPayload, Notes, Person
from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.calendar import CalendarEvent, EventKind, EventStatus, HostReference, NoShow
from slotmcp.domain.interval import MS_PER_MINUTE, Interval

PROJECT_KEY: Final = "slotmcpProject"
BOOKING_KEY: Final = "slotmcpBooking"
"""Metadata keys with the project and the booking from which an event was created."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_STATUSES: Final[Mapping[str, EventStatus]] = {
    "accepted": EventStatus.ACCEPTED,
    "pending": EventStatus.PENDING,
    "awaiting_host": EventStatus.PENDING,
    "cancelled": EventStatus.CANCELLED,
    "canceled": EventStatus.CANCELLED,
    "rejected": EventStatus.REJECTED,
}
_NOT_A_PLACE: Final = ("integrations:", "http://", "https://", "+")
"""Prefixes of locations that are video calls or phone numbers."""
_PLACEHOLDER_DOMAINS: Final = ("@sms.cal.com",)
"""Suffixes of email addresses that Cal.com generates for attendees without one."""
_PHONES: Final = ("attendeePhoneNumber", "phone", "smsReminderNumber")


def event_of_payload(payload: BookingPayload, default_status: EventStatus, at_ms: int) -> CalendarEvent:
    """Return the event of a booking in a webhook; `default_status` applies if the payload has no status."""
    end = payload.endTime or payload.startTime + (payload.length or 0) * _MINUTE
    start_minute, end_minute = minutes_containing(payload.startTime, end)
    return CalendarEvent(
        uid=payload.uid,
        status=default_status if default_status.is_over else _STATUSES.get(payload.status.casefold(), default_status),
        start=start_minute,
        end=end_minute,
        at_ms=at_ms,
        hosts=host_references([payload.organizer, *payload.team.members]),
        series=payload.iCalUID,
        sequence=payload.iCalSequence,
        event_type_id=payload.eventTypeId or None,
        replaces=payload.rescheduleUid,
        customer=_customer(payload.attendees, payload.responses),
        visit=_visit(payload.location, payload.additionalNotes or _response(payload.responses, "notes")),
        booking_id=_booking_id(payload.metadata),
    )


def event_of_output(output: BookingOutput) -> CalendarEvent:
    """Return the event of a booking in an API response, as of its last update."""
    start, end = minutes_containing(output.start, output.end)
    status = _STATUSES.get(output.status.casefold(), EventStatus.PENDING)
    if status.is_over and output.rescheduledToUid:
        status = EventStatus.REPLACED
    updated_at = output.updatedAt or output.createdAt or _EPOCH
    return CalendarEvent(
        uid=output.uid,
        status=status,
        start=start,
        end=end,
        at_ms=milliseconds(updated_at),
        hosts=host_references(output.hosts),
        series=output.icsUid,
        event_type_id=output.eventType.id or output.eventTypeId or None,
        replaces=output.rescheduledFromUid,
        customer=_customer(output.attendees, output.bookingFieldsResponses),
        visit=_visit(output.location, _response(output.bookingFieldsResponses, "notes")),
        booking_id=_booking_id(output.metadata),
    )


def event_of_absence(absence: Absence, at_ms: int) -> CalendarEvent:
    """Return the event of an out-of-office entry."""
    start, end = minutes_containing(absence.start, absence.end)
    return CalendarEvent(
        uid=f"ooo:{absence.uuid or absence.id}",
        status=EventStatus.ACCEPTED,
        kind=EventKind.ABSENCE,
        start=start,
        end=end,
        at_ms=at_ms,
        hosts=host_references([absence.user]),
    )


def no_show_of(uid: str, attendees: Sequence[Person], at_ms: int) -> NoShow | None:
    """Return the no-show report of a booking; None: no attendee has a no-show flag."""
    flags = [attendee.noShow for attendee in attendees if attendee.noShow is not None]
    return NoShow(uid=uid, is_no_show=all(flags), at_ms=at_ms) if flags else None


def minutes_containing(start: datetime, end: datetime) -> Interval:
    """Return the shortest interval of whole minutes that contains a time span; at least one minute."""
    first = (_aware(start) - _EPOCH) // _MINUTE
    return first, max(first + 1, -((_EPOCH - _aware(end)) // _MINUTE))


def milliseconds(instant: datetime) -> int:
    """Return an instant in milliseconds since the Unix epoch."""
    return (_aware(instant) - _EPOCH) // timedelta(milliseconds=1)


def format_ms(ms: int) -> str:
    """Format milliseconds since the Unix epoch like Cal.com: UTC in ISO 8601 with milliseconds."""
    instant = _EPOCH + timedelta(milliseconds=ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_minute(minute: int) -> str:
    """Format minutes since the Unix epoch like Cal.com."""
    return format_ms(minute * MS_PER_MINUTE)


def host_references(people: Sequence[Person]) -> tuple[HostReference, ...]:
    """Return the references of hosts, in order and without duplicates."""
    references = [
        HostReference(email=person.email.casefold(), user_id=person.id)
        for person in people
        if person.email or person.id
    ]
    return tuple(dict.fromkeys(references))


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _customer(attendees: Sequence[Person], responses: Mapping[str, Any]) -> Customer | None:
    first = attendees[0] if attendees else Person()
    email = first.email or _response(responses, "email")
    phone = first.phoneNumber or next(filter(None, (_response(responses, name) for name in _PHONES)), "")
    name = first.name or _response(responses, "name")
    if not (name or email or phone):
        return None
    return Customer(
        name=name or email or phone, phone=phone, email="" if email.endswith(_PLACEHOLDER_DOMAINS) else email
    )


def _visit(location: str, notes: Notes) -> Visit:
    is_place = location != "" and not location.startswith(_NOT_A_PLACE)
    return Visit(address=location if is_place else "", notes=notes)


def _response(responses: Mapping[str, Any], name: str) -> str:
    """Return the response to a booking field, which is a string or an object with a label and a value."""
    response = responses.get(name)
    if isinstance(response, dict):
        response = response.get("value")
    return Person(name=response).name if isinstance(response, str) else ""


def _booking_id(metadata: Mapping[str, Any]) -> str:
    return Person.model_validate({"name": metadata.get(BOOKING_KEY)}).name
