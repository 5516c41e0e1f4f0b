"""Selling an appointment."""

from typing import Annotated, Final, Literal, NotRequired, assert_never

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.booking import AssignmentReason, Booking, Customer, Visit
from slotmcp.domain.catalog import RankingKey, Technician
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import WallTime
from slotmcp.services.app import App
from slotmcp.services.appointments import MAX_DURATION_MINUTES
from slotmcp.services.bookings import BookRequest
from slotmcp.services.current_principal import current_credential, scoped_key
from slotmcp.services.lookups import BookAnswer
from slotmcp.tools.arguments import (
    ID,
    KEY,
    LATITUDE,
    LOCALE,
    LONGITUDE,
    SECRET,
    TIME,
    ZONE,
    ProjectArguments,
    Text,
    WholeNumber,
    read_email,
    read_location,
    read_phone,
)
from slotmcp.tools.speech import bookings, sentences
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import IDEMPOTENT, tool
from slotmcp.tools.views import ClockedResponse, TimeView, show_clock, show_time


class BookSlot(ProjectArguments):
    """What book_slot is asked."""

    customer_name: Annotated[str, Text(200)] = Field(description="As the caller gave it")
    customer_phone: Annotated[str, Text(40, read_phone)] = Field("", description="Or customerEmail, or both")
    customer_email: Annotated[str, Text(254, read_email)] = Field("", description="Or customerPhone, or both")
    hold_token: Annotated[str, SECRET] = Field("", description="From create_hold; else serviceType and start")
    service_type: Annotated[str, ID] | None = Field(None, description="Without a holdToken: as asked of get_slots")
    start: Annotated[Minute | WallTime, TIME] | None = Field(
        None, description="Without a holdToken: as get_slots gave it"
    )
    end: Annotated[Minute | WallTime, TIME] | None = Field(None, description="The slot's end, or durationMinutes")
    duration_minutes: Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None = Field(
        None, description="If not the service's own"
    )
    technician_id: Annotated[str, ID] | None = Field(None, description="If the caller wants this one")
    idempotency_key: Annotated[str, KEY] = Field("", description="Same on a retry, else new")
    address: Annotated[str, Text(500, multiline=True)] = Field("", description="Where to come")
    latitude: Annotated[float, LATITUDE] | None = Field(None, description="Of the job")
    longitude: Annotated[float, LONGITUDE] | None = Field(None, description="Of the job")
    notes: Annotated[str, Text(2000, multiline=True)] = Field("", description="For the technician")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


_NO_REASON: Final = AssignmentReason(policy=(), values={}, considered=0)


class AssignmentView(TypedDict):
    """Why this technician, as data."""

    policy: list[str]
    considered: int
    wished: bool
    kept: bool
    bookingsThatDay: NotRequired[int]
    priority: NotRequired[int]
    score: NotRequired[int]


class BriefBookingView(TimeView):
    """An appointment, and how it stands. Nothing of its customer."""

    bookingId: str
    status: str
    serviceType: str
    technicianId: str
    technicianName: str


class BookingView(BriefBookingView):
    """An appointment that is made, with why that technician comes."""

    assignmentReason: str
    assignment: AssignmentView


class BookResponse(ClockedResponse):
    """What book_slot answers."""

    booking: BookingView
    replayed: bool


@tool("Book an appointment", IDEMPOTENT)
async def book_slot(app: App, args: BookSlot) -> BookResponse:
    """Book the held start once the caller said yes and gave their name and a phone number or e-mail.

    Safe to retry with the same arguments: it never books twice. Only a booking in the answer is a booking.
    """
    return _show(args, await app.bookings.book_slot(_request(args)))


def _request(args: BookSlot) -> BookRequest:
    return BookRequest(
        customer=Customer(name=args.customer_name, phone=args.customer_phone, email=args.customer_email),
        project_id=args.project_id,
        hold_token=args.hold_token,
        service_id=args.service_type,
        start=args.start,
        end=args.end,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=read_location(args.latitude, args.longitude),
        timezone=args.timezone,
        visit=Visit(address=args.address, notes=args.notes),
        idempotency_key=scoped_key(args.idempotency_key),
        credential=current_credential(),
    )


def _show(args: BookSlot, answer: BookAnswer) -> BookResponse:
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    return {
        "result": _say(answer, view),
        "note": view.note,
        "booking": show_booking(answer, view),
        "replayed": answer.replayed,
        "clock": show_clock(view),
    }


def _say(answer: BookAnswer, view: Viewpoint) -> str:
    start, service = answer.booking.claim.start, answer.service.name
    if answer.is_cancelled:
        return bookings.cancelled(start, view, service=service)
    return sentences.booked(start, view, service=service, technician=answer.technician.name)


def show_booking(answer: BookAnswer, view: Viewpoint) -> BookingView:
    """An appointment, with why that technician comes."""
    reason = answer.booking.reason or _NO_REASON
    return {
        **show_briefly(answer.booking, answer.technician, view),
        "assignmentReason": sentences.assignment_reason(answer.technician.name, reason, view),
        "assignment": _show_assignment(reason),
    }


def show_briefly(booking: Booking, technician: Technician, view: Viewpoint) -> BriefBookingView:
    """An appointment, and how it stands."""
    claim = booking.claim
    return {
        "bookingId": booking.id,
        "status": booking.status.value,
        "serviceType": claim.service_id,
        **show_time(claim.start, claim.end, view),
        "technicianId": technician.id,
        "technicianName": technician.name,
    }


def _show_assignment(reason: AssignmentReason) -> AssignmentView:
    shown: AssignmentView = {
        "policy": [key.value for key in reason.policy],
        "considered": reason.considered,
        "wished": reason.wished,
        "kept": reason.kept,
    }
    for name, value in sorted((_field_of(key), value) for key, value in reason.values.items()):
        shown[name] = value
    return shown


def _field_of(key: RankingKey) -> Literal["bookingsThatDay", "priority", "score"]:
    match key:
        case RankingKey.LOAD:
            return "bookingsThatDay"
        case RankingKey.PRIORITY:
            return "priority"
        case RankingKey.ETA:
            return "score"
        case _:
            assert_never(key)
