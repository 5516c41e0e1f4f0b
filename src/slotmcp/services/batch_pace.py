"""Pace of batches: transactions with pauses, so that a long import does not delay the calls of other projects.

On SQLite all projects share one lock: batches are small, so that a caller waits for at most the rest of one batch and
its commit. On PostgreSQL other projects have their own locks, but their commits wait for the one that is being written
to the disk, and all share the processors: batches are large and rare. A new project that is the only one delays no
caller.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork

T = TypeVar("T")

SOLE_BATCH_ROWS: Final = 1_000
"""Number of rows that one transaction writes, without a pause, into a new project that is the only one."""
LARGE_BATCH_ROWS: Final = 200
"""Number of rows that one transaction writes while no other project waits for its lock."""
MAX_BATCH_ROWS: Final = 40
"""Maximum number of rows that one transaction writes while other projects are written and share its lock."""
MIN_BATCH_ROWS: Final = 10
"""Minimum of the same. A transaction has fixed costs, so smaller ones would take more time in total."""

BATCH_SECONDS: Final = 0.001
"""Time that the rows of one transaction should take while other projects are written, without the commit."""
COMMIT_SHARE: Final = 0.5
"""Share of the commit's time that the rows may take if that is longer. On a slow disk all callers wait for commits."""
QUIET_PAUSE_SECONDS: Final = 0.01
"""Pause between two batches while no other project is written."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Pauses while other projects are written."""

    factor: float
    """Length of a pause in durations of the batch before it."""
    min_seconds: float
    max_seconds: float

    def after(self, seconds: float) -> float:
        """Return the pause after a batch that took this long."""
        return min(max(self.factor * seconds, self.min_seconds), self.max_seconds)


LOCK_PAUSE: Final = Pause(factor=3, min_seconds=0.005, max_seconds=0.05)
"""Pause in which a process that waits for the lock gets it."""
DISK_PAUSE: Final = Pause(factor=10, min_seconds=0.1, max_seconds=1)
"""Pause in which the commits of other projects need not wait for the disk."""

BUSY_SECONDS: Final = 5
"""Time after a write to another project for which it is expected to be written again."""


class BatchPace:
    """Writer of batches of one project, which measures them and pauses for the calls of other projects."""

    def __init__(
        self,
        writer: ProjectWriter,
        project_id: str,
        *,
        is_new: bool = False,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Start without measurements.

        Args:
            writer: runner of the batches.
            project_id: project that the batches are written to.
            is_new: True if the import has just created the project, so that it has no callers yet.
            now: clock in seconds that cannot be set.
            sleep: function that waits for a number of seconds.
        """
        self._writer = writer
        self._project_id = project_id
        self._is_new = is_new
        self._shares_lock = writer.store.locks_all_projects
        self._now = now
        self._sleep = sleep
        self._revisions: Mapping[str, int] | None = None
        self._busy_until = 0.0
        self._rows_in_time = MIN_BATCH_ROWS
        """Number of rows that fit in the time for a batch, by the rate of the last one."""

    @property
    def rows(self) -> int:
        """Return the maximum number of rows of the next batch."""
        if self._has_no_callers:
            return SOLE_BATCH_ROWS
        return self._rows_in_time if self._is_busy and self._shares_lock else LARGE_BATCH_ROWS

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]], *, rows: int) -> T:
        """Write one batch of `rows` rows, then pause."""
        if self._revisions is None:
            await self._find_other_writes()
        locked_at = worked_until = 0.0

        async def measured(unit: UnitOfWork) -> T:
            nonlocal locked_at, worked_until
            locked_at = self._now()
            result = await work(unit)
            worked_until = self._now()
            return result

        result = await self._writer.write(self._project_id, measured)
        committed_at = self._now()
        self._measure(rows, worked_until - locked_at, committed_at - worked_until)
        await self._find_other_writes()
        await self._sleep(self._pause_after(committed_at - locked_at))
        return result

    @property
    def _is_busy(self) -> bool:
        return self._now() < self._busy_until

    @property
    def _has_no_callers(self) -> bool:
        """True if the new project was the only one in the database at the last batch."""
        return self._is_new and self._revisions == {}

    def _measure(self, rows: int, seconds: float, commit_seconds: float) -> None:
        limit = max(BATCH_SECONDS, COMMIT_SHARE * commit_seconds)
        in_time = round(rows * limit / seconds) if seconds > 0 else MAX_BATCH_ROWS
        self._rows_in_time = min(max(in_time, MIN_BATCH_ROWS), MAX_BATCH_ROWS)

    def _pause_after(self, held_seconds: float) -> float:
        if self._has_no_callers:
            return 0
        if not self._is_busy:
            return QUIET_PAUSE_SECONDS
        pause = LOCK_PAUSE if self._shares_lock else DISK_PAUSE
        return pause.after(held_seconds)

    async def _find_other_writes(self) -> None:
        """Record whether another project was written since the last batch."""
        heads = await self._writer.store.heads()
        revisions = {name: head.revision for name, head in heads.items() if name != self._project_id}
        if self._revisions is not None and revisions != self._revisions:
            self._busy_until = self._now() + BUSY_SECONDS
        self._revisions = revisions
