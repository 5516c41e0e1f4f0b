"""Changes of mind: finding a booking, moving it, calling it off."""

from typing import Annotated, Final

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import WallTime
from slotmcp.services.app import App
from slotmcp.services.current_principal import current_credential, scoped_key
from slotmcp.services.lookups import BookAnswer, FindAnswer, FindRequest
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.tools.arguments import ID, KEY, LOCALE, SECRET, TIME, ZONE, ProjectArguments, Text, read_email, read_phone
from slotmcp.tools.bookings import BookingView, BriefBookingView, show_booking, show_briefly
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import bookings
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import DESTRUCTIVE, IDEMPOTENT, READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, show_clock

_NOBODY_CAME: Final = frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})


class FindBookings(ProjectArguments):
    """What find_bookings is asked."""

    phone: Annotated[str, Text(40, read_phone)] = Field("", description="One of the four; any notation")
    email: Annotated[str, Text(254, read_email)] = Field("", description="One of the four")
    customer_hash: Annotated[str, Text(256)] = Field("", description="One of the four: as given to create_hold")
    booking_id: Annotated[str, ID] = Field("", description="One of the four")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class RescheduleBooking(ProjectArguments):
    """What reschedule_booking is asked."""

    booking_id: Annotated[str, ID] = Field(description="From find_bookings or book_slot")
    start: Annotated[Minute | WallTime, TIME] | None = Field(None, description="The new start, as get_slots gave it")
    hold_token: Annotated[str, SECRET] = Field("", description="Instead of start, if create_hold kept it")
    idempotency_key: Annotated[str, KEY] = Field("", description="Same on a retry, else new")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class CancelBooking(ProjectArguments):
    """What cancel_booking is asked."""

    booking_id: Annotated[str, ID] = Field(description="From find_bookings or book_slot")
    reason: Annotated[str, Text(500, multiline=True)] = Field("", description="If the caller gave one")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class FoundView(BriefBookingView):
    """A booking that was looked for."""

    upcoming: bool


class FindResponse(ClockedResponse):
    """What find_bookings answers: those to come by start, then the others, the latest first."""

    bookings: list[FoundView]


class PreviousView(TypedDict):
    """When a booking was before, and with whom."""

    start: str
    end: str
    technicianId: str


class RescheduleResponse(ClockedResponse):
    """What reschedule_booking answers."""

    booking: BookingView
    previous: PreviousView
    replayed: bool


class CancelResponse(ClockedResponse):
    """What cancel_booking answers."""

    booking: BriefBookingView


@tool("Find bookings", READ_ONLY)
async def find_bookings(app: App, args: FindBookings) -> FindResponse:
    """Find the caller's bookings by phone, email, customerHash or bookingId: those to come first, then past ones."""
    answer = await app.bookings.find_bookings(
        FindRequest(
            project_id=args.project_id,
            booking_id=args.booking_id,
            phone=args.phone,
            email=args.email,
            customer_reference=args.customer_hash,
        )
    )
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    return {
        "result": _say_found(answer, view),
        "note": view.note,
        "bookings": [
            {**show_briefly(one.booking, one.technician, view), "upcoming": one.is_upcoming} for one in answer.found
        ],
        "clock": show_clock(view),
    }


@tool("Reschedule a booking", IDEMPOTENT)
async def reschedule_booking(app: App, args: RescheduleBooking) -> RescheduleResponse:
    """Move a booking to another start from get_slots. If that cannot be had, the booking stays as it was.

    Keeps its technician where possible. Safe to retry with the same arguments.
    """
    answer = await app.bookings.reschedule_booking(
        RescheduleRequest(
            project_id=args.project_id,
            booking_id=args.booking_id,
            start=args.start,
            hold_token=args.hold_token,
            timezone=args.timezone,
            idempotency_key=scoped_key(args.idempotency_key),
            credential=current_credential(),
        )
    )
    return _show_moved(
        answer,
        Viewpoint.of(answer.booked.project, answer.booked.now_ms, timezone=args.timezone, locale=args.locale),
    )


@tool("Cancel a booking", DESTRUCTIVE)
async def cancel_booking(app: App, args: CancelBooking) -> CancelResponse:
    """Cancel a booking for good, once the caller has confirmed which. For another time, use reschedule_booking."""
    answer = await app.bookings.cancel_booking(
        CancelRequest(project_id=args.project_id, booking_id=args.booking_id, reason=args.reason)
    )
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    return {
        "result": bookings.cancelled(answer.booking.claim.start, view, service=answer.service.name),
        "note": view.note,
        "booking": show_briefly(answer.booking, answer.technician, view),
        "clock": show_clock(view),
    }


def _say_found(answer: FindAnswer, view: Viewpoint) -> str:
    to_come = [one for one in answer.found if one.is_upcoming]
    if not to_come:
        return _say_past(answer, view)
    start, names = to_come[0].booking.claim.start, (to_come[0].service.name, to_come[0].technician.name)
    if len(to_come) == 1:
        return bookings.one_found(start, view, service=names[0], technician=names[1])
    return bookings.several_found(len(to_come), start, view, service=names[0], technician=names[1])


def _say_past(answer: FindAnswer, view: Viewpoint) -> str:
    if not answer.found:
        return bookings.none_found(view)
    last = next((one for one in answer.found if one.booking.status not in _NOBODY_CAME), None)
    if last is None:
        return bookings.none_to_come(view)
    return bookings.last_found(
        last.booking.claim.start, view, service=last.service.name, technician=last.technician.name
    )


def _show_moved(answer: RescheduleAnswer, view: Viewpoint) -> RescheduleResponse:
    previous = answer.previous
    return {
        "result": _say_moved(answer, answer.booked, view),
        "note": view.note,
        "booking": show_booking(answer.booked, view),
        "previous": {
            "start": write_utc(previous.start),
            "end": write_utc(previous.end),
            "technicianId": previous.technician_id,
        },
        "replayed": answer.booked.replayed,
        "clock": show_clock(view),
    }


def _say_moved(answer: RescheduleAnswer, booked: BookAnswer, view: Viewpoint) -> str:
    start, before = booked.booking.claim.start, answer.previous.start
    service, technician = booked.service.name, booked.technician.name
    if booked.is_cancelled:
        return bookings.cancelled(start, view, service=service)
    if start == before:
        return bookings.not_moved(start, view, service=service, technician=technician)
    if answer.previous_technician.id == booked.technician.id:
        return bookings.moved(start, before, view, service=service, technician=technician)
    return bookings.moved_to_another(
        start,
        before,
        view,
        service=service,
        technicians=(technician, answer.previous_technician.name),
    )
