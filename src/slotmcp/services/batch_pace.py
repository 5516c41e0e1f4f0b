"""Pace of batches: short transactions with pauses, so that a long import does not delay the calls of other projects.

On SQLite all projects share one lock, and a process that waits for it tries again every few milliseconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork

T = TypeVar("T")

BATCH_ROWS: Final = 40
"""Maximum number of rows that one transaction writes while other projects are written."""
QUIET_BATCH_ROWS: Final = 200
"""Maximum number of rows that one transaction writes while no other project is written."""

_PAUSE_SECONDS: Final = 0.01
"""Shortest pause between two batches, in which a waiting process gets the lock."""
_MAX_PAUSE_SECONDS: Final = 0.05
_BUSY_SECONDS: Final = 5
"""Time after a write to another project for which it is expected to be written again."""


class BatchPace:
    """Writer of batches of one project, with pauses for the writes of other projects."""

    def __init__(self, writer: ProjectWriter, project_id: str) -> None:
        self._writer = writer
        self._project_id = project_id
        self._revisions: Mapping[str, int] | None = None
        self._busy_until = 0.0

    @property
    def rows(self) -> int:
        """Return the maximum number of rows of the next batch."""
        return BATCH_ROWS if self._is_busy else QUIET_BATCH_ROWS

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Write one batch, then pause; while other projects are written, for as long as the batch took."""
        if self._revisions is None:
            await self._find_other_writes()
        started = time.monotonic()
        result = await self._writer.write(self._project_id, work)
        took = time.monotonic() - started
        await self._find_other_writes()
        await asyncio.sleep(min(max(took, _PAUSE_SECONDS), _MAX_PAUSE_SECONDS) if self._is_busy else _PAUSE_SECONDS)
        return result

    @property
    def _is_busy(self) -> bool:
        return time.monotonic() < self._busy_until

    async def _find_other_writes(self) -> None:
        """Record whether another project was written since the last batch."""
        heads = await self._writer.store.heads()
        revisions = {name: head.revision for name, head in heads.items() if name != self._project_id}
        if self._revisions is not None and revisions != self._revisions:
            self._busy_until = time.monotonic() + _BUSY_SECONDS
        self._revisions = revisions
