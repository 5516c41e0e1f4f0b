"""Technicians: what they have to do, and that they cannot come."""

from datetime import date, datetime
from typing import Final

from starlette.responses import Response

from slotmcp.domain.catalog import TechnicianStatus, TimeOff
from slotmcp.domain.errors import FixRequest, InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import Moment, WallDate, WallTime
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.technicians import AbsenceAnswer, TimeOffRequest
from slotmcp.web.dashboard.board_views import customer_of
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.when import written
from slotmcp.web.dashboard.words import counted


async def show(visit: DashboardRequest) -> Response:
    """The page."""
    return await _page(visit)


async def set_status(visit: DashboardRequest) -> Response:
    """Take somebody out of work, or bring them back."""
    try:
        status = TechnicianStatus(visit.field("status"))
    except ValueError:
        return await _page(visit, problem=f"status: give one of {', '.join(TechnicianStatus)}.", code=422)
    answer = await visit.app.technicians.set_technician_status(visit.project_id, _technician_id(visit), status)
    does = "takes work again" if status is TechnicianStatus.ACTIVE else "takes no work any more"
    return await _page(visit, answer, f"{answer.technician.name} {does}.")


async def add_time_off(visit: DashboardRequest) -> Response:
    """Let somebody be away."""
    try:
        request = TimeOffRequest(
            technician_id=_technician_id(visit),
            start=_moment(visit, "start"),
            end=_moment(visit, "end"),
            reason=visit.field("reason"),
            project_id=visit.project_id,
        )
        answer = await visit.app.technicians.add_time_off(request)
    except FixRequest as error:
        return await _page(visit, problem=error.message, code=422)
    return await _page(visit, answer, f"{answer.technician.name} has time off.")


async def _page(
    visit: DashboardRequest, answer: AbsenceAnswer | None = None, done: str = "", *, problem: str = "", code: int = 200
) -> Response:
    told = await visit.app.technicians.list_technicians(visit.project_id)
    zone_key = told.project.timezone
    return visit.page(
        "technicians.html",
        status=code,
        people=[
            {
                "technician": one.technician,
                "is_off": one.technician.status is TechnicianStatus.OFF,
                "load": f"{counted(one.bookings_today, 'booking')} today, {one.bookings_this_week} this week",
                "next": written(zone_key, one.next_booking.booking.claim.start) if one.next_booking else "",
                "next_id": one.next_booking.booking.id if one.next_booking else "",
                "time_off": [_absence(zone_key, off) for off in one.time_off],
            }
            for one in told.technicians
        ],
        done=_consequences(answer, done),
        attention=[
            (one.booking.id, f"{written(zone_key, one.booking.claim.start)}, {customer_of(one.booking)}")
            for one in (answer.attention if answer else ())
        ],
        problem=problem,
        today=f"{utc_to_wall(zone_key, told.now_ms // MS_PER_MINUTE):%Y-%m-%d}",
    )


def _consequences(answer: AbsenceAnswer | None, done: str) -> str:
    """What was done, and what became of times that were held."""
    if answer is None:
        return ""
    told = [done if answer.changed else "It was so already."]
    if answer.holds_moved:
        told.append(f"{counted(answer.holds_moved, 'held time')} went to somebody else.")
    if answer.holds_withdrawn:
        told.append(f"{counted(answer.holds_withdrawn, 'held time')} could be kept by nobody, and was given up.")
    return " ".join(told)


def _absence(zone_key: str, off: TimeOff) -> str:
    """When somebody is away; whole days as days."""
    start, end = utc_to_wall(zone_key, off.start), utc_to_wall(zone_key, off.end)
    last = utc_to_wall(zone_key, off.end - 1)
    if (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0):
        first_day, last_day = (f"{day:%a} {day.day} {day:%b}" for day in (start, last))
        span = first_day if start.date() == last.date() else f"{first_day} to {last_day}"
    else:
        span = f"{written(zone_key, off.start)} to {written(zone_key, off.end)}"
    return f"{span}: {off.reason}" if off.reason else span


def _technician_id(visit: DashboardRequest) -> str:
    return str(visit.request.path_params["technician"])


def _moment(visit: DashboardRequest, name: str) -> Moment:
    """A date, or with a time beside it a time of the project's clocks."""
    day, time = visit.field(f"{name}_date"), visit.field(f"{name}_time")
    try:
        if time:
            return WallTime(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=None))
        return WallDate(date.fromisoformat(day))
    except ValueError:
        raise InvalidArgument(name, "give a date such as 2026-11-26, and a time such as 14:30 or none.") from None


PANELS: Final = (
    Panel(path="/technicians", handler=show),
    Panel(path="/technicians/{technician}/status", handler=set_status, is_form=True),
    Panel(path="/technicians/{technician}/time-off", handler=add_time_off, is_form=True),
)
