"""Login with an operator key, logout, and the list of projects."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.errors import TryLater
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.services.sessions import LIFETIME_MS, Session
from slotmcp.web.dashboard.guard import FORM_REJECTED, DashboardGuard, is_same_origin
from slotmcp.web.dashboard.pages import PRIVATE_HEADERS
from slotmcp.web.dashboard.request import COOKIE, DASHBOARD, DashboardRequest, PageRoute, page_url, read_form

WRONG_KEY: Final = (
    "This key can't be used here: it is wrong, expired, revoked, or a caller key. "
    "Create an operator key with `slotmcp keys create --scope operator`."
)
TOO_MANY: Final = "Too many wrong keys from here, or for this key. A valid key still works."


class Login:
    """Login form, which needs no session."""

    def __init__(self, guard: DashboardGuard) -> None:
        self._guard = guard
        self._context = guard.context

    async def show(self, http: Request) -> Response:
        """Show the form, or redirect a user who is logged in."""
        try:
            if await self._guard.authenticate(http):
                return _redirect_home(http)
        except TryLater as error:
            return self._guard.error_page(http, error)
        return self._form(http)

    async def submit(self, http: Request) -> Response:
        """Begin a session for the key in the form."""
        if not is_same_origin(http.headers):
            return self._guard.message_page(http, 403, FORM_REJECTED)
        field = (await read_form(http)).get("key")
        key = field.strip() if isinstance(field, str) else ""
        try:
            session = await self._context.app.sessions.begin(key)
        except TryLater as error:
            return self._guard.error_page(http, error)
        return await (self._reject(http, key) if session is None else self._begin(http, session))

    async def _reject(self, http: Request, key: str) -> Response:
        """Show the form with the problem. Only rejected keys are counted, so a valid one always gets in."""
        if await self._context.failed_logins.count(http.scope, key):
            return self._form(http, status=429, problem=TOO_MANY)
        return self._form(http, status=401, problem=WRONG_KEY)

    async def _begin(self, http: Request, session: Session) -> Response:
        await self._context.app.sessions.end(http.cookies.get(COOKIE, ""))  # a session that this one replaces
        response = _redirect_home(http)
        response.set_cookie(
            COOKIE,
            session.value,
            max_age=LIFETIME_MS // MS_PER_SECOND,
            path=_cookie_path(http),
            secure=self._context.is_secure or http.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    def _form(self, http: Request, *, status: int = 200, problem: str = "") -> Response:
        return self._context.page(http, "login.html", status=status, problem=problem)


async def log_out(request: DashboardRequest) -> Response:
    """End the session in every process, and delete its cookie."""
    await request.app.sessions.end(request.http.cookies.get(COOKIE, ""))
    response = request.redirect(page_url(request.http, "login"))
    response.delete_cookie(COOKIE, path=_cookie_path(request.http))
    return response


async def home(request: DashboardRequest) -> Response:
    """List the projects that the user can access, or redirect to the only one."""
    projects = [
        project_id for project_id in await request.app.projects.ids() if request.principal.can_reach(project_id)
    ]
    if len(projects) == 1:
        return request.redirect(page_url(request.http, projects[0]))
    return request.page("projects.html", projects=projects)


HOME: Final = PageRoute(path="", handler=home)
LOG_OUT: Final = PageRoute(path="/logout", handler=log_out, is_form=True)


def _redirect_home(http: Request) -> Response:
    return RedirectResponse(page_url(http), 303, dict(PRIVATE_HEADERS))


def _cookie_path(http: Request) -> str:
    return str(http.scope.get("root_path", "")) + DASHBOARD
