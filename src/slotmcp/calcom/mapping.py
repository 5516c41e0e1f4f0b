"""Mapping of Cal.com's bookings and out-of-office entries to calendar events."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from slotmcp.calcom.schemas import Absence, BookingOutput, BookingPayload, Notes, Person
from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.calendar import CalendarEvent, EventKind, EventStatus, HostReference, NoShow, SeatChange
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
_VIDEO_CALL: Final = ("integrations:", "http://", "https://")
"""Prefixes of locations that are video calls."""
_ATTENDEE_PHONE, _HOST_PHONE = "phone", "userPhone"
"""Kinds of location that are phone numbers."""
_LOCATION_KINDS: Final = frozenset(
    {_ATTENDEE_PHONE, _HOST_PHONE, "inPerson", "attendeeInPerson", "somewhereElse", "link", "conferencing"}
)
"""Kinds of location, which Cal.com sends as the location if it has no details."""
_PHONE_NUMBER: Final = re.compile(r"(?:tel:)?(\+[\d\s().\-/]{6,}(?:;ext=\d+)?)(?:;.*)?", re.IGNORECASE)
"""Phone number with a country code, plain or as a URI (RFC 3966)."""
_PLACEHOLDER_EMAIL: Final = re.compile(r"\+?(\d*)@sms\.cal\.com", re.IGNORECASE)
"""Email address that Cal.com generates from the phone number of an attendee without one."""
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
        customer=_customer(payload.attendees, payload.responses, payload.location, payload.smsReminderNumber),
        visit=_visit(
            payload.location, payload.responses, payload.additionalNotes or _response(payload.responses, "notes")
        ),
        booking_id=_booking_id(payload.metadata),
    )


def seat_change_of_cancellation(payload: BookingPayload, at_ms: int) -> SeatChange:
    """Return the change when an attendee cancels a seat. The sequence is dropped, because Cal.com does not store it."""
    event = event_of_payload(payload, EventStatus.ACCEPTED, at_ms)
    return SeatChange(
        left_uid=payload.uid,
        attendee=_customer(payload.attendees, {}, ""),
        event=replace(
            event, status=EventStatus.ACCEPTED, sequence=None, customer=None, visit=replace(event.visit, notes="")
        ),
    )


def seat_change_of_move(event: CalendarEvent) -> SeatChange:
    """Return the change when an attendee moves a seat to another event."""
    return SeatChange(left_uid=event.replaces, attendee=event.customer, event=_of_moved_seat(event))


def event_of_output(output: BookingOutput) -> CalendarEvent:
    """Return the event of a booking in an API response, as of its last update."""
    start, end = minutes_containing(output.start, output.end)
    status = _STATUSES.get(output.status.casefold(), EventStatus.PENDING)
    if status.is_over and output.rescheduledToUid:
        status = EventStatus.REPLACED
    has_seats = any(attendee.seatUid for attendee in output.attendees)
    updated_at = output.updatedAt or output.createdAt or _EPOCH
    responses = output.bookingFieldsResponses or (output.attendees or [Person()])[0].bookingFieldsResponses
    event = CalendarEvent(
        uid=output.uid,
        status=status,
        start=start,
        end=end,
        at_ms=milliseconds(updated_at),
        hosts=host_references(output.hosts),
        series=output.icsUid,
        event_type_id=output.eventType.id or output.eventTypeId or None,
        replaces=output.rescheduledFromUid,
        customer=_customer(output.attendees, responses, output.location),
        visit=_visit(output.location, responses, _response(responses, "notes")),
        booking_id=_booking_id(output.metadata),
    )
    return _of_moved_seat(event) if has_seats and event.replaces not in {"", event.uid} else event


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


def _of_moved_seat(event: CalendarEvent) -> CalendarEvent:
    """Return an event as separate from the one that one attendee moved from."""
    return replace(event, keeps_predecessor=True, series="", sequence=None, booking_id="")


def _customer(
    attendees: Sequence[Person], responses: Mapping[str, Any], location: str, reminder_phone: str = ""
) -> Customer | None:
    """Return the first attendee; None: there is neither a name nor a contact."""
    first = attendees[0] if attendees else Person()
    email = first.email or _response(responses, "email")
    placeholder = _PLACEHOLDER_EMAIL.fullmatch(email)
    phones = (
        first.phoneNumber,
        *(_response(responses, name) for name in _PHONES),
        reminder_phone,
        _phone_of_location(location, responses),
        f"+{placeholder[1]}" if placeholder and placeholder[1] else "",
    )
    phone = next(filter(None, map(_without_scheme, phones)), "")
    email = "" if placeholder else email
    name = first.name or _response(responses, "name") or email or phone
    return Customer(name=name, phone=phone, email=email) if name else None


def _phone_of_location(location: str, responses: Mapping[str, Any]) -> str:
    """Return the customer's phone number if the customer is called there; "" if the host is called, or for a place."""
    kind, details = _location_response(responses)
    if kind == _HOST_PHONE:
        return ""
    if kind == _ATTENDEE_PHONE and details:
        return details
    return next((text for text in (location, details) if _PHONE_NUMBER.fullmatch(text)), "")


def _without_scheme(phone: str) -> str:
    match = _PHONE_NUMBER.fullmatch(phone)
    return match[1].strip() if match else phone


def _location_response(responses: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind of the selected location and the details that were entered for it."""
    response = responses.get("location")
    selected = response.get("value") if isinstance(response, dict) else None
    option = selected if isinstance(selected, dict) else response if isinstance(response, dict) else {}
    return _response(option, "value"), _response(option, "optionValue")


def _visit(location: str, responses: Mapping[str, Any], notes: Notes) -> Visit:
    kind, details = _location_response(responses)
    is_call = location.startswith(_VIDEO_CALL) or _PHONE_NUMBER.fullmatch(location) is not None
    is_phone = kind in {_ATTENDEE_PHONE, _HOST_PHONE} and location == details
    is_place = not (is_call or is_phone or location in _LOCATION_KINDS)
    return Visit(address=location if is_place else "", notes=notes)


def _response(responses: Mapping[str, Any], name: str) -> str:
    """Return the response to a booking field, which is a string or an object with a label and a value."""
    response = responses.get(name)
    if isinstance(response, dict):
        response = response.get("value")
    return Person(name=response).name if isinstance(response, str) else ""


def _booking_id(metadata: Mapping[str, Any]) -> str:
    return Person.model_validate({"name": metadata.get(BOOKING_KEY)}).name
