"""Schemas of Cal.com's webhooks and API responses, limited to the keys that slotmcp reads. Most keys are optional.

Sources: https://cal.com/docs/developing/guides/automation/webhooks and the OpenAPI document of API v2
(docs/api-reference/v2/openapi.json in Cal.com's public repository).
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_TEXT_CHARACTERS = 500
"""Maximum length of a name, phone number or address. Longer texts are cut."""
MAX_NOTES_CHARACTERS = 4_000


def _text(raw: object) -> str:
    return "".join(char for char in raw if char.isprintable() or char == "\n").strip() if isinstance(raw, str) else ""


def _number(raw: object) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 1 << 53 else None


def _object(raw: object) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _objects(raw: object) -> list[dict[str, Any]]:
    return [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []


Text = Annotated[str, BeforeValidator(lambda raw: _text(raw)[:MAX_TEXT_CHARACTERS])]
"""Bounded text without control characters; "" replaces any other value."""
Notes = Annotated[str, BeforeValidator(lambda raw: _text(raw)[:MAX_NOTES_CHARACTERS])]
Number = Annotated[int | None, BeforeValidator(_number)]
"""Non-negative whole number below 2**53; None replaces any other value."""
Object = Annotated[dict[str, Any], BeforeValidator(_object)]
Uid = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Uid of a booking, unchanged; rejected if a database could not store it."""


class Schema(BaseModel):
    """Base of all schemas. Unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Schema):
    """Host or attendee."""

    id: Number = None
    name: Text = ""
    email: Text = ""
    phoneNumber: Text = ""  # noqa: N815  Cal.com's name
    noShow: bool | None = None  # noqa: N815
    seatUid: Text = ""  # noqa: N815
    bookingFieldsResponses: Object = {}  # noqa: N815
    """Responses of one attendee, if the event has seats."""


People = Annotated[list[Person], BeforeValidator(_objects)]
OnePerson = Annotated[Person, BeforeValidator(_object)]


class Team(Schema):
    """Other hosts of a team booking."""

    members: People = []


class BookingPayload(Schema):
    """Booking in a webhook."""

    uid: Uid
    startTime: datetime  # noqa: N815
    endTime: datetime | None = None  # noqa: N815
    length: Number = None
    status: Text = ""
    eventTypeId: Number = None  # noqa: N815
    organizer: OnePerson = Person()
    attendees: People = []
    team: Annotated[Team, BeforeValidator(_object)] = Team()
    iCalUID: Text = ""  # noqa: N815
    iCalSequence: Number = None  # noqa: N815
    location: Text = ""
    additionalNotes: Notes = ""  # noqa: N815
    smsReminderNumber: Text = ""  # noqa: N815
    metadata: Object = {}
    responses: Object = {}
    rescheduleUid: Text = ""  # noqa: N815
    seatsPerTimeSlot: Number = None  # noqa: N815
    seatReferenceUid: Text = ""  # noqa: N815
    attendeeSeatId: Text = ""  # noqa: N815
    cancelledBy: Text = ""  # noqa: N815

    @property
    def has_seats(self) -> bool:
        """True for a booking of an event type with seats."""
        return bool(self.seatsPerTimeSlot or self.seatReferenceUid or self.attendeeSeatId)

    @property
    def is_of_one_seat(self) -> bool:
        """True if a cancellation concerns one attendee, or may do so.

        Older versions of Cal.com do not name the seat. They report the attendee who left in place of all attendees.
        """
        is_unnamed_seat = self.has_seats and len(self.attendees) == 1 and not self.cancelledBy
        return bool(self.seatReferenceUid or self.attendeeSeatId) or is_unnamed_seat


class NoShowPayload(Schema):
    """No-show flags of a booking's attendees in a webhook."""

    bookingUid: Uid  # noqa: N815
    attendees: People = []


class Absence(Schema):
    """Out-of-office entry of a user."""

    id: Number = None
    uuid: Text = ""
    start: datetime
    end: datetime
    user: OnePerson = Person()


class AbsencePayload(Schema):
    """Out-of-office entry in a webhook."""

    oooEntry: Absence  # noqa: N815


class Envelope(Schema):
    """Body of a webhook: the trigger, its time, and a payload that depends on the trigger."""

    triggerEvent: Text = ""  # noqa: N815
    createdAt: datetime | None = None  # noqa: N815
    payload: Object = {}


class EventTypeReference(Schema):
    """Event type of a booking."""

    id: Number = None


class BookingOutput(Schema):
    """Booking in a response of the API."""

    uid: Uid
    status: Text
    start: datetime
    end: datetime
    updatedAt: datetime | None = None  # noqa: N815
    createdAt: datetime | None = None  # noqa: N815
    eventTypeId: Number = None  # noqa: N815
    eventType: Annotated[EventTypeReference, BeforeValidator(_object)] = EventTypeReference()  # noqa: N815
    hosts: People = []
    attendees: People = []
    icsUid: Text = ""  # noqa: N815
    location: Text = ""
    metadata: Object = {}
    bookingFieldsResponses: Object = {}  # noqa: N815
    rescheduledFromUid: Text = ""  # noqa: N815
    rescheduledToUid: Text = ""  # noqa: N815


class BusyTimeOutput(Schema):
    """Busy time of a connected calendar."""

    start: datetime
    end: datetime


class MeOutput(Schema):
    """User of the account."""

    id: Number = None
    username: Text = ""
