"""How the server is: gauges, brought up to date in the background, so that a scrape waits for nobody."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import SlotmcpError
from slotmcp.ports import Store
from slotmcp.services.concurrency import SingleFlight

EVERY_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 2.0
"""How long a check waits before its dependency counts as unavailable."""
_DATABASE: Final = "database"
_CALENDARS: Final = "calendars"
_MS_PER_SECOND: Final = 1000

Check = Callable[[], Awaitable[object]]
"""Asks a dependency for something; raises SlotmcpError where it is away."""


class Vitals:
    """Looks after the gauges of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._checks = SingleFlight(timeout_seconds=CHECK_SECONDS)

    @asynccontextmanager
    async def watched(self, checks: Mapping[str, Check]) -> AsyncIterator[None]:
        """Keep the gauges up to date until the block ends; `checks` are of the dependencies, by name."""
        watching = asyncio.create_task(self._keep_looking(checks))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await self._checks.cancel()

    async def look(self, checks: Mapping[str, Check]) -> None:
        """Bring the gauges up to date, once."""
        for name, check in checks.items():
            began = _seconds()
            is_up = await self._has_answered(name, check)
            telemetry.dependency_seen(name, is_up=is_up, seconds=_seconds() - began)
        telemetry.connections_seen(_DATABASE, self._store.connections_in_use)
        await self._has_answered(_CALENDARS, self._see_calendars)

    async def _has_answered(self, name: str, check: Check) -> bool:
        try:
            await self._checks.run(name, check)
        except (SlotmcpError, TimeoutError):
            return False
        return True

    async def _see_calendars(self) -> None:
        backlogs, now_ms = await self._store.calendar_backlogs(), await self._store.now_ms()
        telemetry.calendars_seen(backlogs, now_ms=now_ms)
        telemetry.vitals_seen(now_ms / _MS_PER_SECOND)

    async def _keep_looking(self, checks: Mapping[str, Check]) -> None:
        while True:
            await self.look(checks)
            await asyncio.sleep(EVERY_SECONDS)


def _seconds() -> float:
    return asyncio.get_running_loop().time()
