"""The dashboard's own door: who comes in, by a session; and forms that another site has sent are refused."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotmcp.domain.access import LOCAL
from slotmcp.domain.errors import Forbidden, NotFound, SlotmcpError, TryLater
from slotmcp.services.acting import acting_as
from slotmcp.web.dashboard.request import COOKIE, DashboardContext, DashboardRequest, Panel, address
from slotmcp.web.dashboard.security import PRIVATE, is_own

TOKEN_FIELD: Final = "form_token"  # noqa: S105  a field's name
TOKEN_HEADER: Final = "x-form-token"  # noqa: S105  a header's name
NOT_FROM_HERE: Final = (
    "This was not sent from a page of this dashboard, or you have logged in anew since. "
    "Go back, load the page again, and send it once more."
)
READ_ONLY: Final = "This server was started with --read-only: it shows everything and changes nothing."
_STATUS: Final = {NotFound: 404, Forbidden: 403, TryLater: 503}
_WRONG: Final = 422


@dataclass(frozen=True, slots=True)
class DashboardGuard:
    """Lets visits in."""

    context: DashboardContext

    def leading_to(self, panel: Panel) -> Callable[[Request], Awaitable[Response]]:
        """A panel, behind the door."""

        async def answer(request: Request) -> Response:
            try:
                visit = await self.visit(request)
                return await self._let_in(visit, panel) if visit else _to_login(request)
            except SlotmcpError as error:
                return self.problem(request, error)

        return answer

    async def visit(self, request: Request) -> DashboardRequest | None:
        """Who comes; None: somebody who has to log in first.

        Raises:
            Unavailable.
        """
        if self.context.is_open:
            return DashboardRequest(request=request, context=self.context, principal=LOCAL)
        session = await self.context.app.sessions.resume(request.cookies.get(COOKIE, ""))
        if session is None:
            return None
        return DashboardRequest(
            request=request, context=self.context, principal=session.principal, form_token=session.form_token
        )

    def problem(self, request: Request, error: SlotmcpError) -> Response:
        """An error, as a page with a way back."""
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), _WRONG)
        return self.refused(request, status, error.message)

    def refused(self, request: Request, status: int, sentence: str) -> Response:
        """A page that says why not."""
        return self.context.page(request, "problem.html", status=status, sentence=sentence)

    async def _let_in(self, visit: DashboardRequest, panel: Panel) -> Response:
        request = visit.request
        if panel.is_form:
            visit = replace(visit, form=await request.form())
            if not (is_own(request.headers) and _has_token(visit)):
                return self.refused(request, 403, NOT_FROM_HERE)
            if self.context.is_read_only:
                return self.refused(request, 403, READ_ONLY)
        with acting_as(visit.principal):
            return await panel.handler(await _of_project(visit))


async def _of_project(visit: DashboardRequest) -> DashboardRequest:
    """The same, with the project of its address.

    Raises:
        NotFound: there is none, or it is another's.
        Unavailable.
    """
    if not visit.project_id:
        return visit
    project_id = visit.principal.resolve_project(visit.project_id)
    return replace(visit, project=await visit.app.projects.project(project_id))


def _to_login(request: Request) -> Response:
    login = address(request, "login")
    if request.headers.get("hx-request"):  # a part of a page: the whole has to go there
        return Response(status_code=401, headers={**PRIVATE, "HX-Redirect": login})
    return RedirectResponse(login, 303, dict(PRIVATE))


def _has_token(visit: DashboardRequest) -> bool:
    given = visit.field(TOKEN_FIELD) or visit.request.headers.get(TOKEN_HEADER, "")
    return hmac.compare_digest(given.encode(), visit.form_token.encode())
