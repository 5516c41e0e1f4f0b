"""Dashboard requests: the shared context, one request with its principal, and the routes of pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.access import Principal
from slotmcp.domain.catalog import Project
from slotmcp.services.app import App
from slotmcp.services.open_access import OpenAccess
from slotmcp.web.dashboard.pages import PRIVATE_HEADERS, render
from slotmcp.web.dashboard.static import StaticFiles
from slotmcp.web.failures import FailureLimit
from slotmcp.web.host_origin import HostPolicy
from slotmcp.web.shutdown import GracefulShutdown

DASHBOARD: Final = "/dashboard"
COOKIE: Final = "slotmcp_dashboard"
MAX_FIELDS: Final = 100
"""Fields in a form, including empty ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardContext:
    """Objects and settings that all pages share."""

    app: App
    host_policy: HostPolicy
    shutdown: GracefulShutdown
    open_access: OpenAccess
    """State of access without a login."""
    failed_logins: FailureLimit
    is_read_only: bool
    is_secure: bool
    """True if the public URL is https, so that cookies require it."""
    files: StaticFiles = field(default_factory=StaticFiles)

    @property
    def is_open(self) -> bool:
        """True if no login is required."""
        return self.open_access.is_open

    def page(
        self,
        http: Request,
        template: str,
        *,
        status: int = 200,
        request: "DashboardRequest | None" = None,
        **values: object,
    ) -> Response:
        """Render a page or a fragment; without a dashboard request, a page for anonymous users."""
        root: str = http.scope.get("root_path", "")
        shared = {
            "request": request,
            "static": lambda name: root + self.files.url(name),
            "url": partial(page_url, http),
            "read_only": self.is_read_only,
            "is_open": self.is_open,
        }
        return render(template, status=status, **shared, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRequest:
    """One authenticated request to the dashboard."""

    http: Request
    context: DashboardContext
    principal: Principal
    form_token: str = ""
    session_id: str = ""
    """Id of the session in the database; empty on a server without a login."""
    project: Project | None = None
    """Project of the URL; None for pages without a project."""
    form: FormData | None = None

    @property
    def app(self) -> App:
        """All use cases."""
        return self.context.app

    @property
    def project_id(self) -> str:
        """Project id from the URL."""
        return str(self.http.path_params.get("project", ""))

    def query(self, name: str) -> str:
        """Return a query parameter, stripped; an empty string when it is missing."""
        return self.http.query_params.get(name, "").strip()

    def field(self, name: str) -> str:
        """Return a form field, stripped; an empty string when it is missing."""
        value = self.form.get(name) if self.form is not None else None
        return value.strip() if isinstance(value, str) else ""

    def url(self, *parts: str) -> str:
        """Return the URL of a page of this project: `request.url("bookings", booking_id)`."""
        return page_url(self.http, self.project_id, *parts)

    def is_current(self, *parts: str) -> bool:
        """Check whether this request is for the page at `parts`."""
        return self.http.url.path.rstrip("/") == self.url(*parts)

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Render a page or a fragment. The template also gets this request."""
        return self.context.page(self.http, template, status=status, request=self, **values)

    def redirect(self, url: str) -> Response:
        """Redirect after a form, so that a reload does not submit it again."""
        return RedirectResponse(url, 303, dict(PRIVATE_HEADERS))

    async def use_session(self) -> None:
        """Count an open page as use of its session.

        Raises:
            Unavailable.
        """
        if self.session_id:
            await self.app.sessions.resume(self.http.cookies.get(COOKIE, ""))


Handler = Callable[[DashboardRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """Path and handler of a page, a fragment or a form."""

    path: str
    """Path below the project's URL: "", "/reports", "/bookings/{booking}"."""
    handler: Handler
    is_form: bool = False
    """True if the route is a POST that changes data."""


async def read_form(http: Request) -> FormData:
    """Parse a form. Count its separators first, because the parser is slow for empty fields.

    Raises:
        HTTPException: the form has more than 100 fields.
    """
    if (await http.body()).count(b"&") >= MAX_FIELDS:
        raise HTTPException(400, f"A form has at most {MAX_FIELDS} fields.")
    return await http.form()


def page_url(http: Request, *parts: str) -> str:
    """Return the URL of a dashboard page, including the path where the app is mounted."""
    root: str = http.scope.get("root_path", "")
    return "/".join([f"{root}{DASHBOARD}", *(quote(part, safe="") for part in parts if part)])
