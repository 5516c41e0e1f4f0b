"""What Cal.com sends, as far as it is of use here. Everything else is passed over, and little is taken for granted.

Facts of https://cal.com/docs/developing/guides/automation/webhooks and of the OpenAPI document of API v2
(docs/api-reference/v2/openapi.json in Cal.com's public tree).
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MOST_CHARACTERS = 500
"""Of a name, a number or an address; notes may be longer."""
MOST_OF_NOTES = 4_000


def _text(given: object) -> str:
    return "".join(one for one in given if one.isprintable() or one == "\n").strip() if isinstance(given, str) else ""


def _number(given: object) -> int | None:
    is_number = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 1 << 53
    return given if is_number and isinstance(given, int) else None


def _named(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _listed(given: object) -> list[dict[str, Any]]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


Words = Annotated[str, BeforeValidator(lambda given: _text(given)[:MOST_CHARACTERS])]
"""Text, bounded and without control characters; "" where there is none, or something else."""
Notes = Annotated[str, BeforeValidator(lambda given: _text(given)[:MOST_OF_NOTES])]
Number = Annotated[int | None, BeforeValidator(_number)]
"""A whole number; None where there is none, or something else."""
Named = Annotated[dict[str, Any], BeforeValidator(_named)]
Uid = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What an event is known by: as it was said, and refused where a database could not keep it."""


class Said(BaseModel):
    """A piece of what Cal.com says: unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Said):
    """A host, or an attendee."""

    id: Number = None
    name: Words = ""
    email: Words = ""
    phoneNumber: Words = ""  # noqa: N815  the wire's
    noShow: bool | None = None  # noqa: N815


People = Annotated[list[Person], BeforeValidator(_listed)]
OnePerson = Annotated[Person, BeforeValidator(_named)]


class Team(Said):
    """Who else takes part."""

    members: People = []


class BookingPayload(Said):
    """A booking, in a webhook."""

    uid: Uid
    startTime: datetime  # noqa: N815
    endTime: datetime | None = None  # noqa: N815
    length: Number = None
    status: Words = ""
    eventTypeId: Number = None  # noqa: N815
    organizer: OnePerson = Person()
    attendees: People = []
    team: Annotated[Team, BeforeValidator(_named)] = Team()
    iCalUID: Words = ""  # noqa: N815
    iCalSequence: Number = None  # noqa: N815
    location: Words = ""
    additionalNotes: Notes = ""  # noqa: N815
    metadata: Named = {}
    responses: Named = {}
    rescheduleUid: Words = ""  # noqa: N815


class NoShowPayload(Said):
    """Whether attendees were there, in a webhook."""

    bookingUid: Uid  # noqa: N815
    attendees: People = []


class Absence(Said):
    """Somebody is out of office."""

    id: Number = None
    uuid: Words = ""
    start: datetime
    end: datetime
    user: OnePerson = Person()


class AbsencePayload(Said):
    """The same, in a webhook."""

    oooEntry: Absence  # noqa: N815


class Envelope(Said):
    """A webhook."""

    triggerEvent: Words = ""  # noqa: N815
    createdAt: datetime | None = None  # noqa: N815
    payload: Named = {}


class EventTypeReference(Said):
    """Of which event type a booking is."""

    id: Number = None


class BookingOutput(Said):
    """A booking, in an answer of the API."""

    uid: Uid
    status: Words
    start: datetime
    end: datetime
    updatedAt: datetime | None = None  # noqa: N815
    createdAt: datetime | None = None  # noqa: N815
    eventTypeId: Number = None  # noqa: N815
    eventType: Annotated[EventTypeReference, BeforeValidator(_named)] = EventTypeReference()  # noqa: N815
    hosts: People = []
    attendees: People = []
    icsUid: Words = ""  # noqa: N815
    location: Words = ""
    metadata: Named = {}
    bookingFieldsResponses: Named = {}  # noqa: N815
    rescheduledFromUid: Words = ""  # noqa: N815
    rescheduledToUid: Words = ""  # noqa: N815


class BusyTimeOutput(Said):
    """A time at which a connected calendar is busy."""

    start: datetime
    end: datetime


class MeOutput(Said):
    """Whose account it is."""

    id: Number = None
    username: Words = ""
