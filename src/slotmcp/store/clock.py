"""Clock of an SQLite file: the time since the machine started plus an offset, which the file stores.

All processes of a machine use the same offset, so they agree on the time. When the wall clock is set, the time goes on
as before. A change that lasts is followed in one transaction, which moves the live promises by as much.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import Unavailable
from slotmcp.store.connection import write_transaction
from slotmcp.store.schedules import REVISIONS_LOGGED

TOLERANCE_MS: Final = 1_000
"""Difference from the wall clock that is ignored. The wall clock and the time since the start run at the same rate."""
SETTLE_SECONDS: Final = 120
"""Time for which a change of the wall clock must last before it is followed."""
CHECK_SECONDS: Final = 1.0
"""Interval at which each process compares the clock with the wall clock."""
RECENT_RECEIPT_MS: Final = 60_000
"""Age of the receipts that are moved. Older ones only need to be kept for days."""

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NS_PER_MS: Final = 1_000_000
_ELAPSED: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""Clock of the system that cannot be set: Linux has one that includes sleep, and so is the plain one of macOS."""

READ: Final = "SELECT boot_id, offset_ms, differs_since_ms FROM clock"
SAVE: Final = "UPDATE clock SET boot_id = :boot_id, offset_ms = :offset_ms, differs_since_ms = :differs_since_ms"
MOVE_PROMISES: Final = (
    # live holds with their terms, and the offers of the waitlist
    """
UPDATE claims SET
    expires_at_ms = expires_at_ms + :step_ms,
    hold_terms = json_set(
        hold_terms,
        '$.created_at_ms', json_extract(hold_terms, '$.created_at_ms') + :step_ms,
        '$.latest_expiry_ms', json_extract(hold_terms, '$.latest_expiry_ms') + :step_ms
    )
WHERE state = 'held'
""",
    # receipts whose keys are shared for seconds
    "UPDATE receipts SET created_at_ms = created_at_ms + :step_ms WHERE created_at_ms > :recent_ms",
    # updates of calendars, and the leases of their workers
    """
UPDATE calendar_pushes SET
    since_ms = since_ms + :step_ms, due_ms = due_ms + :step_ms, tried_at_ms = tried_at_ms + :step_ms
""",
    """
UPDATE calendar_syncs SET
    worker_until_ms = worker_until_ms + :step_ms,
    finished_ms = CASE WHEN finished_ms = 0 THEN 0 ELSE finished_ms + :step_ms END
""",
    # beyond the change log, so that every process reads everything again
    "UPDATE projects SET revision = revision + 1 + :revisions_logged",
)
"""Statements that keep the remaining time of every promise when the clock moves by a step."""


def elapsed_ms() -> int:
    """Return the milliseconds since a fixed moment, by a clock that cannot be set and runs while the machine sleeps."""
    return (time.monotonic_ns() if _ELAPSED is None else time.clock_gettime_ns(_ELAPSED)) // _NS_PER_MS


def boot_id() -> str:
    """Return the id of the machine's current start; "" if the system has none."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


_log: Final = logging.getLogger("slotmcp.clock")


class FileClock:
    """Implementation of the port Clock for the processes of one machine that use the same file."""

    def __init__(
        self,
        *,
        wall: Callable[[], int],
        settle_seconds: float = SETTLE_SECONDS,
        elapsed: Callable[[], int] = elapsed_ms,
        boot: str | None = None,
    ) -> None:
        """Start with the wall clock's time, until `start` has read the file.

        Args:
            wall: wall clock in milliseconds since the Unix epoch, which can be set.
            settle_seconds: time for which a change of the wall clock must last before it is followed.
            elapsed: time since the machine started, in milliseconds.
            boot: id of the machine's current start; None: the system's.
        """
        self._settle_ms = round(settle_seconds * 1000)
        self._wall_ms = wall
        self._elapsed_ms = elapsed
        self._boot_id = boot_id() if boot is None else boot
        self._offset_ms = wall() - elapsed()
        self._differs_since_ms = 0

    def now_ms(self) -> int:
        """Return the milliseconds since the Unix epoch, on which all processes of the machine agree."""
        return self._elapsed_ms() + self._offset_ms

    @property
    def is_settled(self) -> bool:
        """Return whether the clock and the wall clock agree, and no difference is stored."""
        return not self._differs_since_ms and not self._differs()

    def start(self, connection: sqlite3.Connection) -> None:
        """Use the offset of the file, or store the wall clock's if the machine has restarted. Needs the write lock.

        Raises:
            sqlite3.Error.
        """
        offset_ms = self._offset_ms
        if not self.read(connection) or (not self._boot_id and self._differs()):
            self._save(connection, offset_ms, differs_since_ms=0)
            self._offset_ms, self._differs_since_ms = offset_ms, 0

    def agree(self, connection: sqlite3.Connection) -> None:
        """Use the offset of the file if another process may have changed it. Needs the write lock.

        Raises:
            sqlite3.Error.
        """
        if self._differs():
            self.read(connection)

    def read(self, connection: sqlite3.Connection) -> bool:
        """Use the offset of the file, and return whether it belongs to the machine's current start.

        Raises:
            sqlite3.Error.
        """
        stored_boot_id, offset_ms, differs_since_ms = connection.execute(READ).fetchone()
        if stored_boot_id != self._boot_id:
            return False
        self._offset_ms, self._differs_since_ms = offset_ms, differs_since_ms
        return True

    def follow(self, connection: sqlite3.Connection) -> str:
        """Note that the wall clock was set, or follow it if that has lasted. Needs the write lock.

        Returns a message for the log, or "". Call `read` after the commit, even if the clocks agree again by then.

        Raises:
            sqlite3.Error.
        """
        self.read(connection)
        if not self._differs():
            if self._differs_since_ms:
                self._save(connection, self._offset_ms, differs_since_ms=0)
            return ""
        if not self._differs_since_ms:
            return self._note(connection)
        has_lasted = self._elapsed_ms() - self._differs_since_ms >= self._settle_ms
        return self._move(connection) if has_lasted else ""

    def _step_ms(self) -> int:
        return self._wall_ms() - self.now_ms()

    def _differs(self) -> bool:
        return abs(self._step_ms()) > TOLERANCE_MS

    def _save(self, connection: sqlite3.Connection, offset_ms: int, *, differs_since_ms: int) -> None:
        values = {"boot_id": self._boot_id, "offset_ms": offset_ms, "differs_since_ms": differs_since_ms}
        connection.execute(SAVE, values)

    def _note(self, connection: sqlite3.Connection) -> str:
        self._save(connection, self._offset_ms, differs_since_ms=self._elapsed_ms())
        return (
            f"the wall clock was set by {self._step_ms() / 1000:+.1f} s; holds and limits are not affected, and the "
            f"change is followed if it lasts for {self._settle_ms / 1000:g} s"
        )

    def _move(self, connection: sqlite3.Connection) -> str:
        """Move the live promises and the offset. This process uses the new offset after the commit."""
        step_ms = self._step_ms()
        recent_ms = self.now_ms() - RECENT_RECEIPT_MS
        values = {"step_ms": step_ms, "recent_ms": recent_ms, "revisions_logged": REVISIONS_LOGGED}
        for statement in MOVE_PROMISES:
            connection.execute(statement, values)
        self._save(connection, self._offset_ms + step_ms, differs_since_ms=0)
        return f"the database's clock followed the wall clock by {step_ms / 1000:+.1f} s, and live holds were moved"


@asynccontextmanager
async def running(clock: FileClock, path: Path, *, timeout_ms: int) -> AsyncIterator[None]:
    """Start the clock of a file, and compare it with the wall clock each second until the block ends."""
    await asyncio.to_thread(_start, clock, path, timeout_ms)
    task = asyncio.create_task(_keep_following(clock, path, timeout_ms))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _start(clock: FileClock, path: Path, timeout_ms: int) -> None:
    with suppress(Unavailable), write_transaction(path, timeout_ms=timeout_ms) as connection:
        clock.start(connection)


async def _keep_following(clock: FileClock, path: Path, timeout_ms: int) -> None:
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        if not clock.is_settled:
            await asyncio.to_thread(_follow, clock, path, timeout_ms)


def _follow(clock: FileClock, path: Path, timeout_ms: int) -> None:
    """Follow the wall clock in a transaction of its own. If the file cannot be written, the next check tries again."""
    with suppress(Unavailable):
        with write_transaction(path, timeout_ms=timeout_ms) as connection:
            message = clock.follow(connection)
        if message:
            _log.warning(message)
        with write_transaction(path, timeout_ms=timeout_ms) as connection:
            clock.read(connection)
