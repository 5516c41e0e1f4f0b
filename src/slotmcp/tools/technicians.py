"""Operator tools that list technicians and record absences."""

from collections.abc import Mapping
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.catalog import TechnicianStatus, TimeOff
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import Interval
from slotmcp.engine.floating_breaks import PlannedBreak
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.app import App
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.lookups import FoundBooking
from slotmcp.services.technicians import AbsenceAnswer, TechnicianOverview, TimeOffRequest
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import operators
from slotmcp.tools.speech.attention import say_attention
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import DESTRUCTIVE, READ_ONLY, tool
from slotmcp.tools.views import (
    MAX_LISTED,
    BriefBookingView,
    ClockedResponse,
    LeftOut,
    add_left_out,
    show_booking,
    show_clock,
)

_MAX_SPANS: Final = 3
"""Number of the next times of each kind that are shown of a technician."""


class ListTechnicians(arguments.ProjectArguments):
    """Arguments of list_technicians."""

    locale: arguments.Locale = ""


class SetTechnicianStatus(arguments.ProjectArguments):
    """Arguments of set_technician_status."""

    technician_id: arguments.ListedTechnician
    status: TechnicianStatus = Field(description="active or off")
    locale: arguments.Locale = ""


class AddTimeOff(arguments.ProjectArguments):
    """Arguments of add_time_off."""

    technician_id: arguments.ListedTechnician
    start: arguments.Instant = Field(description="Date, local time or RFC 3339; a date means its first minute")
    end: arguments.Instant = Field(description="Likewise; a date counts whole")
    reason: Annotated[str, arguments.Text(200)] = Field("", description="If there is one to remember")
    locale: arguments.Locale = ""


class AbsenceView(TypedDict):
    """Time off."""

    start: str
    end: str
    startLocal: str
    endLocal: str
    reason: NotRequired[str]
    byOperator: bool


class LocalSpanView(TypedDict):
    """Time of a technician, in the technician's zone."""

    startLocal: str
    endLocal: str
    reason: NotRequired[str]


class FloatingBreakView(LocalSpanView):
    """Break without a fixed time, with the window in which it must be."""

    minutes: int
    fitsAtLocal: NotRequired[str]


class AttentionView(BriefBookingView):
    """Booking that an operator must check."""

    attention: str
    causes: list[str]


class AffectedView(AttentionView):
    """Booking that does not fit any more, with the technicians who could take it at its time."""

    couldTake: list[str]


class TechnicianStatusView(TypedDict):
    """Technician, with status and workload."""

    technicianId: str
    name: str
    status: str
    timezone: str
    priority: int
    skills: list[str]
    bookingsToday: int
    bookingsThisWeek: int
    nextBooking: NotRequired[AttentionView]
    timeOff: list[AbsenceView]
    recurringTimeOff: NotRequired[list[LocalSpanView]]
    onCall: NotRequired[list[LocalSpanView]]
    breaksToday: NotRequired[list[LocalSpanView]]
    floatingBreaksToday: NotRequired[list[FloatingBreakView]]


class TechniciansResponse(ClockedResponse, LeftOut):
    """Response of list_technicians."""

    technicians: list[TechnicianStatusView]


class AbsenceResponse(ClockedResponse, LeftOut):
    """Response of set_technician_status and add_time_off."""

    technicianId: str
    status: str
    timezone: str
    timeOff: list[AbsenceView]
    changed: bool
    bookings: list[AffectedView]
    holdsMoved: int
    holdsWithdrawn: int


@tool("List technicians", READ_ONLY, Scope.OPERATOR, search_hint="status and workload of technicians")
async def list_technicians(app: App, args: ListTechnicians) -> TechniciansResponse:
    """List all technicians with status, skills, bookings of today and the coming week, the next one, and time off.

    Also today's breaks, on-call time of the coming week, and recurring time off of two weeks.

    Use it to see who is working, and for the technicianId of set_technician_status and add_time_off. Read only. For
    times that callers can book, use get_slots.
    """
    answer = await app.technicians.list_technicians(args.project_id)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    active = sum(overview.technician.status is TechnicianStatus.ACTIVE for overview in answer.technicians)
    response: TechniciansResponse = {
        "result": operators.technicians(active, len(answer.technicians), view),
        "note": view.note,
        "technicians": [_show_technician(overview, view) for overview in answer.technicians[:MAX_LISTED]],
        "clock": show_clock(view),
    }
    add_left_out(response, answer.technicians)
    return response


@tool("Set a technician's status", DESTRUCTIVE, Scope.OPERATOR, search_hint="technician sick or unavailable")
async def set_technician_status(app: App, args: SetTechnicianStatus) -> AbsenceResponse:
    """Mark a technician as off (sick, unavailable, gone) until further notice, or as active again.

    For an absence with an end, use add_time_off. Technicians who are off are not offered. Bookings to come are kept and
    listed: move or cancel each. Held times go to other technicians who can come, or are withdrawn. Returns the affected
    bookings.
    """
    answer = await app.technicians.set_technician_status(args.project_id, args.technician_id, args.status)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    confirm = operators.inactive if args.status is TechnicianStatus.OFF else operators.active
    return _show_absence(answer, confirm(answer.technician.name, view), view)


@tool("Add time off", DESTRUCTIVE, Scope.OPERATOR, search_hint="vacation or absence of a technician")
async def add_time_off(app: App, args: AddTimeOff) -> AbsenceResponse:
    """Add time off for a technician, such as vacation or a blocked afternoon, in the technician's own time zone.

    For an absence without an end, use set_technician_status. Bookings in it are kept and listed: move or cancel
    each. Held times go to other technicians or are withdrawn. Returns the affected bookings.
    """
    request = TimeOffRequest(
        project_id=args.project_id,
        technician_id=args.technician_id,
        start=args.start,
        end=args.end,
        reason=args.reason,
    )
    answer = await app.technicians.add_time_off(request)
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=answer.technician.timezone, locale=args.locale)
    return _show_absence(answer, operators.time_off(answer.technician.name, view), view)


def _show_absence(answer: AbsenceAnswer, confirmation: str, view: Viewpoint) -> AbsenceResponse:
    response: AbsenceResponse = {
        "result": " ".join([confirmation, *operators.consequences(answer, view)]),
        "note": view.note,
        "technicianId": answer.technician.id,
        "status": answer.technician.status.value,
        "timezone": answer.technician.timezone,
        "timeOff": [_show_time_off(time_off, answer.technician.timezone) for time_off in answer.time_off],
        "changed": answer.changed,
        "bookings": [_show_affected(affected, view) for affected in answer.attention[:MAX_LISTED]],
        "holdsMoved": answer.holds_moved,
        "holdsWithdrawn": answer.holds_withdrawn,
        "clock": show_clock(view),
    }
    add_left_out(response, answer.attention)
    return response


async def read_technician(app: App, project_id: str | None, technician_id: str) -> Mapping[str, object]:
    """Return the content of the resource of one technician, as list_technicians shows it.

    Raises:
        NotFound, Unavailable.
    """
    answer = await app.technicians.list_technicians(project_id)
    by_id = {overview.technician.id: overview for overview in answer.technicians}
    if technician_id not in by_id:
        raise NotFound.among("technicianId", "technician", technician_id, list(by_id))
    view = Viewpoint.of(answer.project, answer.now_ms)
    return {"projectId": answer.project.id, **_show_technician(by_id[technician_id], view)}


def _show_technician(overview: TechnicianOverview, view: Viewpoint) -> TechnicianStatusView:
    technician = overview.technician
    status: TechnicianStatusView = {
        "technicianId": technician.id,
        "name": technician.name,
        "status": technician.status.value,
        "priority": technician.priority,
        "skills": sorted(technician.skills),
        "bookingsToday": overview.bookings_today,
        "bookingsThisWeek": overview.bookings_this_week,
        "timezone": technician.timezone,
        "timeOff": [_show_time_off(time_off, technician.timezone) for time_off in overview.time_off],
    }
    if overview.next_booking is not None:
        status["nextBooking"] = _show_attention(overview.next_booking, view)
    _add_recurring_times(status, overview)
    return status


def _add_recurring_times(status: TechnicianStatusView, overview: TechnicianOverview) -> None:
    """Add the next recurring times, as far as there are any."""
    zone_key = overview.technician.timezone
    if absences := overview.recurring_time_off[:_MAX_SPANS]:
        spans = [_show_span((off.start, off.end), zone_key) for off in absences]
        for span, off in zip(spans, absences, strict=True):
            if off.reason:
                span["reason"] = off.reason
        status["recurringTimeOff"] = spans
    if overview.on_call:
        status["onCall"] = [_show_span(span, zone_key) for span in overview.on_call[:_MAX_SPANS]]
    if overview.breaks:
        status["breaksToday"] = [_show_span(span, zone_key) for span in overview.breaks[:_MAX_SPANS]]
    if overview.floating_breaks:
        planned = overview.floating_breaks[:_MAX_SPANS]
        status["floatingBreaksToday"] = [_show_floating_break(each, zone_key) for each in planned]


def _show_floating_break(planned: PlannedBreak, zone_key: str) -> FloatingBreakView:
    window = _show_span(planned.due.window, zone_key)
    shown: FloatingBreakView = {
        "startLocal": window["startLocal"],
        "endLocal": window["endLocal"],
        "minutes": planned.due.minutes,
    }
    if planned.place is not None:
        shown["fitsAtLocal"] = utc_to_wall(zone_key, planned.place[0]).isoformat()
    return shown


def _show_span(span: Interval, zone_key: str) -> LocalSpanView:
    start, end = span
    return {
        "startLocal": utc_to_wall(zone_key, start).isoformat(),
        "endLocal": utc_to_wall(zone_key, end).isoformat(),
    }


def _show_attention(found: FoundBooking, view: Viewpoint) -> AttentionView:
    attention = found.booking.attention
    return {
        **show_booking(found.booking, found.technician, view),
        "attention": say_attention(attention, view.voice),
        "causes": list(attention.in_order()),
    }


def _show_affected(affected: AffectedBooking, view: Viewpoint) -> AffectedView:
    could_take = [technician.id for technician in affected.able]
    return {**_show_attention(affected.found, view), "couldTake": could_take}


def _show_time_off(time_off: TimeOff, zone_key: str) -> AbsenceView:
    absence: AbsenceView = {
        "start": write_utc(time_off.start),
        "end": write_utc(time_off.end),
        "startLocal": utc_to_wall(zone_key, time_off.start).isoformat(),
        "endLocal": utc_to_wall(zone_key, time_off.end).isoformat(),
        "byOperator": time_off.by_operator,
    }
    if time_off.reason:
        absence["reason"] = time_off.reason
    return absence
