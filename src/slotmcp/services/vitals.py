"""Gauges of the server's health. They are updated in the background, so that a scrape never waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import Store
from slotmcp.services.concurrency import SingleFlight, in_background

UPDATE_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 2.0
"""Time after which a dependency that does not respond counts as unavailable."""
_DATABASE: Final = "database"
_CALENDARS: Final = "calendars"

Check = Callable[[], Awaitable[object]]
"""Function that calls a dependency, and raises SlotmcpError if it is unavailable."""


class Vitals:
    """Updater of one process's gauges."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._checks = SingleFlight(timeout_seconds=CHECK_SECONDS)

    @asynccontextmanager
    async def watched(self, checks: Mapping[str, Check]) -> AsyncIterator[None]:
        """Update the gauges until the block ends. `checks` are by name of the dependency."""
        try:
            async with in_background(self._keep_updating(checks)):
                yield
        finally:
            await self._checks.cancel()

    async def update(self, checks: Mapping[str, Check]) -> None:
        """Update the gauges once."""
        for name, check in checks.items():
            began = _seconds()
            is_up = await self._is_available(name, check)
            telemetry.record_dependency_check(name, is_up=is_up, seconds=_seconds() - began)
        telemetry.record_connections(_DATABASE, self._store.connections_in_use)
        await self._is_available(_CALENDARS, self._update_calendars)

    async def _is_available(self, name: str, check: Check) -> bool:
        try:
            await self._checks.run(name, check)
        except (SlotmcpError, TimeoutError):
            return False
        return True

    async def _update_calendars(self) -> None:
        backlogs, now_ms = await self._store.calendar_backlogs(), await self._store.now_ms()
        telemetry.record_calendar_backlogs(backlogs, now_ms=now_ms)
        telemetry.record_update(now_ms / MS_PER_SECOND)

    async def _keep_updating(self, checks: Mapping[str, Check]) -> None:
        while True:
            await self.update(checks)
            await asyncio.sleep(UPDATE_SECONDS)


def _seconds() -> float:
    return asyncio.get_running_loop().time()
