"""What is free."""

import re
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.catalog import Technician
from slotmcp.domain.moment import Moment, PartOfDay
from slotmcp.services.app import App
from slotmcp.services.appointments import MAX_DURATION_MINUTES
from slotmcp.services.slots import MAX_LIMIT, SlotAnswer, SlotQuery
from slotmcp.tools.arguments import (
    ID,
    LATITUDE,
    LOCALE,
    LONGITUDE,
    MOMENT,
    ZONE,
    ProjectArguments,
    Text,
    WholeNumber,
    read_location,
)
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.speech import reasons, sentences
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import BRIEF_CANDIDATES, Detail, Response, SlotView, TimeView, show_offer, show_time, starts_of

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LEAST_DAY_LETTERS: Final = 3


def read_days(text: str) -> frozenset[int]:
    """Read weekdays such as "mon,tue" or "Monday"; Monday is 0.

    Raises:
        ValueError: one of them is no weekday.
    """
    return frozenset(_read_day(word.lower()) for word in re.split(r"[,;\s]+", text) if word)


def _read_day(word: str) -> int:
    for number, name in enumerate(_DAYS):
        if len(word) >= _LEAST_DAY_LETTERS and name.startswith(word):
            return number
    raise ValueError('must be weekdays such as "mon,tue"')


class GetSlots(ProjectArguments):
    """What get_slots is asked."""

    service_type: Annotated[str, ID] | None = Field(None, description="From list_services")
    duration_minutes: Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None = Field(
        None, description="If not the service's own"
    )
    from_: Annotated[Moment, MOMENT] | None = Field(
        None,
        alias="from",
        description="2026-11-23, local 2026-11-23T09:00, or 2026-11-23T16:00:00Z. Default now",
    )
    to: Annotated[Moment, MOMENT] | None = Field(
        None, description="Starts before it; a date counts whole. Default a week after from"
    )
    timezone: Annotated[str, ZONE] | None = Field(
        None, description="Caller's IANA zone, if not the business's, e.g. America/Denver"
    )
    latitude: Annotated[float, LATITUDE] | None = Field(None, description="Of the job")
    longitude: Annotated[float, LONGITUDE] | None = Field(None, description="Of the job")
    part_of_day: PartOfDay | None = Field(None, description="morning, afternoon or evening")
    days_of_week: Annotated[frozenset[int], Text(100, read_days)] | None = Field(None, description="E.g. mon,tue")
    technician_id: Annotated[str, ID] | None = Field(None, description="If the caller wants this one")
    limit: Annotated[int, WholeNumber(1, MAX_LIMIT)] = Field(10, description="How many")
    cursor: Annotated[str, Text(2000)] = Field("", description="nextCursor of the last answer; the rest the same")
    detail: Detail = Field("brief", description="brief or full (every candidate)")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


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
        "travel": NotRequired[str],
        "minutesPerStop": NotRequired[int],
    },
)
"""The query as it was understood, and what time it is."""


class SlotTechnicianView(TypedDict):
    """Who the candidates are."""

    technicianId: str
    name: str
    priority: int


class ReasonCountView(TypedDict):
    """What was in the way, how often relative to the others."""

    code: str
    count: int


class SlotsResponse(Response):
    """What get_slots answers."""

    query: QueryView
    slots: list[SlotView]
    technicians: list[SlotTechnicianView]
    reasons: NotRequired[list[ReasonCountView]]
    nextFree: NotRequired[TimeView]
    nextCursor: str


@tool("Find free times", READ_ONLY)
async def get_slots(app: App, args: GetSlots) -> SlotsResponse:
    """Find times that can be booked. Offer the caller two or three of them, then create_hold the chosen start.

    When none is free, nextFree is the first after the range.
    """
    return _show(args, await app.slots.get_slots(_query(args)))


def _query(args: GetSlots) -> SlotQuery:
    return SlotQuery(
        project_id=args.project_id,
        service_id=args.service_type,
        duration_minutes=args.duration_minutes,
        from_=args.from_,
        to=args.to,
        timezone=args.timezone,
        part_of_day=args.part_of_day,
        days_of_week=args.days_of_week,
        technician_id=args.technician_id,
        location=read_location(args.latitude, args.longitude),
        limit=args.limit,
        cursor=args.cursor,
        best=None if args.detail == "full" else BRIEF_CANDIDATES,
    )


def _show(args: GetSlots, answer: SlotAnswer) -> SlotsResponse:
    offer = answer.offer
    view = Viewpoint.of(offer.project, offer.now_ms, timezone=offer.timezone, locale=args.locale)
    shown: SlotsResponse = {
        "result": describe_slots(answer, view, goes_on=bool(args.cursor)),
        "note": view.note,
        "query": _show_query(answer, view),
        "slots": show_offer(offer, view, args.detail),
        "technicians": [_show_technician(technician) for technician in answer.technicians],
        "nextCursor": answer.next_cursor,
    }
    if answer.reasons:
        shown["reasons"] = [{"code": reason.value, "count": count} for reason, count in answer.reasons.items()]
    if answer.next_free is not None:
        shown["nextFree"] = show_time(answer.next_free.start, answer.next_free.end, view)
    return shown


def describe_slots(answer: SlotAnswer, view: Viewpoint, *, goes_on: bool) -> str:
    """Some of the times, or why there are none; `goes_on` where an earlier answer had the first ones."""
    if answer.offer.slots:
        return sentences.free_times(starts_of(answer.offer.slots), view)
    if goes_on:
        return sentences.no_more_times(view)
    next_start = answer.next_free.start if answer.next_free else None
    most = next(iter(answer.reasons), None)
    if most is None:
        return sentences.nothing_free(next_start, view)
    requested = answer.requested_technician
    in_the_way = reasons.of_technician(requested.name, most, view) if requested else reasons.of_everybody(most, view)
    return f"{in_the_way} {reasons.next_free(next_start, most, view)}"


def _show_query(answer: SlotAnswer, view: Viewpoint) -> QueryView:
    shown: QueryView = {
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
        shown |= {"latitude": answer.location.latitude, "longitude": answer.location.longitude}
    if answer.travel is not None:
        shown |= {"travel": answer.travel.value, "minutesPerStop": answer.offer.project.travel.minutes_per_stop}
    return shown


def _show_technician(technician: Technician) -> SlotTechnicianView:
    return {"technicianId": technician.id, "name": technician.name, "priority": technician.priority}
