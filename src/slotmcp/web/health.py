"""Health endpoints for operators and load balancers: /healthz, /readyz, and /metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from slotmcp.domain.access import ANONYMOUS, Scope
from slotmcp.domain.errors import ErrorCode, Forbidden, SlotmcpError, Unavailable
from slotmcp.services.concurrency import SingleFlight
from slotmcp.services.current_principal import current_principal
from slotmcp.telemetry.exposition import CONTENT_TYPE, exposition
from slotmcp.web.responses import error_response
from slotmcp.web.shutdown import GracefulShutdown

Check = Callable[[], Awaitable[object]]
"""Probe of a dependency; raises when the dependency is unavailable."""

OK: Final = "ok"
UNAVAILABLE: Final = "away"
REFUSED: Final = "refused"
CHECK_TIMEOUT_SECONDS: Final = 2.0
_NO_STORE: Final = {"Cache-Control": "no-store"}


class Health:
    """Liveness and readiness of the process."""

    def __init__(
        self,
        shutdown: GracefulShutdown,
        *,
        required: Mapping[str, Check],
        optional: Mapping[str, Check],
        allows_host: Callable[[str], bool],
    ) -> None:
        self._shutdown = shutdown
        self._required = required
        self._optional = optional
        """Without these, responses are still correct, but slower."""
        self._allows_host = allows_host
        self._single_flight = SingleFlight(timeout_seconds=CHECK_TIMEOUT_SECONDS)

    async def healthz(self, _request: Request) -> Response:
        """Report that the process runs, without checking a dependency."""
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(self, request: Request) -> Response:
        """Report readiness: 200 `ready` or `degraded`, 503 `unavailable` or `stopping`, and the problems.

        With `?host=NAME`, the server is unavailable if it would refuse requests for that host.
        """
        problems = await self._find_problems({**self._required, **self._optional})
        required, optional = (
            {name: UNAVAILABLE if name in problems else OK for name in checks}
            for checks in (self._required, self._optional)
        )
        if host := request.query_params.get("host"):
            required["host"] = OK if self._allows_host(host) else REFUSED
        status = self._status(set(required.values()) != {OK}, UNAVAILABLE in optional.values())
        code = 200 if status in {"ready", "degraded"} else 503
        body = {"status": status, "checks": {**required, **optional}, **({"problems": problems} if problems else {})}
        return JSONResponse(body, code, _NO_STORE)

    async def _find_problems(self, checks: Mapping[str, Check]) -> dict[str, str]:
        """Return a sentence for each check that failed. None contains a path or an address."""
        found = await asyncio.gather(*(self._find_problem(name, check) for name, check in checks.items()))
        return {name: problem for name, problem in zip(checks, found, strict=True) if problem}

    async def _find_problem(self, name: str, check: Check) -> str:
        try:
            await self._single_flight.run(name, check)
        except TimeoutError:
            return "No response in time."
        except Unavailable as error:
            return error.message
        except SlotmcpError:
            return "The check failed."
        return ""

    def _status(self, lacks_required: bool, lacks_optional: bool) -> str:  # noqa: FBT001  two facts
        if self._shutdown.has_begun:
            return "stopping"
        if lacks_required:
            return "unavailable"
        return "degraded" if lacks_optional else "ready"


async def metrics(_request: Request) -> Response:
    """Return the Prometheus metrics to an operator of every project."""
    principal = current_principal(ANONYMOUS)
    try:
        principal.require_scope(Scope.OPERATOR)
    except Forbidden as error:
        return error_response(403, error.code, error.message)
    if not principal.can_reach_all:
        return error_response(
            403, ErrorCode.FORBIDDEN, "Metrics cover all projects; this credential is limited to some."
        )
    body = await asyncio.to_thread(exposition)
    return PlainTextResponse(body, headers={"Content-Type": CONTENT_TYPE, **_NO_STORE})
