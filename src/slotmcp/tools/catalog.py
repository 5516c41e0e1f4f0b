"""What a caller may ask for."""

from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.catalog import ServiceType
from slotmcp.services.app import App
from slotmcp.services.projects import CatalogAnswer
from slotmcp.tools.arguments import LOCALE, ProjectArguments
from slotmcp.tools.moments import write_utc_ms
from slotmcp.tools.speech import sentences
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import Response

_MINUTES_PER_HOUR: Final = 60


class ListServices(ProjectArguments):
    """What list_services is asked."""

    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class ServiceView(TypedDict):
    """A kind of appointment."""

    serviceType: str
    name: str
    spokenName: str
    durationMinutes: int
    skills: list[str]


class HoursView(TypedDict):
    """When anybody works on each weekday, such as "08:00-12:00,13:00-17:00" or "closed"."""

    mon: str
    tue: str
    wed: str
    thu: str
    fri: str
    sat: str
    sun: str


class ServicesResponse(Response):
    """What list_services answers."""

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
    return _show(args, await app.projects.list_services(args.project_id))


def _show(args: ListServices, answer: CatalogAnswer) -> ServicesResponse:
    project = answer.project
    view = Viewpoint.of(project, answer.now_ms, locale=args.locale)
    shown: ServicesResponse = {
        "result": sentences.offered_services([service.name for service in answer.services], view),
        "note": view.note,
        "projectId": project.id,
        "projectName": project.name,
        "timezone": project.timezone,
        "now": write_utc_ms(answer.now_ms),
        "today": full_date(view.today, view.voice),
        "hours": _show_hours(answer),
        "services": [_show_service(service, view) for service in answer.services],
    }
    if project.default_service_id is not None:
        shown["defaultServiceType"] = project.default_service_id
    return shown


def _show_service(service: ServiceType, view: Viewpoint) -> ServiceView:
    return {
        "serviceType": service.id,
        "name": service.name,
        "spokenName": sentences.spoken_name(service.name, view),
        "durationMinutes": service.duration_minutes,
        "skills": sorted(service.skills),
    }


def _show_hours(answer: CatalogAnswer) -> HoursView:
    mon, tue, wed, thu, fri, sat, sun = (_show_day(answer.hours.get(day, ())) for day in range(7))
    return {"mon": mon, "tue": tue, "wed": wed, "thu": thu, "fri": fri, "sat": sat, "sun": sun}


def _show_day(spans: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{_show_wall(start)}-{_show_wall(end)}" for start, end in spans) or "closed"


def _show_wall(minute: int) -> str:
    hour, rest = divmod(minute, _MINUTES_PER_HOUR)
    return f"{hour:02}:{rest:02}"
