"""What the command line does with single bookings and with customers."""

from enum import StrEnum

from slotmcp.bootstrap import open_app
from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.errors import NotFound
from slotmcp.services.lookups import BookAnswer, FindRequest, FoundBooking
from slotmcp.settings import Settings
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint


class Outcome(StrEnum):
    """What came of a visit, as --status takes it."""

    COMPLETED = "completed"
    NO_SHOW = "no-show"


_STATUS = {Outcome.COMPLETED: BookingStatus.COMPLETED, Outcome.NO_SHOW: BookingStatus.NO_SHOW}


async def show(settings: Settings, project_id: str | None, booking_id: str, *, with_customer: bool = False) -> str:
    """How a booking stands, and on request whose it is.

    Raises:
        NotFound: there is none.
    """
    async with open_app(settings) as app:
        answer = await app.bookings.find_bookings(FindRequest(project_id=project_id, booking_id=booking_id))
    if not answer.found:
        raise NotFound("bookingId", f"There is no booking {booking_id!r} in {answer.project.id}.")
    told = _told(answer.found[0], Viewpoint.of(answer.project, answer.now_ms))
    return f"{told}\n{_whose(answer.found[0].booking)}" if with_customer else told


async def tell(settings: Settings, project_id: str | None, booking_id: str, outcome: Outcome) -> str:
    """Say what came of a visit, and how the booking stands now."""
    async with open_app(settings) as app:
        answer = await app.bookings.set_booking_status(project_id, booking_id, _STATUS[outcome])
    return _told(_found(answer), Viewpoint.of(answer.project, answer.now_ms))


async def forget(settings: Settings, project_id: str | None, reference: str) -> str:
    """Erase a customer, and tell from how much; not whom."""
    async with open_app(settings) as app:
        answer = await app.customers.forget(project_id, reference)
    if not answer.erased:
        return f"Nobody is known by that in {answer.project.id}; nothing was erased."
    count = "1 booking or wait" if answer.erased == 1 else f"{answer.erased} bookings and waits"
    return f"Erased from {count} in {answer.project.id}. Times, technicians and services stay."


def _found(answer: BookAnswer) -> FoundBooking:
    return FoundBooking(booking=answer.booking, service=answer.service, technician=answer.technician, is_upcoming=False)


def _told(found: FoundBooking, view: Viewpoint) -> str:
    booking = found.booking
    when = label(view.local(booking.claim.start), view.voice)
    lines = [f"{booking.id}: {found.service.name}, {when}, with {found.technician.name}: {_plain(booking.status)}."]
    if booking.attention:
        lines.append(f"Needs attention: {booking.attention}")
    return "\n".join(lines)


def _whose(booking: Booking) -> str:
    """Whom to call, and where to go."""
    if booking.customer is None:
        return "Of its customer nothing is kept."
    customer, visit = booking.customer, booking.visit
    whom = ", ".join(part for part in (customer.name, customer.phone, customer.email) if part)
    return "\n".join([f"Customer: {whom}", *(part for part in (visit.address, visit.notes) if part)])


def _plain(status: BookingStatus) -> str:
    return status.value.replace("_", "-")
