"""Why a start can be had, or why not."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import WallTime
from slotmcp.domain.reasons import (
    Change,
    Opening,
    Reason,
    TechnicianReason,
    informative_reasons,
    without_missing_skills,
)
from slotmcp.services.app import App
from slotmcp.services.appointments import MAX_DURATION_MINUTES, StartRequest
from slotmcp.services.explanations import ExplainAnswer
from slotmcp.tools.arguments import (
    ID,
    LATITUDE,
    LOCALE,
    LONGITUDE,
    TIME,
    ZONE,
    ProjectArguments,
    WholeNumber,
    read_location,
)
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import reasons
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, TimeView, show_clock, show_time

CAN: Final = "can"
"""The code of a technician who can come."""
_NAMED: Final = 3
_SPOKEN: Final = (Change.ANY_TECHNICIAN, Change.OTHER_TIME, Change.OTHER_DAY, Change.SHORTER)
"""What a caller would rather hear of, first."""


class ExplainSlot(ProjectArguments):
    """What explain_slot is asked."""

    service_type: Annotated[str, ID] | None = Field(None, description="As asked of get_slots")
    start: Annotated[Minute | WallTime, TIME] = Field(description="The time that the caller wants")
    duration_minutes: Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None = Field(
        None, description="If not the service's own"
    )
    technician_id: Annotated[str, ID] | None = Field(None, description="If the caller wants this one")
    latitude: Annotated[float, LATITUDE] | None = Field(None, description="Of the job")
    longitude: Annotated[float, LONGITUDE] | None = Field(None, description="Of the job")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class ReasonView(TypedDict):
    """Whether one technician can come, and what is in the way."""

    technicianId: str
    name: str
    can: bool
    code: str
    sentence: str
    until: NotRequired[str]
    missingSkills: NotRequired[list[str]]


class OpeningView(TimeView):
    """A change that would make it bookable; what is given is how it would be."""

    change: str
    durationMinutes: int
    technicianIds: list[str]
    sentence: str


class ExplainResponse(ClockedResponse, TimeView):
    """What explain_slot answers."""

    serviceType: str
    available: bool
    capacity: int
    technicians: list[ReasonView]
    openings: list[OpeningView]


@tool("Explain a time", READ_ONLY)
async def explain_slot(app: App, args: ExplainSlot) -> ExplainResponse:
    """Say why one start can be booked or not: what keeps each technician, and which change would open it.

    For "why not at nine?". It holds nothing: create_hold or book_slot does.
    """
    return _show(args, await app.explanations.explain_slot(_request(args)))


def _request(args: ExplainSlot) -> StartRequest:
    return StartRequest(
        project_id=args.project_id,
        service_id=args.service_type,
        start=args.start,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=read_location(args.latitude, args.longitude),
        timezone=args.timezone,
    )


def _show(args: ExplainSlot, answer: ExplainAnswer) -> ExplainResponse:
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    explanation, time = answer.explanation, show_time(answer.start, answer.end, view)
    return {
        "result": _say(answer, view),
        "note": view.note,
        "serviceType": answer.service.id,
        "start": time["start"],
        "end": time["end"],
        "startLocal": time["startLocal"],
        "label": time["label"],
        "available": explanation.slot is not None,
        "capacity": explanation.slot.capacity if explanation.slot else 0,
        "technicians": [_show_reason(told, answer, view) for told in explanation.technicians],
        "openings": [_show_opening(opening, answer, view) for opening in explanation.openings],
        "clock": show_clock(view),
    }


def _show_reason(told: TechnicianReason, answer: ExplainAnswer, view: Viewpoint) -> ReasonView:
    name = answer.technicians[told.technician_id].name
    shown: ReasonView = {
        "technicianId": told.technician_id,
        "name": name,
        "can": told.reason is None,
        "code": CAN if told.reason is None else told.reason.value,
        "sentence": reasons.of_technician(name, told.reason, view, start=answer.start, until=told.until),
    }
    if told.until is not None:
        shown["until"] = write_utc(told.until)
    if told.missing_skills:
        shown["missingSkills"] = list(told.missing_skills)
    return shown


def _show_opening(opening: Opening, answer: ExplainAnswer, view: Viewpoint) -> OpeningView:
    slot = opening.slot
    return {
        "change": opening.change.value,
        **show_time(slot.start, slot.end, view),
        "durationMinutes": slot.end - slot.start,
        "technicianIds": _able(opening),
        "sentence": _say_opening(opening, answer, view),
    }


def _say(answer: ExplainAnswer, view: Viewpoint) -> str:
    explanation = answer.explanation
    if explanation.slot is not None:
        return reasons.can_be_had(answer.start, view)
    best = sorted(explanation.openings, key=lambda one: _SPOKEN.index(one.change))[:1]
    named = [_say_opening(one, answer, view) for one in best]
    then = [*named, reasons.would_that_suit(view)] if named else [reasons.look_elsewhere(view)]
    return " ".join([_say_why(answer, view), *then])


def _say_why(answer: ExplainAnswer, view: Viewpoint) -> str:
    told = {one.technician_id: one for one in answer.explanation.technicians}
    if (requested := answer.requested_technician) is not None:
        own = told[requested.id]
        return reasons.of_technician(requested.name, own.reason, view, start=answer.start, until=own.until)
    return reasons.of_everybody(_main_reason([one.reason for one in told.values() if one.reason is not None]), view)


def _main_reason(reasons: Sequence[Reason]) -> Reason:
    """What is in the way of most; what would be so at any other time counts last."""
    counts = without_missing_skills(informative_reasons(Counter(reasons), of_one_start=True))
    return max(counts, key=counts.__getitem__)


def _say_opening(opening: Opening, answer: ExplainAnswer, view: Viewpoint) -> str:
    match opening.change:
        case Change.ANY_TECHNICIAN:
            return reasons.others_could([answer.technicians[one].name for one in _able(opening)], view)
        case Change.SHORTER:
            return reasons.shorter_would_fit(opening.slot.end - opening.slot.start, view)
        case Change.OTHER_TIME | Change.OTHER_DAY:
            return reasons.instead(opening.slot.start, view)


def _able(opening: Opening) -> list[str]:
    return [candidate.technician_id for candidate in opening.slot.candidates[:_NAMED]]
