"""The dashboard's pages, each at its address.

A page of a project is a `Panel` in the module of its noun, which is listed here; its template extends `base.html`.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from slotmcp.web.answers import refusal
from slotmcp.web.dashboard import board, bookings, calendar, refusals, reports, technicians, traces
from slotmcp.web.dashboard.guard import DashboardGuard
from slotmcp.web.dashboard.login import HOME, LOG_OUT, Login
from slotmcp.web.dashboard.request import DASHBOARD, DashboardContext, Panel, address
from slotmcp.web.dashboard.security import PRIVATE
from slotmcp.web.dashboard.static import STATIC_PATH
from slotmcp.web.host_origin import WRONG_HOST, Places

Answer = Callable[[Request], Awaitable[Response]]

PANELS: Final[Sequence[Panel]] = tuple(
    chain.from_iterable(one.PANELS for one in (board, bookings, technicians, reports, refusals, traces, calendar))
)
NO_SUCH_PAGE: Final = "There is no page at this address."
_PROJECT: Final = f"{DASHBOARD}/{{project}}"


def routes_of(context: DashboardContext) -> Sequence[Route]:
    """Every page. They let in by a session, whoever has a key for something else."""
    door = DashboardGuard(context)
    login = Login(door)
    answers = [
        (STATIC_PATH, "GET", context.files.serve),
        (f"{DASHBOARD}/login", "GET", login.show),
        (f"{DASHBOARD}/login", "POST", login.begin),
        *(_behind(door, DASHBOARD, panel) for panel in (HOME, LOG_OUT)),
        *(_behind(door, _PROJECT, panel) for panel in PANELS),
        (f"{DASHBOARD}/{{rest:path}}", "GET", _elsewhere(door)),
    ]
    return [Route(path, _at_home(context.places, answer), methods=[method]) for path, method, answer in answers]


def _behind(door: DashboardGuard, prefix: str, panel: Panel) -> tuple[str, str, Answer]:
    return prefix + panel.path, "POST" if panel.is_form else "GET", door.leading_to(panel)


def _elsewhere(door: DashboardGuard) -> Answer:
    """Where no page is: the one that was meant, or a way back."""

    async def answer(request: Request) -> Response:
        path = str(request.path_params["rest"])
        if path.endswith("/") or not path:
            return RedirectResponse(address(request, *path.split("/")), 303, dict(PRIVATE))
        return door.refused(request, 404, NO_SUCH_PAGE)

    return answer


def _at_home(places: Places, answer: Answer) -> Answer:
    """The same, for those alone who call this server by its name: another's may have been pointed here by a thief."""

    async def answered(request: Request) -> Response:
        if places.is_known_host(request.headers.get("host", "")):
            return await answer(request)
        return refusal(421, "wrong_host", WRONG_HOST)

    return answered
