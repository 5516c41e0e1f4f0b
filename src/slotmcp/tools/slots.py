"""Tool that finds free times."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Final, Literal, NotRequired, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.services.app import App
from slotmcp.services.callers import current_origin
from slotmcp.services.slots import MAX_LIMIT, SlotAnswer, SlotQuery
from slotmcp.tools import arguments, views
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.service_views import InformationView, note_for, show_information
from slotmcp.tools.speech import areas, reasons, refusals, sentences
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.weekdays import read_days

_NEEDS_POSTAL_CODE: Final = (
    "Ask for the postal code: times depend on the area of the job, and create_hold and book_slot need postalCode."
)

PartOfDayArgument: TypeAlias = Literal["morning", "afternoon", "evening", "night", "any"]
Weekdays: TypeAlias = Annotated[frozenset[int], arguments.Text(100, read_days, is_plain=True, is_list=True)]


class GetSlots(arguments.ProjectArguments):
    """Arguments of get_slots."""

    service_type: arguments.Id | None = Field(None, description="From list_services")
    duration_minutes: arguments.Duration = None
    from_: arguments.RangeStart | None = Field(
        None,
        alias="from",
        description="2026-11-23, tomorrow, or local 2026-11-23T09:00, or with offset. Default now",
    )
    to: arguments.RangeEnd | None = Field(
        None, description="Starts before it; a date counts whole. Default a week after from"
    )
    timezone: arguments.Zone | None = Field(
        None, description="Caller's IANA zone, if not the business's, e.g. America/Denver"
    )
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    part_of_day: PartOfDayArgument = Field("any", description="Of the start")
    days_of_week: Weekdays | None = Field(None, description="E.g. mon,tue")
    technician_id: arguments.RequestedTechnician = None
    customer_hash: arguments.CustomerHash = ""
    hold_token: arguments.OwnHold = ""
    booking_id: arguments.MovedBooking = ""
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    limit: Annotated[int, arguments.WholeNumber(1, MAX_LIMIT)] = Field(10, description="How many")
    cursor: Annotated[str, arguments.Text(2000)] = Field(
        "", description="nextCursor of the last answer; the rest the same"
    )
    detail: views.Detail = Field("brief", description="brief or full (up to 20 candidates)")
    locale: arguments.Locale = ""


QueryView = TypedDict(
    "QueryView",
    {
        "projectId": str,
        "serviceType": str,
        "durationMinutes": int,
        "from": str,
        "to": str,
        "timezone": str,
        "now": str,
        "today": str,
        "latitude": NotRequired[float],
        "longitude": NotRequired[float],
        "postalCode": NotRequired[str],
        "area": NotRequired[str],
        "priority": NotRequired[str],
        "travel": NotRequired[str],
        "minutesPerStop": NotRequired[int],
    },
)
"""Query with all defaults resolved, and the current time."""


class SlotTechnicianView(TypedDict):
    """Technician that the candidates refer to."""

    technicianId: str
    name: str
    priority: int


class ReasonCountView(TypedDict):
    """Reason why times are unavailable, with its frequency relative to the others."""

    code: str
    count: int


class SlotsResponse(views.Response, InformationView):
    """Response of get_slots. The first page with slots has the information about the service."""

    query: QueryView
    slots: list[views.SlotView]
    technicians: list[SlotTechnicianView]
    reasons: NotRequired[list[ReasonCountView]]
    nextFree: NotRequired[views.TimeView]
    fee: NotRequired[str]
    nextCursor: str


@tool("Find available appointments", READ_ONLY)
async def get_slots(app: App, args: GetSlots) -> SlotsResponse:
    """Find available appointment times: when a technician can come for a visit or repair.

    Use it for every question about availability, such as tomorrow afternoon or the next opening. Returns starts;
    offer two or three, then create_hold one. If there are none, nextFree is the first after the range. It reserves
    nothing. For one exact time, use explain_slot.
    """
    query = SlotQuery(
        project_id=args.project_id,
        service_id=args.service_type,
        duration_minutes=args.duration_minutes,
        from_=args.from_,
        to=args.to,
        timezone=args.timezone,
        part_of_day=None if args.part_of_day == "any" else PartOfDay(args.part_of_day),
        days_of_week=args.days_of_week,
        technician_id=args.technician_id,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        priority=args.priority,
        limit=args.limit,
        cursor=args.cursor,
        origin=current_origin(),
        customer_reference=args.customer_hash,
        hold_token=args.hold_token,
        booking_id=args.booking_id,
        phone=args.phone,
        email=args.email,
        best=views.FULL_CANDIDATES if args.detail == "full" else views.BRIEF_CANDIDATES,
    )
    return _show(args, await app.slots.get_slots(query))


def _show(args: GetSlots, answer: SlotAnswer) -> SlotsResponse:
    offer = answer.offer
    view = Viewpoint.of(offer.project, offer.now_ms, timezone=offer.timezone, locale=args.locale)
    is_first_offer = bool(offer.slots) and not args.cursor and not args.booking_id
    information = show_information(answer.service) if is_first_offer else InformationView()
    response: SlotsResponse = {
        "result": describe_slots(answer, view, is_continued=bool(args.cursor)),
        "note": _note(answer, view, has_words=bool(information)),
        "query": _show_query(answer, view),
        "slots": views.show_offer(offer, view, args.detail),
        "technicians": [
            {"technicianId": technician.id, "name": technician.name, "priority": technician.priority}
            for technician in answer.technicians
        ],
        "nextCursor": answer.next_cursor,
    }
    if answer.reasons:
        response["reasons"] = [{"code": reason.value, "count": count} for reason, count in answer.reasons.items()]
    if fee := areas.fee_of(answer.area):
        response["fee"] = fee
    if answer.next_free is not None:
        response["nextFree"] = views.show_time(answer.next_free.start, answer.next_free.end, view)
    return {**response, **information}


def describe_slots(answer: SlotAnswer, view: Viewpoint, *, is_continued: bool) -> str:
    """Offer some of the times, or say why there are none; `is_continued` if an earlier page had the first times."""
    either = answer.either_day
    preface = refusals.both_days(*either.days, view) if either else ""
    if answer.offer.slots:
        starts = views.starts_of(answer.offer.slots)
        return sentences.free_times(_first_of_each_day(starts, view) if either else starts, view, preface=preface)
    return f"{preface} {_describe_none(answer, view, is_continued=is_continued)}".lstrip()


def _note(answer: SlotAnswer, view: Viewpoint, *, has_words: bool) -> str:
    return " ".join(
        filter(None, (note_for(view, has_words=has_words), _NEEDS_POSTAL_CODE if answer.lacks_postal_code else ""))
    )


def _first_of_each_day(starts: Sequence[Minute], view: Viewpoint) -> list[Minute]:
    return [next(of_day) for _, of_day in groupby(starts, key=lambda start: view.local(start).date())]


def _describe_none(answer: SlotAnswer, view: Viewpoint, *, is_continued: bool) -> str:
    if is_continued:
        return sentences.no_more_times(view)
    next_start = answer.next_free.start if answer.next_free else None
    main_reason = answer.blocked.main
    if main_reason is None:
        return sentences.nothing_free(next_start, view)
    if answer.requested_technician is None:
        explanation = reasons.for_team(main_reason, view)
    else:
        explanation = reasons.for_technician(answer.requested_technician.name, main_reason, view)
    return reasons.next_free(explanation, next_start, main_reason, view)


def _show_query(answer: SlotAnswer, view: Viewpoint) -> QueryView:
    query: QueryView = {
        "projectId": answer.offer.project.id,
        "serviceType": answer.service.id,
        "durationMinutes": answer.duration_minutes,
        "from": write_utc(answer.from_),
        "to": write_utc(answer.to),
        "timezone": answer.offer.timezone,
        "now": write_utc_ms(answer.now_ms),
        "today": full_date(view.today, view.voice),
    }
    if answer.location is not None:
        query |= {"latitude": answer.location.latitude, "longitude": answer.location.longitude}
    if answer.postal_code:
        query["postalCode"] = answer.postal_code
    if answer.area is not None and answer.area.id:
        query["area"] = answer.area.id
    if answer.priority is not Priority.NORMAL:
        query["priority"] = answer.priority.value
    if answer.travel is not None:
        query |= {"travel": answer.travel.value, "minutesPerStop": answer.offer.project.travel.minutes_per_stop}
    return query
