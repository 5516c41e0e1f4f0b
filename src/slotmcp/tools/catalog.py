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
from slotmcp.tools.views import Response

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


class HoursView(TypedDict):
    """Opening hours of each weekday, such as "08:00-12:00,13:00-17:00" or "closed"."""

    mon: str
    tue: str
    wed: str
    thu: str
    fri: str
    sat: str
    sun: str


class ServicesResponse(Response):
    """Response of list_services."""

    projectId: str
    projectName: str
    timezone: str
    now: str
    today: str
    hours: HoursView
    defaultServiceType: NotRequired[str]
    services: list[ServiceView]


@tool("List services", READ_ONLY)
async def list_services(app: App, args: ListServices) -> ServicesResponse:
    """See what can be booked, the opening hours, and today's date. Call this first, then get_slots."""
    answer = await app.projects.list_services(args.project_id)
    project = answer.project
    view = Viewpoint.of(project, answer.now_ms, locale=args.locale)
    response: ServicesResponse = {
        "result": sentences.services(answer.services, view),
        "note": view.note,
        "projectId": project.id,
        "projectName": project.name,
        "timezone": project.timezone,
        "now": write_utc_ms(answer.now_ms),
        "today": full_date(view.today, view.voice),
        "hours": _show_hours(answer),
        "services": [
            {
                "serviceType": service.id,
                "name": service.name,
                "spokenName": say_service(service, view),
                "durationMinutes": service.duration_minutes,
                "skills": sorted(service.skills),
            }
            for service in answer.services
        ],
    }
    if project.default_service_id is not None:
        response["defaultServiceType"] = project.default_service_id
    return response


def _show_hours(answer: CatalogAnswer) -> HoursView:
    mon, tue, wed, thu, fri, sat, sun = (_show_day(answer.hours.get(day, ())) for day in range(7))
    return {"mon": mon, "tue": tue, "wed": wed, "thu": thu, "fri": fri, "sat": sat, "sun": sun}


def _show_day(spans: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{_show_minute(start)}-{_show_minute(end)}" for start, end in spans) or "closed"


def _show_minute(minute_of_day: int) -> str:
    hour, minute = divmod(minute_of_day, _MINUTES_PER_HOUR)
    return f"{hour:02}:{minute:02}"
