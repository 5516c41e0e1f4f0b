"""`slotmcp booking`: a single booking."""

from enum import StrEnum
from typing import Annotated

import typer

from slotmcp.cli.common import ProjectOption, run_in_app, start_label
from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.errors import NotFound
from slotmcp.services.lookups import FindRequest
from slotmcp.settings import Settings
from slotmcp.tools.answers import show_answers
from slotmcp.tools.speech.attention import say_attention
from slotmcp.tools.speech.locales import SOURCE
from slotmcp.tools.speech.voice import voice_of


class OutcomeOption(StrEnum):
    """Outcome of a booking, as --status accepts it."""

    COMPLETED = "completed"
    NO_SHOW = "no-show"


_STATUS = {OutcomeOption.COMPLETED: BookingStatus.COMPLETED, OutcomeOption.NO_SHOW: BookingStatus.NO_SHOW}


def booking(
    booking_id: Annotated[
        str, typer.Argument(metavar="BOOKING_ID", help="Booking id, as in the results of find_bookings and book_slot.")
    ],
    *,
    status: Annotated[
        OutcomeOption | None, typer.Option(help="Set the outcome. Without it, only show the booking.")
    ] = None,
    customer: Annotated[bool, typer.Option("--customer", help="Also show the customer's contact and address.")] = False,
    project: ProjectOption = None,
) -> None:
    """Show a booking, or set its outcome. The customer is shown only on request."""
    settings = Settings.load()
    if status and customer:
        raise typer.BadParameter("cannot be combined with --status", param_hint="--customer")
    if status:
        changed = run_in_app(
            lambda app: app.bookings.set_booking_status(project, booking_id, _STATUS[status]), settings
        )
        typer.echo(_describe(changed.booking, changed.service, changed.technician, changed.project, changed.now_ms))
        return
    request = FindRequest(project_id=project, booking_id=booking_id)
    answer = run_in_app(lambda app: app.bookings.find_bookings(request), settings)
    if not answer.found:
        raise NotFound("bookingId", f"There is no booking {booking_id!r} in {answer.project.id}.")
    found = answer.found[0]
    typer.echo(_describe(found.booking, found.service, found.technician, answer.project, answer.now_ms))
    if customer:
        typer.echo(_describe_customer(found.booking))


def _describe(booking: Booking, service: ServiceType, technician: Technician, project: Project, now_ms: int) -> str:
    start, status = start_label(project, booking.claim.start, now_ms), booking.status.value.replace("_", "-")
    sentences = say_attention(booking.attention, voice_of(SOURCE))
    attention = f"\nNeeds attention: {sentences}" if sentences else ""
    return f"{booking.id}: {service.name}, {start}, with {technician.name}: {status}.{attention}"


def _describe_customer(booking: Booking) -> str:
    if booking.customer is None:
        return "No customer data is stored."
    customer, visit = booking.customer, booking.visit
    contact = ", ".join(part for part in (customer.name, customer.phone, customer.email) if part)
    details = [part for part in (visit.address, visit.notes) if part]
    return "\n".join([f"Customer: {contact}", *details, *show_answers(booking.answers)])
