"""Tool that corrects a booking."""

from typing import Annotated

from pydantic import Field

from slotmcp.services.app import App
from slotmcp.services.callers import current_origin
from slotmcp.services.corrections import UpdateAnswer, UpdateRequest
from slotmcp.tools import arguments, texts
from slotmcp.tools.answers import Answers
from slotmcp.tools.speech import bookings as sentences
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import IDEMPOTENT, tool
from slotmcp.tools.views import BriefBookingView, ClockedResponse, show_booking, show_clock


class UpdateBooking(arguments.ProjectArguments):
    """Arguments of update_booking."""

    booking_id: arguments.BookingId
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    customer_name: Annotated[str, arguments.Text(200, texts.read_name)] = Field("", description="Corrected")
    new_phone: arguments.Phone = Field("", description="Corrected")
    new_email: arguments.Email = Field("", description="Corrected")
    address: Annotated[str, arguments.Text(500, multiline=True)] = Field("", description="Corrected")
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    notes: Annotated[str, arguments.Text(2000, multiline=True)] = Field("", description="All of them")
    answers: Answers = ()
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""


class UpdateResponse(ClockedResponse):
    """Response of update_booking."""

    booking: BriefBookingView
    replayed: bool


@tool("Correct a booking", IDEMPOTENT, search_hint="correct appointment details")
async def update_booking(app: App, args: UpdateBooking) -> UpdateResponse:
    """Change the details of an appointment: name, phone number, email, address, location, notes or answers.

    Use it instead of booking again. phone or email prove whose booking it is; new ones go into newPhone and
    newEmail. What you leave out stays. Returns the corrected booking. Safe to retry. For another time, use
    reschedule_booking.
    """
    request = UpdateRequest(
        project_id=args.project_id,
        booking_id=args.booking_id,
        name=args.customer_name,
        new_phone=args.new_phone,
        new_email=args.new_email,
        address=args.address,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        notes=args.notes,
        answers=args.answers,
        origin=current_origin(),
        phone=args.phone,
        email=args.email,
    )
    answer = await app.bookings.update_booking(request)
    booked = answer.booked
    view = Viewpoint.of(booked.project, booked.now_ms, timezone=args.timezone, locale=args.locale)
    return {
        "result": _describe(answer, view),
        "note": view.note,
        "booking": show_booking(booked.booking, booked.technician, view),
        "replayed": booked.replayed,
        "clock": show_clock(view),
    }


def _describe(answer: UpdateAnswer, view: Viewpoint) -> str:
    booked = answer.booked
    appointment = sentences.BookingDetails(booked.booking.claim.start, booked.service, booked.technician.name)
    if booked.replayed:
        return sentences.already_so(appointment, view)
    return sentences.corrected(appointment, view, needs_check=answer.needs_attention)
