"""Is the process alive, and does it want calls: /healthz, /readyz, and what it has counted: /metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from slotmcp import telemetry
from slotmcp.domain.access import ANONYMOUS, Scope
from slotmcp.domain.errors import Forbidden, SlotmcpError
from slotmcp.services.acting import acting
from slotmcp.services.concurrency import SingleFlight
from slotmcp.web.answers import refusal
from slotmcp.web.stopping import Stopping

Check = Callable[[], Awaitable[object]]
"""Asks a dependency for something; raises where it is away."""

OK: Final = "ok"
AWAY: Final = "away"
_CHECK_SECONDS: Final = 2.0
_UNSTORED: Final = {"Cache-Control": "no-store"}


class Health:
    """Answers whoever looks after the process."""

    def __init__(self, stopping: Stopping, *, needed: Mapping[str, Check], helpful: Mapping[str, Check]) -> None:
        self._stopping = stopping
        self._needed = needed
        self._helpful = helpful
        """Without these, answers are right and slower."""
        self._single_flight = SingleFlight(timeout_seconds=_CHECK_SECONDS)

    async def healthz(self, _request: Request) -> Response:
        """The process runs; nothing else is asked."""
        return JSONResponse({"status": "alive"}, headers=_UNSTORED)

    async def readyz(self, _request: Request) -> Response:
        """Whether to send calls here: 200 `ready` or `degraded`, 503 `unavailable` or `stopping`."""
        needed = await self._asked(self._needed)
        helpful = await self._asked(self._helpful)
        status = self._status(AWAY in needed.values(), AWAY in helpful.values())
        code = 200 if status in {"ready", "degraded"} else 503
        return JSONResponse({"status": status, "checks": {**needed, **helpful}}, code, _UNSTORED)

    async def _asked(self, checks: Mapping[str, Check]) -> dict[str, str]:
        return {name: await self._ask(name, check) for name, check in checks.items()}

    async def _ask(self, name: str, check: Check) -> str:
        try:
            await self._single_flight.run(name, check)
        except (SlotmcpError, TimeoutError):
            return AWAY
        return OK

    def _status(self, lacks_needed: bool, lacks_helpful: bool) -> str:  # noqa: FBT001  two facts
        if self._stopping.has_begun:
            return "stopping"
        if lacks_needed:
            return "unavailable"
        return "degraded" if lacks_helpful else "ready"


async def metrics(_request: Request) -> Response:
    """What was counted, for an operator of every project."""
    principal = acting(ANONYMOUS)
    try:
        principal.require_scope(Scope.OPERATOR)
    except Forbidden as error:
        return refusal(403, error.code, error.message)
    if not principal.can_reach_all:
        return refusal(403, "forbidden", "Metrics are of all projects, and this credential reaches some.")
    body = await asyncio.to_thread(telemetry.exposition)
    return PlainTextResponse(body, headers={"Content-Type": telemetry.CONTENT_TYPE, **_UNSTORED})
