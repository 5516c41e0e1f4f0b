"""From Cal.com's words to ours."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from slotmcp.calcom.schemas import Absence, BookingOutput, BookingPayload, Notes, Person
from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.calendar import CalendarEvent, EventKind, EventStatus, HostReference, NoShow
from slotmcp.domain.interval import MS_PER_MINUTE, Interval

PROJECT_KEY: Final = "slotmcpProject"
BOOKING_KEY: Final = "slotmcpBooking"
"""Metadata of ours, by which a booking that was made here is known again."""

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
_NO_PLACE: Final = ("integrations:", "http://", "https://", "+")
"""How a location begins that is nowhere to go to: a video call, or a telephone number."""
_STAND_INS: Final = ("@sms.cal.com",)
"""How an address ends that Cal.com gave to somebody who gave none."""
_PHONES: Final = ("attendeePhoneNumber", "phone", "smsReminderNumber")


def event_of_payload(payload: BookingPayload, usual: EventStatus, at_ms: int) -> CalendarEvent:
    """A webhook's booking. `usual` is its status where it does not say."""
    end = payload.endTime or payload.startTime + (payload.length or 0) * _MINUTE
    start_minute, end_minute = span(payload.startTime, end)
    return CalendarEvent(
        uid=payload.uid,
        status=usual if usual.is_over else _STATUSES.get(payload.status.casefold(), usual),
        start=start_minute,
        end=end_minute,
        at_ms=at_ms,
        hosts=hosts([payload.organizer, *payload.team.members]),
        series=payload.iCalUID,
        sequence=payload.iCalSequence,
        event_type_id=payload.eventTypeId or None,
        replaces=payload.rescheduleUid,
        customer=_customer(payload.attendees, payload.responses),
        visit=_visit(payload.location, payload.additionalNotes or _answer(payload.responses, "notes")),
        booking_id=_own(payload.metadata),
    )


def event_of_output(output: BookingOutput) -> CalendarEvent:
    """The API's booking. It was said when it was updated."""
    start, end = span(output.start, output.end)
    status = _STATUSES.get(output.status.casefold(), EventStatus.PENDING)
    if status.is_over and output.rescheduledToUid:
        status = EventStatus.REPLACED
    said_at = output.updatedAt or output.createdAt or _EPOCH
    return CalendarEvent(
        uid=output.uid,
        status=status,
        start=start,
        end=end,
        at_ms=milliseconds(said_at),
        hosts=hosts(output.hosts),
        series=output.icsUid,
        event_type_id=output.eventType.id or output.eventTypeId or None,
        replaces=output.rescheduledFromUid,
        customer=_customer(output.attendees, output.bookingFieldsResponses),
        visit=_visit(output.location, _answer(output.bookingFieldsResponses, "notes")),
        booking_id=_own(output.metadata),
    )


def event_of_absence(absence: Absence, at_ms: int) -> CalendarEvent:
    """Somebody who is out of office."""
    start, end = span(absence.start, absence.end)
    return CalendarEvent(
        uid=f"ooo:{absence.uuid or absence.id}",
        status=EventStatus.ACCEPTED,
        kind=EventKind.ABSENCE,
        start=start,
        end=end,
        at_ms=at_ms,
        hosts=hosts([absence.user]),
    )


def no_show_of(uid: str, attendees: Sequence[Person], at_ms: int) -> NoShow | None:
    """Whether the customer was there; None: it does not say."""
    said = [one.noShow for one in attendees if one.noShow is not None]
    return NoShow(uid=uid, is_no_show=all(said), at_ms=at_ms) if said else None


def span(start: datetime, end: datetime) -> Interval:
    """Whole minutes that hold a time; at least one."""
    first = (_aware(start) - _EPOCH) // _MINUTE
    return first, max(first + 1, -((_EPOCH - _aware(end)) // _MINUTE))


def milliseconds(instant: datetime) -> int:
    """Milliseconds since the epoch."""
    return (_aware(instant) - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds_since: int) -> str:
    """Milliseconds since the epoch as Cal.com writes an instant."""
    instant = _EPOCH + timedelta(milliseconds=milliseconds_since)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute(minutes_since: int) -> str:
    """A minute as Cal.com writes an instant."""
    return moment(minutes_since * MS_PER_MINUTE)


def hosts(people: Sequence[Person]) -> tuple[HostReference, ...]:
    """Who leads it, and who takes part, each once."""
    known = [HostReference(email=one.email.casefold(), user_id=one.id) for one in people if one.email or one.id]
    return tuple(dict.fromkeys(known))


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _customer(attendees: Sequence[Person], responses: Mapping[str, Any]) -> Customer | None:
    first = attendees[0] if attendees else Person()
    email = first.email or _answer(responses, "email")
    phone = first.phoneNumber or next(filter(None, (_answer(responses, name) for name in _PHONES)), "")
    name = first.name or _answer(responses, "name")
    if not (name or email or phone):
        return None
    return Customer(name=name or email or phone, phone=phone, email="" if email.endswith(_STAND_INS) else email)


def _visit(location: str, notes: Notes) -> Visit:
    is_place = location != "" and not location.startswith(_NO_PLACE)
    return Visit(address=location if is_place else "", notes=notes)


def _answer(responses: Mapping[str, Any], name: str) -> str:
    """What was typed into a form's field, which is told bare or with its label."""
    given = responses.get(name)
    if isinstance(given, dict):
        given = given.get("value")
    return Person(name=given).name if isinstance(given, str) else ""


def _own(metadata: Mapping[str, Any]) -> str:
    return Person.model_validate({"name": metadata.get(BOOKING_KEY)}).name
