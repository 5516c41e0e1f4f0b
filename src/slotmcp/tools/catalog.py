"""Tool that lists the services."""

from typing import Final, NotRequired

from typing_extensions import TypedDict

from slotmcp.services.app import App
from slotmcp.services.projects import CatalogAnswer
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc_ms
from slotmcp.tools.speech import sentences
from slotmcp.tools.speech.names import say_service
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import MAX_LISTED, LeftOut, Response, add_left_out

_MINUTES_PER_HOUR: Final = 60


class ListServices(arguments.ProjectArguments):
    """Arguments of list_services."""

    locale: arguments.Locale = ""


class ServiceView(TypedDict):
    """Kind of appointment."""

    serviceType: str
    name: str
    spokenName: str
    durationMinutes: int
    skills: list[str]


class DayView(TypedDict):
    """Opening hours of one date."""

    date: str
    label: str
    hours: str


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
    """See what can be booked, the opening hours, and today's date. Call this first, then get_slots."""
    answer = await app.projects.list_services(args.project_id)
    project = answer.project
    view = Viewpoint.of(project, answer.now_ms, locale=args.locale)
    response: ServicesResponse = {
        "result": _describe(answer, view),
        "note": view.note,
        "projectId": project.id,
        "projectName": project.name,
        "timezone": project.timezone,
        "now": write_utc_ms(answer.now_ms),
        "today": full_date(view.today, view.voice),
        "hours": _show_hours(answer),
        "nextDays": [
            {"date": day.date.isoformat(), "label": full_date(day.date, view.voice), "hours": _show_day(day.hours)}
            for day in answer.days
        ],
        "services": [
            {
                "serviceType": service.id,
                "name": service.name,
                "spokenName": say_service(service, view),
                "durationMinutes": service.duration_minutes,
                "skills": sorted(service.skills),
            }
            for service in answer.services[:MAX_LISTED]
        ],
    }
    add_left_out(response, answer.services)
    if project.default_service_id is not None:
        response["defaultServiceType"] = project.default_service_id
    return response


def _describe(answer: CatalogAnswer, view: Viewpoint) -> str:
    """List the services, after the dates on which the business is closed or open for less time than usual."""
    closed = [day.date for day in answer.days if day.is_unusually_closed]
    shortened = [day.date for day in answer.days if day.is_shortened]
    if not shortened:
        return sentences.services(answer.services, view)
    exception = sentences.closed_days(closed, view) if closed else sentences.shorter_hours(shortened, view)
    return sentences.services(answer.services, view, preface=exception)


def _show_hours(answer: CatalogAnswer) -> HoursView:
    by_weekday = sorted(answer.days, key=lambda day: day.date.weekday())
    mon, tue, wed, thu, fri, sat, sun = (_show_day(day.hours) for day in by_weekday)
    return {"mon": mon, "tue": tue, "wed": wed, "thu": thu, "fri": fri, "sat": sat, "sun": sun}


def _show_day(spans: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{_show_minute(start)}-{_show_minute(end)}" for start, end in spans) or "closed"


def _show_minute(minute_of_day: int) -> str:
    hour, minute = divmod(minute_of_day, _MINUTES_PER_HOUR)
    return f"{hour:02}:{minute:02}"
