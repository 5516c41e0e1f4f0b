"""Gauges of the server's health. They are updated in the background, so that a scrape never waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import SlotmcpError, Unavailable
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import ProjectMemory, Store
from slotmcp.services.concurrency import SingleFlight, in_background
from slotmcp.telemetry.logs import log_warning

UPDATE_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 2.0
"""Time after which a dependency that does not respond counts as unavailable."""
_DATABASE: Final = "database"
_CALENDARS: Final = "calendars"

Check = Callable[[], Awaitable[object]]
"""Function that calls a dependency, and raises SlotmcpError if it is unavailable."""


class DatabaseCheck:
    """Check of the database: a read each time, and a test write once per interval while it succeeds."""

    def __init__(
        self,
        store: Store,
        *,
        interval_seconds: float,
        is_read_only: bool = False,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Create a check. `seconds` is a monotonic clock; a server that is read-only makes no test write."""
        self._store = store
        self._interval_seconds = interval_seconds
        self._is_read_only = is_read_only
        self._seconds = seconds
        self._written_until = float("-inf")
        self._problem = ""

    async def run(self) -> None:
        """Check the database, and log when a problem of test writes begins and ends.

        Raises:
            Unavailable: the database does not respond, or cannot be written; the message says why.
        """
        await self._store.project_ids()
        if self._is_read_only or self._seconds() < self._written_until:
            return
        try:
            await self._store.check_write()
        except Unavailable as error:
            self._log_change(error.message)
            raise
        self._written_until = self._seconds() + self._interval_seconds
        self._log_change("")

    def _log_change(self, problem: str) -> None:
        if problem != self._problem:
            log_warning("database_writes", outcome=problem or "The database can be written again.")
        self._problem = problem


class Vitals:
    """Updater of one process's gauges."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known_evictions = store.project_memory.evictions
        self._checks = SingleFlight(timeout_seconds=CHECK_SECONDS)

    @property
    def project_memory(self) -> ProjectMemory:
        """Memory for everything that this process keeps per project."""
        return self._store.project_memory

    def database_check(self, *, interval_seconds: float, is_read_only: bool) -> DatabaseCheck:
        """Return a check of the database, with a test write once per interval unless the server is read-only."""
        return DatabaseCheck(self._store, interval_seconds=interval_seconds, is_read_only=is_read_only)

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
        memory = self._store.project_memory
        telemetry.record_project_memory(memory.total_bytes, evictions=memory.evictions - self._known_evictions)
        self._known_evictions = memory.evictions
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
