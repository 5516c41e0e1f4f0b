"""Tool that lists the services."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Interval
from slotmcp.services.app import App
from slotmcp.services.opening_days import OpeningDay
from slotmcp.services.projects import CatalogAnswer
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc_ms
from slotmcp.tools.service_views import ServiceView, note_for, show_full_service, show_information, show_service
from slotmcp.tools.speech import sentences, service_terms
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import MAX_LISTED, LeftOut, Response, add_left_out

_MINUTES_PER_HOUR: Final = 60
_SERVICES_KEYS: Final = ("projectId", "projectName", "defaultServiceType", "services", "leftOut")
_HOURS_KEYS: Final = ("projectId", "projectName", "timezone", "now", "today", "hours", "nextDays")


class ListServices(arguments.ProjectArguments):
    """Arguments of list_services."""

    service_type: arguments.Id | None = Field(None, description="Only this one, in full")
    locale: arguments.Locale = ""


class DayView(TypedDict):
    """Opening hours of one date."""

    date: str
    label: str
    hours: str
    emergencyHours: NotRequired[str]
    """Hours for emergencies only, beside `hours`."""


class HoursView(TypedDict):
    """Opening hours of the next seven dates by weekday, such as "08:00-12:00,13:00-17:00" or "closed"."""

    mon: str
    tue: str
    wed: str
    thu: str
    fri: str
    sat: str
    sun: str


class ServicesResponse(Response, LeftOut):
    """Response of list_services."""

    projectId: str
    projectName: str
    timezone: str
    now: str
    today: str
    hours: HoursView
    nextDays: list[DayView]
    defaultServiceType: NotRequired[str]
    services: list[ServiceView]


@tool("List services", READ_ONLY)
async def list_services(app: App, args: ListServices) -> ServicesResponse:
    """List the services and prices that the business offers, its opening hours, and today's date.

    Call it first, and when asked what is offered or how much a repair costs. With serviceType, it returns that
    service in full: price, terms, when to choose it, and questions. Read only. For free times, use get_slots.
    """
    answer = await app.projects.list_services(args.project_id, args.service_type)
    return _show(answer, Viewpoint.of(answer.project, answer.now_ms, locale=args.locale))


def _show(answer: CatalogAnswer, view: Viewpoint) -> ServicesResponse:
    project = answer.project
    response: ServicesResponse = {
        "result": _describe(answer, view),
        "note": note_for(view, has_words=answer.is_of_one and _has_words(answer.services[0])),
        "projectId": project.id,
        "projectName": project.name,
        "timezone": project.timezone,
        "now": write_utc_ms(answer.now_ms),
        "today": full_date(view.today, view.voice),
        "hours": _show_week(answer),
        "nextDays": [_show_date(day, view) for day in answer.days],
        "services": _show_services(answer, view),
    }
    add_left_out(response, answer.services)
    if project.default_service_id is not None:
        response["defaultServiceType"] = project.default_service_id
    return response


async def read_services(app: App, project_id: str | None) -> Mapping[str, object]:
    """Return the content of the resource of a project's services, in the business's language.

    Raises:
        NotFound, Unavailable.
    """
    return await _read(app, project_id, _SERVICES_KEYS)


async def read_service(app: App, project_id: str | None, service_id: str) -> Mapping[str, object]:
    """Return the content of the resource of one service: everything that is known about it.

    Raises:
        NotFound, Unavailable.
    """
    answer = await app.projects.list_services(project_id, service_id)
    view = Viewpoint.of(answer.project, answer.now_ms)
    return {"projectId": answer.project.id, **show_full_service(answer.services[0], view)}


async def read_hours(app: App, project_id: str | None) -> Mapping[str, object]:
    """Return the content of the resource of a project's opening hours, in the business's language.

    Raises:
        NotFound, Unavailable.
    """
    return await _read(app, project_id, _HOURS_KEYS)


async def _read(app: App, project_id: str | None, keys: Collection[str]) -> Mapping[str, object]:
    """Return some keys of the response of list_services."""
    answer = await app.projects.list_services(project_id)
    shown = _show(answer, Viewpoint.of(answer.project, answer.now_ms))
    return {key: value for key, value in shown.items() if key in keys}


def _has_words(service: ServiceType) -> bool:
    return bool(service.description or service.guidance or show_information(service))


def _show_services(answer: CatalogAnswer, view: Viewpoint) -> list[ServiceView]:
    if answer.is_of_one:
        return [show_full_service(service, view) for service in answer.services]
    return [show_service(service, view) for service in answer.services[:MAX_LISTED]]


def _describe(answer: CatalogAnswer, view: Viewpoint) -> str:
    """Describe the requested service, or list all of them.

    The dates on which the business is closed or open for less time than usual come before the list.
    """
    if answer.is_of_one:
        return service_terms.about(answer.services[0], view)
    closed = [day for day in answer.days if day.is_unusually_closed]
    shortened = [day.date for day in answer.days if day.is_shortened]
    if not shortened:
        return sentences.services(answer.services, view)
    exception = _closed_days(closed, view) if closed else sentences.shorter_hours(shortened, view)
    return sentences.services(answer.services, view, preface=exception)


def _closed_days(closed: Sequence[OpeningDay], view: Viewpoint) -> str:
    dates = [day.date for day in closed]
    if all(day.emergency_hours for day in closed):
        return sentences.closed_except_for_emergencies(dates, view)
    return sentences.closed_days(dates, view)


def _show_date(day: OpeningDay, view: Viewpoint) -> DayView:
    shown: DayView = {
        "date": day.date.isoformat(),
        "label": full_date(day.date, view.voice),
        "hours": show_hours(day.hours),
    }
    if day.emergency_hours:
        shown["emergencyHours"] = show_hours(day.emergency_hours)
    return shown


def _show_week(answer: CatalogAnswer) -> HoursView:
    by_weekday = sorted(answer.days, key=lambda day: day.date.weekday())
    mon, tue, wed, thu, fri, sat, sun = (show_hours(day.hours) for day in by_weekday)
    return {"mon": mon, "tue": tue, "wed": wed, "thu": thu, "fri": fri, "sat": sat, "sun": sun}


def show_hours(spans: Sequence[Interval]) -> str:
    """Return spans of minutes of the day, such as "08:00-12:00,13:00-17:00"; "closed" if there are none."""
    return ",".join(f"{_show_minute(start)}-{_show_minute(end)}" for start, end in spans) or "closed"


def _show_minute(minute_of_day: int) -> str:
    hour, minute = divmod(minute_of_day, _MINUTES_PER_HOUR)
    return f"{hour:02}:{minute:02}"
