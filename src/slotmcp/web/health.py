"""Health endpoints for operators and load balancers: /healthz, /readyz, and /metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from slotmcp.domain.access import ANONYMOUS, Scope
from slotmcp.domain.errors import ErrorCode, Forbidden, SlotmcpError
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
        """Report readiness: 200 `ready` or `degraded`, 503 `unavailable` or `stopping`.

        With `?host=NAME`, the server is unavailable if it would refuse requests for that host.
        """
        required, optional = await asyncio.gather(self._check_all(self._required), self._check_all(self._optional))
        if host := request.query_params.get("host"):
            required["host"] = OK if self._allows_host(host) else REFUSED
        status = self._status(set(required.values()) != {OK}, UNAVAILABLE in optional.values())
        code = 200 if status in {"ready", "degraded"} else 503
        return JSONResponse({"status": status, "checks": {**required, **optional}}, code, _NO_STORE)

    async def _check_all(self, checks: Mapping[str, Check]) -> dict[str, str]:
        results = await asyncio.gather(*(self._check(name, check) for name, check in checks.items()))
        return dict(zip(checks, results, strict=True))

    async def _check(self, name: str, check: Check) -> str:
        try:
            await self._single_flight.run(name, check)
        except (SlotmcpError, TimeoutError):
            return UNAVAILABLE
        return OK

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
