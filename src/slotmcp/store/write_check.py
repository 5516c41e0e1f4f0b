"""Test write to an SQLite file, which finds a full disk and a file that cannot be written before a caller does."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import Unavailable
from slotmcp.store.connection import RETRY_AFTER_FAULT_MS, connect_writer, describe_fault, execute_with_retry, is_busy

MIN_FREE_BYTES: Final = 10_000_000
"""Free space below which the disk counts as full. A small write may still succeed, in space that the log reuses."""
WAIT_MS: Final = 500
"""Time to wait for the lock. A file that another process writes can be written."""

TEST_WRITE: Final = "UPDATE clock SET checked_at_ms = :now_ms"


def find_write_problem(path: Path, now_ms: int, *, min_free_bytes: int = MIN_FREE_BYTES) -> str:
    """Write and flush a row; return why that failed or is about to, as a clause, or "" if it is fine."""
    try:
        with closing(connect_writer(path, timeout_ms=WAIT_MS)) as connection:
            execute_with_retry(connection, "BEGIN IMMEDIATE", time.monotonic() + WAIT_MS / 1000)
            connection.execute(TEST_WRITE, {"now_ms": now_ms})
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        return "" if is_busy(error) else describe_fault(error)
    has_room = shutil.disk_usage(path.parent).free >= min_free_bytes
    return "" if has_room else f"less than {min_free_bytes // 1_000_000} MB of its disk are free"


def not_writable(problem: str) -> Unavailable:
    """Return the error of a check whose test write failed, from a clause."""
    return Unavailable(f"The database cannot be written: {problem}.", retry_after_ms=RETRY_AFTER_FAULT_MS)
