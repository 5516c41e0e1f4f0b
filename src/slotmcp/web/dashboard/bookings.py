"""Booking page: details, and the forms that move, cancel or complete a booking."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from slotmcp.domain.booking import TRANSITIONS, Booking, BookingStatus
from slotmcp.domain.errors import InvalidArgument, NotFound, PickAnother, SlotmcpError, StartOver
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import Moment, WallTime
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.appointments import StartRequest
from slotmcp.services.callers import current_origin
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.lookups import FindAnswer, FindRequest, FoundBooking
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.traces import REASON_PHRASES
from slotmcp.web.dashboard.labels import attention_label, format_clock, format_minute
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute

NO_BOOKING: Final = "This project has no booking with that ID."
_STATUS: Final = {
    BookingStatus.CONFIRMED: "Confirmed",
    BookingStatus.RESCHEDULED: "Confirmed (rescheduled)",
    BookingStatus.CANCELLED: "Canceled",
    BookingStatus.COMPLETED: "Completed",
    BookingStatus.NO_SHOW: "No-show",
}
_OUTCOMES: Final = {"completed": BookingStatus.COMPLETED, "no_show": BookingStatus.NO_SHOW}
_DONE: Final = {
    "moved": "Booking moved.",
    "cancelled": "Booking canceled. Its time is available again.",
    "outcome": "Outcome saved.",
}
_MAX_MINUTE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveForm:
    """Requested new time of a booking."""

    start: Moment
    technician_id: str
    """Required technician; empty: the current one if possible, or else any other."""

    @classmethod
    def parse(cls, request: DashboardRequest) -> "MoveForm":
        """Read the form's fields.

        Raises:
            InvalidArgument.
        """
        return cls(start=_start(request), technician_id=request.field("technician"))


async def show(request: DashboardRequest) -> Response:
    """Show the page."""
    return await _page(request, await _find(request))


async def move(request: DashboardRequest) -> Response:
    """Move the booking, then show the board of its new day, or this page with the reasons of a refusal."""
    answer = await _find(request)
    booking = answer.found[0].booking
    try:
        form = MoveForm.parse(request)
        await _reschedule(request, booking, form)
    except PickAnother as error:
        reasons = await _refusal_reasons(request, booking, form)
        return await _page(request, answer, problem=error, reasons=reasons, status=409)
    except (StartOver, InvalidArgument, NotFound) as error:
        return await _page(request, answer, problem=error, status=409)
    if request.field("back") != "board":
        return request.redirect(request.url("bookings", booking.id) + "?done=moved")
    moved = (await _find(request)).found[0].booking
    day = utc_to_wall(answer.project.timezone, moved.claim.start).date()
    return request.redirect(f"{request.url()}?day={day}&moved={booking.id}")


async def cancel(request: DashboardRequest) -> Response:
    """Cancel the booking."""
    cancel_request = CancelRequest(
        booking_id=_booking_id(request), project_id=request.project_id, reason=request.field("reason")
    )
    return await _change(request, lambda: request.app.bookings.cancel_booking(cancel_request), "cancelled")


async def set_outcome(request: DashboardRequest) -> Response:
    """Mark the booking as completed or as a no-show."""
    status = _OUTCOMES.get(request.field("status"))
    if status is None:
        raise InvalidArgument("status", f"give one of {', '.join(_OUTCOMES)}.")
    bookings = request.app.bookings
    return await _change(
        request, lambda: bookings.set_booking_status(request.project_id, _booking_id(request), status), "outcome"
    )


ROUTES: Final = (
    PageRoute(path="/bookings/{booking}", handler=show),
    PageRoute(path="/bookings/{booking}/move", handler=move, is_form=True),
    PageRoute(path="/bookings/{booking}/cancel", handler=cancel, is_form=True),
    PageRoute(path="/bookings/{booking}/status", handler=set_outcome, is_form=True),
)


async def _change(request: DashboardRequest, change: Callable[[], Awaitable[object]], done: str) -> Response:
    """Apply a change, then show the page with a confirmation or with the error."""
    answer = await _find(request)
    try:
        await change()
    except InvalidArgument as error:
        return await _page(request, answer, problem=error, status=409)
    return request.redirect(f"{request.url('bookings', _booking_id(request))}?done={done}")


def _booking_id(request: DashboardRequest) -> str:
    return str(request.http.path_params["booking"])


async def _find(request: DashboardRequest) -> FindAnswer:
    find_request = FindRequest(project_id=request.project_id, booking_id=_booking_id(request))
    answer = await request.app.bookings.find_bookings(find_request)
    if not answer.found:
        raise NotFound("bookingId", NO_BOOKING)
    return answer


async def _page(
    request: DashboardRequest,
    answer: FindAnswer,
    *,
    problem: SlotmcpError | None = None,
    reasons: Sequence[str] = (),
    status: int = 200,
) -> Response:
    found, zone_key = answer.found[0], answer.project.timezone
    booking = found.booking
    start = utc_to_wall(zone_key, booking.claim.start)
    technicians = (await request.app.technicians.list_technicians(request.project_id)).technicians
    return request.page(
        "booking.html",
        status=status,
        found=found,
        title=booking.customer.name if booking.customer else found.service.name,
        when=f"{start:%a %b} {start.day}, "
        f"{format_clock(zone_key, booking.claim.start)} to {format_clock(zone_key, booking.claim.end)}",
        status_label=_STATUS[booking.status],
        day=f"{start:%Y-%m-%d}",
        date=request.field("date") or f"{start:%Y-%m-%d}",
        time=request.field("time") or f"{start:%H:%M}",
        answers=_answers(found),
        technicians=[load.technician for load in technicians],
        attention=attention_label(booking.attention),
        can_change=BookingStatus.CANCELLED in TRANSITIONS[booking.status] and not booking.is_over(answer.now_ms),
        outcomes=_possible_outcomes(found, answer.now_ms),
        done=_DONE.get(request.query("done"), ""),
        problem=problem.message if problem else "",
        reasons=reasons,
        alternatives=_alternatives(problem, zone_key),
        requested_technician=request.field("technician"),
    )


def _answers(found: FoundBooking) -> list[tuple[str, str]]:
    """Return each answer after its question. A question that the service no longer has is shown by its id."""
    asks = {question.id: question.ask for question in found.service.questions}
    return [(asks.get(answer.question_id, answer.question_id), answer.text) for answer in found.booking.answers]


def _possible_outcomes(found: FoundBooking, now_ms: int) -> list[str]:
    """Return the outcomes that can be set; none before the booking begins."""
    if found.booking.claim.start * MS_PER_MINUTE > now_ms:
        return []
    return [name for name, status in _OUTCOMES.items() if status in TRANSITIONS[found.booking.status]]


def _alternatives(problem: SlotmcpError | None, zone_key: str) -> list[tuple[int, str]]:
    """Return the starts, with labels, that are available instead of the requested one."""
    offer = problem.alternatives if isinstance(problem, PickAnother) else None
    return [(slot.start, format_minute(zone_key, slot.start)) for slot in (offer.slots if offer else ())]


async def _reschedule(request: DashboardRequest, booking: Booking, form: MoveForm) -> None:
    """Move a booking, with another technician only through a hold, which fixes the technician.

    Raises:
        InvalidArgument, NotFound, SlotUnavailable, HoldExpired, Unavailable.
    """
    app, project_id = request.app, request.project_id
    if form.technician_id in {"", booking.claim.technician_id}:
        await app.bookings.reschedule_booking(
            RescheduleRequest(booking_id=booking.id, project_id=project_id, start=form.start, origin=current_origin())
        )
        return
    held = await app.holds.create_hold(
        HoldRequest(
            project_id=project_id,
            booking_id=booking.id,
            start=form.start,
            technician_id=form.technician_id,
            customer_reference="",
            origin=current_origin(),
        )
    )
    token = held.hold.token
    try:
        await app.bookings.reschedule_booking(
            RescheduleRequest(booking_id=booking.id, project_id=project_id, hold_token=token, origin=current_origin())
        )
    except SlotmcpError:
        await app.holds.release_hold(project_id, token)
        raise


async def _refusal_reasons(request: DashboardRequest, booking: Booking, form: MoveForm) -> list[str]:
    """Explain why the requested technician, or each technician, cannot take the booking.

    Raises:
        InvalidArgument, NotFound, Unavailable.
    """
    claim = booking.claim
    start_request = StartRequest(
        project_id=request.project_id,
        service_id=claim.service_id,
        start=form.start,
        duration_minutes=claim.end - claim.start,
        location=claim.location,
    )
    answer = await request.app.explanations.explain_slot(start_request, instead_of=claim)
    return [
        f"{answer.technicians[verdict.technician_id].name} {REASON_PHRASES[verdict.reason]}."
        for verdict in answer.explanation.technicians
        if verdict.reason is not None and form.technician_id in {"", verdict.technician_id}
    ]


def _start(request: DashboardRequest) -> Moment:
    """Read a UTC minute from the board, or a local date and time from the form."""
    if minute := request.field("minute"):
        if not minute.isdecimal():
            raise InvalidArgument("minute", "give whole minutes since 1970.")
        return int(minute[:_MAX_MINUTE_DIGITS])
    try:
        return WallTime(datetime.fromisoformat(f"{request.field('date')}T{request.field('time')}").replace(tzinfo=None))
    except ValueError:
        raise InvalidArgument("start", "give a date and a time, such as 2026-11-26 and 14:30.") from None
