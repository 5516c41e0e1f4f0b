"""Technicians page: workload, availability and time off."""

from datetime import date, datetime
from typing import Final

from starlette.responses import Response

from slotmcp.domain.catalog import TechnicianStatus, TimeOff
from slotmcp.domain.errors import FixRequest, InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE, Interval
from slotmcp.domain.moment import Moment, WallDate, WallTime
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.technicians import AbsenceAnswer, TimeOffRequest
from slotmcp.web.dashboard.labels import attention_label, customer_name, format_minute, join_words, plural
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute


async def show(request: DashboardRequest) -> Response:
    """Show the page."""
    return await _page(request)


async def set_status(request: DashboardRequest) -> Response:
    """Mark a technician available or unavailable."""
    try:
        status = TechnicianStatus(request.field("status"))
    except ValueError:
        return await _page(request, problem=f"status: give one of {', '.join(TechnicianStatus)}.", code=422)
    answer = await request.app.technicians.set_technician_status(request.project_id, _technician_id(request), status)
    availability = "available again" if status is TechnicianStatus.ACTIVE else "unavailable from now on"
    return await _page(request, answer, f"{answer.technician.name} is {availability}.")


async def add_time_off(request: DashboardRequest) -> Response:
    """Add time off for a technician."""
    try:
        time_off = TimeOffRequest(
            technician_id=_technician_id(request),
            start=_moment(request, "start"),
            end=_moment(request, "end"),
            reason=request.field("reason"),
            project_id=request.project_id,
        )
        answer = await request.app.technicians.add_time_off(time_off)
    except FixRequest as error:
        return await _page(request, problem=error.message, code=422)
    return await _page(request, answer, f"Time off added for {answer.technician.name}.")


ROUTES: Final = (
    PageRoute(path="/technicians", handler=show),
    PageRoute(path="/technicians/{technician}/status", handler=set_status, is_form=True),
    PageRoute(path="/technicians/{technician}/time-off", handler=add_time_off, is_form=True),
)


async def _page(
    request: DashboardRequest,
    absence: AbsenceAnswer | None = None,
    done: str = "",
    *,
    problem: str = "",
    code: int = 200,
) -> Response:
    answer = await request.app.technicians.list_technicians(request.project_id)
    attention = await request.app.attention.list_attention(request.project_id)
    zone_key, now = answer.project.timezone, answer.now_ms // MS_PER_MINUTE
    return request.page(
        "technicians.html",
        status=code,
        rows=[
            {
                "technician": load.technician,
                "is_off": load.technician.status is TechnicianStatus.OFF,
                "load": f"{load.bookings_today} today, {load.bookings_this_week} this week",
                "next": format_minute(zone_key, load.next_booking.booking.claim.start) if load.next_booking else "",
                "next_id": load.next_booking.booking.id if load.next_booking else "",
                "time_off": [
                    _time_off_label(load.technician.timezone, off) for off in (*load.time_off, *load.recurring_time_off)
                ],
                "on_call": [_span_label(load.technician.timezone, span) for span in load.on_call],
                "zone": "" if load.technician.timezone == zone_key else load.technician.timezone,
                "today": f"{utc_to_wall(load.technician.timezone, now):%Y-%m-%d}",
            }
            for load in answer.technicians
        ],
        done=_confirmation(absence, done),
        attention=[_attention_row(zone_key, affected) for affected in attention.affected],
        problem=problem,
    )


def _attention_row(zone_key: str, affected: AffectedBooking) -> dict[str, str]:
    """Return a booking that needs attention, with the technicians who could take it at its time."""
    booking, technician = affected.found.booking, affected.found.technician
    start = format_minute(zone_key, booking.claim.start)
    return {
        "id": booking.id,
        "label": f"{start}, {customer_name(booking)}, with {technician.name}.",
        "causes": attention_label(booking.attention),
        "able": join_words([able.name for able in affected.able]) if affected.able else "",
    }


def _confirmation(absence: AbsenceAnswer | None, done: str) -> str:
    """Describe the change and its effect on holds."""
    if absence is None:
        return ""
    sentences = [done if absence.changed else "Nothing changed."]
    if absence.holds_moved:
        sentences.append(f"{plural(absence.holds_moved, 'hold')} moved to another technician.")
    if absence.holds_withdrawn:
        sentences.append(f"{plural(absence.holds_withdrawn, 'hold')} ended, because no other technician is available.")
    return " ".join(sentences)


def _time_off_label(zone_key: str, off: TimeOff) -> str:
    """Format time off; whole days without clock times."""
    start, end = utc_to_wall(zone_key, off.start), utc_to_wall(zone_key, off.end)
    last = utc_to_wall(zone_key, off.end - 1)
    if (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0):
        first_day, last_day = (f"{day:%a %b} {day.day}" for day in (start, last))
        span = first_day if start.date() == last.date() else f"{first_day} to {last_day}"
    else:
        span = f"{format_minute(zone_key, off.start)} to {format_minute(zone_key, off.end)}"
    return f"{span}: {off.reason}" if off.reason else span


def _span_label(zone_key: str, span: Interval) -> str:
    return f"{format_minute(zone_key, span[0])} to {format_minute(zone_key, span[1])}"


def _technician_id(request: DashboardRequest) -> str:
    return str(request.http.path_params["technician"])


def _moment(request: DashboardRequest, name: str) -> Moment:
    """Read a local date, or a local date and time."""
    day, time = request.field(f"{name}_date"), request.field(f"{name}_time")
    try:
        if time:
            return WallTime(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=None))
        return WallDate(date.fromisoformat(day))
    except ValueError:
        raise InvalidArgument(name, "give a date such as 2026-11-26, and optionally a time such as 14:30.") from None
