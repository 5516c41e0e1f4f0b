"""Access to the dashboard: sessions, and protection of forms against cross-site requests."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.access import LOCAL
from slotmcp.domain.errors import Forbidden, NotFound, SlotmcpError, TryLater
from slotmcp.services.current_principal import acting_as
from slotmcp.web.anonymous import require_direct
from slotmcp.web.dashboard.pages import PRIVATE_HEADERS
from slotmcp.web.dashboard.request import COOKIE, DashboardContext, DashboardRequest, PageRoute, page_url, read_form

TOKEN_FIELD: Final = "form_token"  # noqa: S105  a field's name
TOKEN_HEADER: Final = "x-form-token"  # noqa: S105  a header's name
FORM_REJECTED: Final = (
    "This form is no longer valid: it came from another site, or you have logged in again since. "
    "Go back, reload the page, and submit it again."
)
READ_ONLY: Final = "This server runs with --read-only, so nothing can be changed."
_STATUS: Final = {NotFound: 404, Forbidden: 403, TryLater: 503}
_UNPROCESSABLE: Final = 422
_SAME_SITE: Final = {"", "same-origin", "none"}


@dataclass(frozen=True, slots=True)
class DashboardGuard:
    """Session and form checks in front of every page."""

    context: DashboardContext

    def protect(self, route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
        """Return the route's endpoint with all checks."""

        async def endpoint(http: Request) -> Response:
            try:
                if route.is_form:
                    await read_form(http)  # first, because the session may end while a slow form arrives
                request = await self.authenticate(http)
                return await self._handle(request, route) if request else _redirect_to_login(http)
            except SlotmcpError as error:
                return self.error_page(http, error)

        return endpoint

    async def authenticate(self, http: Request) -> DashboardRequest | None:
        """Return the request with its principal; None when a login is required.

        Raises:
            Unavailable, Forbidden.
        """
        if self.context.is_open:
            require_direct(self.context.open_access, http.headers)
            return DashboardRequest(http=http, context=self.context, principal=LOCAL)
        session = await self.context.app.sessions.resume(http.cookies.get(COOKIE, ""))
        if session is None:
            return None
        return DashboardRequest(
            http=http,
            context=self.context,
            principal=session.principal,
            form_token=session.form_token,
            session_id=session.id,
        )

    def error_page(self, http: Request, error: SlotmcpError) -> Response:
        """Render an error as a page with a link back."""
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), _UNPROCESSABLE)
        return self.message_page(http, status, error.message)

    def message_page(self, http: Request, status: int, message: str) -> Response:
        """Render a page that explains the problem."""
        return self.context.page(http, "problem.html", status=status, message=message)

    async def _handle(self, request: DashboardRequest, route: PageRoute) -> Response:
        if route.is_form:
            request = replace(request, form=await read_form(request.http))
            if not (is_same_origin(request.http.headers) and _has_form_token(request)):
                return self.message_page(request.http, 403, FORM_REJECTED)
            if self.context.is_read_only:
                return self.message_page(request.http, 403, READ_ONLY)
        with acting_as(request.principal):
            return await route.handler(await _with_project(request))


def is_same_origin(headers: Headers) -> bool:
    """Check that the browser reports this server as the request's origin."""
    origin, host = headers.get("origin"), headers.get("host", "")
    has_own_origin = origin is None or urlsplit(origin).netloc == host
    return has_own_origin and headers.get("sec-fetch-site", "") in _SAME_SITE


async def _with_project(request: DashboardRequest) -> DashboardRequest:
    """Add the project of the URL.

    Raises:
        NotFound: the project does not exist, or the principal may not see it.
        Unavailable.
    """
    if not request.project_id:
        return request
    project_id = request.principal.resolve_project(request.project_id)
    return replace(request, project=await request.app.projects.project(project_id))


def _redirect_to_login(http: Request) -> Response:
    login = page_url(http, "login")
    if http.headers.get("hx-request"):  # a fragment: redirect the whole page instead
        return Response(status_code=401, headers={**PRIVATE_HEADERS, "HX-Redirect": login})
    return RedirectResponse(login, 303, dict(PRIVATE_HEADERS))


def _has_form_token(request: DashboardRequest) -> bool:
    token = request.field(TOKEN_FIELD) or request.http.headers.get(TOKEN_HEADER, "")
    return hmac.compare_digest(token.encode(), request.form_token.encode())
