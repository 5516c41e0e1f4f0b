"""Routes of the dashboard.

A page is a `PageRoute` in the module of its noun, which is listed here; its template extends `base.html`.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from slotmcp.web.dashboard import board, bookings, calendar, gaps, reports, technicians, traces
from slotmcp.web.dashboard.guard import DashboardGuard
from slotmcp.web.dashboard.login import HOME, LOG_OUT, Login
from slotmcp.web.dashboard.pages import PRIVATE_HEADERS
from slotmcp.web.dashboard.request import DASHBOARD, DashboardContext, PageRoute, page_url
from slotmcp.web.dashboard.static import STATIC_PATH
from slotmcp.web.host_origin import WRONG_HOST, HostPolicy
from slotmcp.web.responses import error_response

Endpoint = Callable[[Request], Awaitable[Response]]

ROUTES: Final[Sequence[PageRoute]] = tuple(
    chain.from_iterable(module.ROUTES for module in (board, bookings, technicians, reports, gaps, traces, calendar))
)
NO_SUCH_PAGE: Final = "Page not found."
_PROJECT: Final = f"{DASHBOARD}/{{project}}"


def dashboard_routes(context: DashboardContext) -> Sequence[Route]:
    """Return all routes. Pages authenticate with a session, not with a bearer token."""
    guard = DashboardGuard(context)
    login = Login(guard)
    endpoints = [
        (STATIC_PATH, "GET", context.files.serve),
        (f"{DASHBOARD}/login", "GET", login.show),
        (f"{DASHBOARD}/login", "POST", login.submit),
        *(_protected(guard, DASHBOARD, route) for route in (HOME, LOG_OUT)),
        *(_protected(guard, _PROJECT, route) for route in ROUTES),
        (f"{DASHBOARD}/{{rest:path}}", "GET", _fallback(guard)),  # the metrics' route label has this text
    ]
    return [
        Route(path, _with_host_check(context.host_policy, endpoint), methods=[method])
        for path, method, endpoint in endpoints
    ]


def _protected(guard: DashboardGuard, prefix: str, route: PageRoute) -> tuple[str, str, Endpoint]:
    return prefix + route.path, "POST" if route.is_form else "GET", guard.protect(route)


def _fallback(guard: DashboardGuard) -> Endpoint:
    """Return the endpoint of unknown paths: remove a trailing slash, or respond with 404."""

    async def endpoint(http: Request) -> Response:
        path = str(http.path_params["rest"])
        if path.endswith("/") or not path:
            return RedirectResponse(page_url(http, *path.split("/")), 303, dict(PRIVATE_HEADERS))
        return guard.message_page(http, 404, NO_SUCH_PAGE)

    return endpoint


def _with_host_check(policy: HostPolicy, endpoint: Endpoint) -> Endpoint:
    """Reject foreign host names, which protects against DNS rebinding."""

    async def checked(http: Request) -> Response:
        if policy.allows_host(http.headers.get("host", "")):
            return await endpoint(http)
        return error_response(421, "wrong_host", WRONG_HOST)

    return checked
