"""Tool that explains why a start is available or not."""

from typing import Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.moment import EitherDay, Moment
from slotmcp.domain.reasons import Change, Opening, Reason, TechnicianReason
from slotmcp.services.app import App
from slotmcp.services.appointments import StartRequest
from slotmcp.services.callers import current_origin
from slotmcp.services.explanations import ExplainAnswer
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import reasons, refusals
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import MAX_LISTED, ClockedResponse, LeftOut, TimeView, add_left_out, show_clock, show_time

CAN: Final = "can"
"""Code of a technician who can come."""
_MAX_TECHNICIANS: Final = 3
_PREFERRED_CHANGES: Final = (
    Change.ANY_TECHNICIAN,
    Change.OTHER_TIME,
    Change.OTHER_DAY,
    Change.EMERGENCY,
    Change.SHORTER,
)
"""Changes in the order in which callers prefer them."""


class ExplainSlot(arguments.ProjectArguments):
    """Arguments of explain_slot."""

    service_type: arguments.ServiceType = None
    start: arguments.ExplainedTime = Field(description="The time that the caller wants")
    duration_minutes: arguments.Duration = None
    technician_id: arguments.RequestedTechnician = None
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    customer_hash: arguments.CustomerHash = ""
    hold_token: arguments.OwnHold = ""
    booking_id: arguments.MovedBooking = ""
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""


class ReasonView(TypedDict):
    """Technician who can come, or the reason why not."""

    technicianId: str
    name: str
    can: bool
    code: str
    sentence: str
    until: NotRequired[str]
    missingSkills: NotRequired[list[str]]


class OpeningView(TimeView):
    """Change that makes the start bookable, with the resulting time."""

    change: str
    durationMinutes: int
    technicianIds: list[str]
    sentence: str


class ExplainResponse(ClockedResponse, TimeView, LeftOut):
    """Response of explain_slot."""

    serviceType: str
    available: bool
    capacity: int
    technicians: list[ReasonView]
    openings: list[OpeningView]


@tool("Explain a time", READ_ONLY, search_hint="why an appointment time is unavailable")
async def explain_slot(app: App, args: ExplainSlot) -> ExplainResponse:
    """Explain why a time is available or not: each technician's reason, and what would open it.

    Use it when the caller asks why nothing is free at a time, or why a slot is unavailable. It needs one exact
    start. Read only: it holds nothing. For other times, use get_slots.
    """
    if not isinstance(args.start, EitherDay):
        return _show(args, await _explain(app, args, args.start))
    first, second = [await _explain(app, args, start) for start in (args.start.first, args.start.second)]
    response, view = _show(args, first), _view(args, first)
    both = refusals.both_days(*args.start.days, view)
    return {**response, "result": f"{both} {response['result']} {_describe(second, view)}"}


async def _explain(app: App, args: ExplainSlot, start: Moment) -> ExplainAnswer:
    request = StartRequest(
        project_id=args.project_id,
        service_id=args.service_type,
        start=start,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        priority=args.priority,
        timezone=args.timezone,
        origin=current_origin(),
        customer_reference=args.customer_hash,
        hold_token=args.hold_token,
        booking_id=args.booking_id,
        phone=args.phone,
        email=args.email,
    )
    return await app.explanations.explain_slot(request)


def _view(args: ExplainSlot, answer: ExplainAnswer) -> Viewpoint:
    return Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)


def _show(args: ExplainSlot, answer: ExplainAnswer) -> ExplainResponse:
    view = _view(args, answer)
    explanation, time = answer.explanation, show_time(answer.start, answer.end, view)
    response: ExplainResponse = {
        "result": _describe(answer, view),
        "note": view.note,
        "serviceType": answer.service.id,
        "start": time["start"],
        "end": time["end"],
        "startLocal": time["startLocal"],
        "label": time["label"],
        "available": explanation.slot is not None,
        "capacity": explanation.slot.capacity if explanation.slot else 0,
        "technicians": [_show_reason(reason, answer, view) for reason in explanation.technicians[:MAX_LISTED]],
        "openings": [_show_opening(opening, answer, view) for opening in explanation.openings],
        "clock": show_clock(view),
    }
    add_left_out(response, explanation.technicians)
    return response


def _show_reason(technician: TechnicianReason, answer: ExplainAnswer, view: Viewpoint) -> ReasonView:
    name, reason, until = answer.technicians[technician.technician_id].name, technician.reason, technician.until
    shown: ReasonView = {
        "technicianId": technician.technician_id,
        "name": name,
        "can": reason is None,
        "code": CAN if reason is None else reason.value,
        "sentence": reasons.for_technician(name, reason, view, start=answer.start, until=until),
    }
    if until is not None:
        shown["until"] = write_utc(until)
    if technician.missing_skills:
        shown["missingSkills"] = list(technician.missing_skills)
    return shown


def _show_opening(opening: Opening, answer: ExplainAnswer, view: Viewpoint) -> OpeningView:
    slot = opening.slot
    return {
        "change": opening.change.value,
        **show_time(slot.start, slot.end, view),
        "durationMinutes": slot.end - slot.start,
        "technicianIds": _technician_ids(opening),
        "sentence": _describe_opening(opening, answer, view),
    }


def _describe(answer: ExplainAnswer, view: Viewpoint) -> str:
    explanation = answer.explanation
    if explanation.slot is not None:
        return reasons.available(answer.start, view)
    cause = _describe_reason(answer, view)
    if not explanation.openings:
        return f"{cause} {reasons.ask_to_search(view)}"
    best = min(explanation.openings, key=lambda opening: _PREFERRED_CHANGES.index(opening.change))
    short_cause = _describe_reason(answer, view, has_end=False)
    return reasons.instead(cause, short_cause, _describe_opening(best, answer, view), view)


def _describe_reason(answer: ExplainAnswer, view: Viewpoint, *, has_end: bool = True) -> str:
    """Return the sentence of the main reason; with `has_end` it names the end of what takes the technician's time."""
    explanation, requested = answer.explanation, answer.requested_technician
    reason = explanation.reason_of(requested.id if requested else None)
    if reason is Reason.PAST:
        return reasons.passed(answer.start, view)
    if requested is not None:
        own = next(one for one in explanation.technicians if one.technician_id == requested.id)
        until = own.until if has_end else None
        return reasons.for_technician(requested.name, own.reason, view, start=answer.start, until=until)
    if reason is Reason.HOLIDAY and explanation.has_opening(Change.OTHER_TIME):
        return reasons.open_at_other_times(view)
    return reasons.for_team(reason, view)


def _describe_opening(opening: Opening, answer: ExplainAnswer, view: Viewpoint) -> str:
    match opening.change:
        case Change.ANY_TECHNICIAN:
            names = [answer.technicians[technician_id].name for technician_id in _technician_ids(opening)]
            return reasons.other_technicians(names, view)
        case Change.EMERGENCY:
            return reasons.open_for_emergencies(view)
        case Change.SHORTER:
            return reasons.shorter_fits(opening.slot.end - opening.slot.start, view)
        case Change.OTHER_TIME | Change.OTHER_DAY:
            return reasons.other_start(opening.slot.start, view)


def _technician_ids(opening: Opening) -> list[str]:
    return [candidate.technician_id for candidate in opening.slot.candidates[:_MAX_TECHNICIANS]]
