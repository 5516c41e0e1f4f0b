"""Removal of deleted data from an SQLite file.

`secure_delete` overwrites a deleted row. If SQLite moved rows between pages before, older copies of them can remain in
the unused parts of pages. Only VACUUM writes all pages again. The write-ahead log holds older versions of pages until
it is truncated.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from slotmcp.domain.erasure import CleanupReport
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.store.connection import connect_writer, execute_with_retry, is_busy

MAX_VACUUM_BYTES: Final = 200 * BYTES_PER_MB
"""Size up to which a file is written again without a request, because writers wait meanwhile: about two seconds."""
RETRY_SECONDS: Final = 0.05
VACUUM: Final = "VACUUM"
TRUNCATE: Final = "PRAGMA wal_checkpoint(TRUNCATE)"


def clean_file(path: Path, *, timeout_ms: int, is_thorough: bool) -> CleanupReport:
    """Write the file again without its unused parts, unless it is large, and truncate its write-ahead log.

    Raises:
        sqlite3.DatabaseError: the file cannot be read or written.
    """
    give_up_at = time.monotonic() + timeout_ms / 1000
    with closing(connect_writer(path, timeout_ms=timeout_ms)) as connection:
        written = is_thorough or path.stat().st_size <= MAX_VACUUM_BYTES
        written = written and _run_unless_busy(connection, VACUUM, give_up_at)
        truncated = _truncate_log(connection, give_up_at)
    return CleanupReport(
        cleaned=(
            *([str(path)] if written else []),
            *([f"{path}-wal"] if truncated else []),
        ),
        remaining=(
            *([] if written else [f"unused parts of {path}: run the command again with --thorough at a quiet time"]),
            *([] if truncated else [f"{path}-wal, which another program is reading: run the command again"]),
        ),
    )


def _run_unless_busy(connection: sqlite3.Connection, sql: str, give_up_at: float) -> bool:
    """Run a statement; return False if other connections had the lock until the deadline."""
    try:
        execute_with_retry(connection, sql, give_up_at)
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
        return False
    return True


def _truncate_log(connection: sqlite3.Connection, give_up_at: float) -> bool:
    """Truncate the write-ahead log; return False if readers needed it until the deadline."""
    while True:
        ((is_blocked, _, _),) = connection.execute(TRUNCATE).fetchall()
        if not is_blocked:
            return True
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(RETRY_SECONDS)
