"""Logging in, with an operator's key, and out."""

from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.errors import TryLater
from slotmcp.ports import Rate
from slotmcp.services.sessions import LASTS_MS
from slotmcp.web.dashboard.guard import NOT_FROM_HERE, DashboardGuard
from slotmcp.web.dashboard.request import COOKIE, DASHBOARD, DashboardRequest, Panel, address
from slotmcp.web.dashboard.security import PRIVATE, is_own

WRONG_KEY: Final = (
    "That key opens nothing here: it is wrong, revoked, over, or a caller's. "
    "Make an operator's with `slotmcp keys create --scope operator`."
)
TOO_MANY: Final = "Too many tries. Wait a minute, then try once more."
TRIES: Final = Rate(per_minute=10)
"""From one address."""
_MS_PER_SECOND: Final = 1000
_NAME_DIGITS: Final = 16


class Login:
    """The two pages without which there is no session."""

    def __init__(self, door: DashboardGuard) -> None:
        self._door = door
        self._house = door.context

    async def show(self, request: Request) -> Response:
        """The form; for somebody who is in already, the dashboard."""
        try:
            if await self._door.visit(request):
                return _go_home(request)
        except TryLater as error:
            return self._door.problem(request, error)
        return self._house.page(request, "login.html", problem="")

    async def begin(self, request: Request) -> Response:
        """The form, sent."""
        if not is_own(request.headers):
            return self._door.refused(request, 403, NOT_FROM_HERE)
        if await self._house.app.limits.acquire(f"login:{_sender(request)}", TRIES):
            return self._house.page(request, "login.html", status=429, problem=TOO_MANY)
        key = (await request.form()).get("key")
        try:
            session = await self._house.app.sessions.begin(key.strip()) if isinstance(key, str) else None
        except TryLater as error:
            return self._door.problem(request, error)
        if session is None:
            return self._house.page(request, "login.html", status=401, problem=WRONG_KEY)
        answer = _go_home(request)
        answer.set_cookie(
            COOKIE,
            session.value,
            max_age=LASTS_MS // _MS_PER_SECOND,
            path=_path(request),
            secure=self._house.is_secure or request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer


async def log_out(visit: DashboardRequest) -> Response:
    """Forget the session."""
    answer = visit.go_to(address(visit.request, "login"))
    answer.delete_cookie(COOKIE, path=_path(visit.request))
    return answer


async def home(visit: DashboardRequest) -> Response:
    """The only project within reach; where there are several, all of them."""
    known = [one for one in await visit.app.projects.ids() if visit.principal.can_reach(one)]
    if len(known) == 1:
        return visit.go_to(address(visit.request, known[0]))
    return visit.page("projects.html", projects=known)


HOME: Final = Panel(path="", handler=home)
LOG_OUT: Final = Panel(path="/logout", handler=log_out, is_form=True)


def _go_home(request: Request) -> Response:
    return RedirectResponse(address(request), 303, dict(PRIVATE))


def _path(request: Request) -> str:
    return str(request.scope.get("root_path", "")) + DASHBOARD


def _sender(request: Request) -> str:
    """Where a request comes from, as a name that tells nobody where."""
    address_of_sender = request.client.host if request.client else ""
    return sha256(address_of_sender.encode()).hexdigest()[:_NAME_DIGITS]
