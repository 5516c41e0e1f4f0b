"""A booking: what is known of it, and what can be done about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from slotmcp.domain.booking import TRANSITIONS, BookingStatus
from slotmcp.domain.errors import InvalidArgument, NotFound, PickAnother, SlotmcpError, StartOver
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.finding import FindAnswer, FindRequest, FoundBooking
from slotmcp.services.outcomes import CancelRequest
from slotmcp.web.dashboard.board_views import clock
from slotmcp.web.dashboard.moving import Move, move_booking, why_not
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.when import written

NO_BOOKING: Final = "There is no booking of that id. It may be another business's."
_STATUS: Final = {
    BookingStatus.CONFIRMED: "confirmed",
    BookingStatus.RESCHEDULED: "confirmed, at another time than at first",
    BookingStatus.CANCELLED: "cancelled",
    BookingStatus.COMPLETED: "done",
    BookingStatus.NO_SHOW: "nobody was there",
}
_OUTCOMES: Final = {"completed": BookingStatus.COMPLETED, "no_show": BookingStatus.NO_SHOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A start that can be had instead."""

    minute: int
    words: str


async def show(visit: DashboardRequest) -> Response:
    """The page."""
    return await _page(visit, await _found(visit))


async def move(visit: DashboardRequest) -> Response:
    """Give it another time: back to the day of its new time, or here with what was in the way."""
    found = await _found(visit)
    booking = found.found[0].booking
    try:
        wanted = Move.of(visit)
        await move_booking(visit, booking, wanted)
    except PickAnother as error:
        return await _page(visit, found, problem=error, why=await why_not(visit, booking, wanted), status=409)
    except (StartOver, InvalidArgument, NotFound) as error:
        return await _page(visit, found, problem=error, status=409)
    after = (await _found(visit)).found[0].booking
    if visit.field("back") != "board":
        return visit.go_to(visit.url("bookings", booking.id) + "?done=moved")
    day = utc_to_wall(found.project.timezone, after.claim.start).date()
    return visit.go_to(f"{visit.url()}?day={day}&moved={booking.id}")


async def cancel(visit: DashboardRequest) -> Response:
    """Call it off."""
    request = CancelRequest(booking_id=_id(visit), project_id=visit.project_id, reason=visit.field("reason"))
    return await _changed(visit, lambda: visit.app.bookings.cancel_booking(request), "cancelled")


async def tell(visit: DashboardRequest) -> Response:
    """Say what came of the visit."""
    status = _OUTCOMES.get(visit.field("status"))
    if status is None:
        raise InvalidArgument("status", f"give one of {', '.join(_OUTCOMES)}.")
    return await _changed(
        visit, lambda: visit.app.bookings.set_booking_status(visit.project_id, _id(visit), status), "told"
    )


async def _changed(visit: DashboardRequest, change: Callable[[], Awaitable[object]], done: str) -> Response:
    """The page, with what was done or what was in the way."""
    found = await _found(visit)
    try:
        await change()
    except InvalidArgument as error:
        return await _page(visit, found, problem=error, status=409)
    return visit.go_to(f"{visit.url('bookings', _id(visit))}?done={done}")


def _id(visit: DashboardRequest) -> str:
    return str(visit.request.path_params["booking"])


async def _found(visit: DashboardRequest) -> FindAnswer:
    request = FindRequest(project_id=visit.project_id, booking_id=_id(visit))
    found = await visit.app.bookings.find_bookings(request)
    if not found.found:
        raise NotFound("bookingId", NO_BOOKING)
    return found


async def _page(
    visit: DashboardRequest,
    found: FindAnswer,
    *,
    problem: SlotmcpError | None = None,
    why: Sequence[str] = (),
    status: int = 200,
) -> Response:
    one, zone_key = found.found[0], found.project.timezone
    start = utc_to_wall(zone_key, one.booking.claim.start)
    everybody = (await visit.app.technicians.list_technicians(visit.project_id)).technicians
    return visit.page(
        "booking.html",
        status=status,
        one=one,
        who=one.booking.customer.name if one.booking.customer else one.service.name,
        when=f"{written(zone_key, one.booking.claim.start).rpartition(' ')[0]}, "
        f"{clock(zone_key, one.booking.claim.start)} to {clock(zone_key, one.booking.claim.end)}",
        status_words=_STATUS[one.booking.status],
        day=f"{start:%Y-%m-%d}",
        date=visit.field("date") or f"{start:%Y-%m-%d}",
        time=visit.field("time") or f"{start:%H:%M}",
        technicians=[told.technician for told in everybody],
        can_change=BookingStatus.CANCELLED in TRANSITIONS[one.booking.status],
        outcomes=_outcomes(one, found.now_ms),
        done=_DONE.get(visit.asked("done"), ""),
        problem=problem.message if problem else "",
        why=why,
        choices=_choices(problem, zone_key),
        wanted=visit.field("technician"),
    )


def _outcomes(one: FoundBooking, now_ms: int) -> list[str]:
    """What can be said of the visit, once it has begun."""
    if one.booking.claim.start * MS_PER_MINUTE > now_ms:
        return []
    return [name for name, status in _OUTCOMES.items() if status in TRANSITIONS[one.booking.status]]


def _choices(problem: SlotmcpError | None, zone_key: str) -> list[Choice]:
    offer = problem.alternatives if isinstance(problem, PickAnother) else None
    return [Choice(minute=slot.start, words=written(zone_key, slot.start)) for slot in offer.slots] if offer else []


_DONE: Final = {
    "moved": "It has been moved.",
    "cancelled": "It has been cancelled, and its time is free again.",
    "told": "That is noted.",
}

PANELS: Final = (
    Panel(path="/bookings/{booking}", handler=show),
    Panel(path="/bookings/{booking}/move", handler=move, is_form=True),
    Panel(path="/bookings/{booking}/cancel", handler=cancel, is_form=True),
    Panel(path="/bookings/{booking}/status", handler=tell, is_form=True),
)
