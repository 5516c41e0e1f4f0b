"""A visit: one request of somebody who may see the dashboard, and all that a page of it is made with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.access import Principal
from slotmcp.domain.catalog import Project
from slotmcp.services.app import App
from slotmcp.web.dashboard.pages import page
from slotmcp.web.dashboard.security import PRIVATE
from slotmcp.web.dashboard.static import StaticFiles
from slotmcp.web.host_origin import Places
from slotmcp.web.stopping import Stopping

DASHBOARD: Final = "/dashboard"
COOKIE: Final = "slotmcp_dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardContext:
    """What all pages share."""

    app: App
    places: Places
    """The names that this server goes by."""
    stopping: Stopping
    is_open: bool
    """Nobody is asked who they are."""
    is_read_only: bool
    is_secure: bool
    """It is known by an https address."""
    files: StaticFiles = field(default_factory=StaticFiles)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        visit: "DashboardRequest | None" = None,
        **told: object,
    ) -> Response:
        """A page, or a part of one; without a visit it is nobody's: a login, a problem."""
        root: str = request.scope.get("root_path", "")
        known = {
            "visit": visit,
            "static": lambda name: root + self.files.url(name),
            "url": partial(address, request),
            "read_only": self.is_read_only,
            "is_open": self.is_open,
        }
        return page(template, status=status, **known, **told)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRequest:
    """One request."""

    request: Request
    context: DashboardContext
    principal: Principal
    form_token: str = ""
    project: Project | None = None
    """Of the page's address; None: the page is of none."""
    form: FormData | None = None
    """What a form brought."""

    @property
    def app(self) -> App:
        """Every use case."""
        return self.context.app

    @property
    def project_id(self) -> str:
        """The project of the page's address."""
        return str(self.request.path_params.get("project", ""))

    def asked(self, name: str) -> str:
        """What stands behind the question mark of the address; "": nothing of that name."""
        return self.request.query_params.get(name, "").strip()

    def field(self, name: str) -> str:
        """What stood in a field of a form; "": nothing, or no such field."""
        value = self.form.get(name) if self.form is not None else None
        return value.strip() if isinstance(value, str) else ""

    def url(self, *parts: str) -> str:
        """The address of a page of this project: `visit.url("bookings", booking_id)`."""
        return address(self.request, self.project_id, *parts)

    def is_at(self, *parts: str) -> bool:
        """Whether this is the page of that address."""
        return self.request.url.path.rstrip("/") == self.url(*parts)

    def page(self, template: str, *, status: int = 200, **told: object) -> Response:
        """A page, or a part of one. Its template knows the visit, and what is told."""
        return self.context.page(self.request, template, status=status, visit=self, **told)

    def go_to(self, url: str) -> Response:
        """After a form: another page, which can be loaded again without sending the form again."""
        return RedirectResponse(url, 303, dict(PRIVATE))

    async def is_still_good(self) -> bool:
        """Whether whoever looks may go on looking: their key may have been revoked since.

        Raises:
            Unavailable.
        """
        if self.context.is_open:
            return True
        return await self.app.sessions.resume(self.request.cookies.get(COOKIE, "")) is not None


Handler = Callable[[DashboardRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A page of a project, or a part of one: where it is, and who answers there."""

    path: str
    """Below the project's own: "", "/reports", "/bookings/{booking}"."""
    handler: Handler
    is_form: bool = False
    """It is sent to, and changes something: POST."""


def address(request: Request, *parts: str) -> str:
    """The address of a page, wherever the app is mounted."""
    root: str = request.scope.get("root_path", "")
    return "/".join([f"{root}{DASHBOARD}", *(quote(part, safe="") for part in parts if part)])
