"""What operators see and change of their technicians."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.catalog import TechnicianStatus, TimeOff
from slotmcp.domain.moment import Moment
from slotmcp.services.app import App
from slotmcp.services.technicians import AbsenceAnswer, TechnicianOverview, TimeOffRequest
from slotmcp.tools.arguments import ID, LOCALE, MOMENT, ProjectArguments, Text
from slotmcp.tools.bookings import BriefBookingView, show_briefly
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import operators
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import DESTRUCTIVE, READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, show_clock


class ListTechnicians(ProjectArguments):
    """What list_technicians is asked."""

    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class SetTechnicianStatus(ProjectArguments):
    """What set_technician_status is asked."""

    technician_id: Annotated[str, ID] = Field(description="From list_technicians")
    status: TechnicianStatus = Field(description="active or off")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class AddTimeOff(ProjectArguments):
    """What add_time_off is asked."""

    technician_id: Annotated[str, ID] = Field(description="From list_technicians")
    start: Annotated[Moment, MOMENT] = Field(description="Date, local time or RFC 3339; a date means its first minute")
    end: Annotated[Moment, MOMENT] = Field(description="Likewise; a date counts whole")
    reason: Annotated[str, Text(200)] = Field("", description="If there is one to remember")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class AbsenceView(TypedDict):
    """Time off."""

    start: str
    end: str
    reason: NotRequired[str]
    byOperator: bool


class AttentionView(BriefBookingView):
    """A booking that somebody has to look at."""

    attention: str


class TechnicianStatusView(TypedDict):
    """How a technician's days look."""

    technicianId: str
    name: str
    status: str
    priority: int
    skills: list[str]
    bookingsToday: int
    bookingsThisWeek: int
    nextBooking: NotRequired[AttentionView]
    timeOff: list[AbsenceView]


class TechniciansResponse(ClockedResponse):
    """What list_technicians answers."""

    technicians: list[TechnicianStatusView]


class AbsenceResponse(ClockedResponse):
    """What set_technician_status and add_time_off answer."""

    technicianId: str
    status: str
    timeOff: list[AbsenceView]
    changed: bool
    bookings: list[AttentionView]
    holdsMoved: int
    holdsWithdrawn: int


@tool("List technicians", READ_ONLY, Scope.OPERATOR)
async def list_technicians(app: App, args: ListTechnicians) -> TechniciansResponse:
    """See every technician: status, skills, bookings of today and the coming week, the next one, and time off."""
    answer = await app.technicians.list_technicians(args.project_id)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    active = sum(one.technician.status is TechnicianStatus.ACTIVE for one in answer.technicians)
    return {
        "result": operators.everybody(active, len(answer.technicians), view),
        "note": view.note,
        "technicians": [_show_technician(one, view) for one in answer.technicians],
        "clock": show_clock(view),
    }


@tool("Set a technician's status", DESTRUCTIVE, Scope.OPERATOR)
async def set_technician_status(app: App, args: SetTechnicianStatus) -> AbsenceResponse:
    """Take a technician out of work, or bring them back.

    Who is off is not offered. Their bookings to come are kept and listed: move or cancel each. Held times go to others
    who can come, or are withdrawn.
    """
    answer = await app.technicians.set_technician_status(args.project_id, args.technician_id, args.status)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    say = operators.now_off if args.status is TechnicianStatus.OFF else operators.now_active
    return _show(answer, say(answer.technician.name, view), view)


@tool("Add time off", DESTRUCTIVE, Scope.OPERATOR)
async def add_time_off(app: App, args: AddTimeOff) -> AbsenceResponse:
    """Give a technician time off. Bookings in it are kept and listed; held times go to others or are withdrawn."""
    answer = await app.technicians.add_time_off(
        TimeOffRequest(
            project_id=args.project_id,
            technician_id=args.technician_id,
            start=args.start,
            end=args.end,
            reason=args.reason,
        )
    )
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    return _show(answer, operators.now_away(answer.technician.name, view), view)


def _show(answer: AbsenceAnswer, done: str, view: Viewpoint) -> AbsenceResponse:
    return {
        "result": " ".join([done, *operators.consequences(answer, view)]),
        "note": view.note,
        "technicianId": answer.technician.id,
        "status": answer.technician.status.value,
        "timeOff": [_show_absence(one) for one in answer.time_off],
        "changed": answer.changed,
        "bookings": [
            {**show_briefly(one.booking, one.technician, view), "attention": one.booking.attention}
            for one in answer.attention
        ],
        "holdsMoved": answer.holds_moved,
        "holdsWithdrawn": answer.holds_withdrawn,
        "clock": show_clock(view),
    }


def _show_technician(overview: TechnicianOverview, view: Viewpoint) -> TechnicianStatusView:
    technician = overview.technician
    shown: TechnicianStatusView = {
        "technicianId": technician.id,
        "name": technician.name,
        "status": technician.status.value,
        "priority": technician.priority,
        "skills": sorted(technician.skills),
        "bookingsToday": overview.bookings_today,
        "bookingsThisWeek": overview.bookings_this_week,
        "timeOff": [_show_absence(one) for one in overview.time_off],
    }
    if (found := overview.next_booking) is not None:
        shown["nextBooking"] = {
            **show_briefly(found.booking, found.technician, view),
            "attention": found.booking.attention,
        }
    return shown


def _show_absence(absence: TimeOff) -> AbsenceView:
    shown: AbsenceView = {
        "start": write_utc(absence.start),
        "end": write_utc(absence.end),
        "byOperator": absence.by_operator,
    }
    if absence.reason:
        shown["reason"] = absence.reason
    return shown
