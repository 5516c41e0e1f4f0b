"""What SQLite's own errors mean for whoever waits."""

import sqlite3

from slotmcp.domain.errors import Unavailable

RETRY_AFTER_BUSY_MS = 250
RETRY_AFTER_FAULT_MS = 5_000
PRIMARY_CODE = 0xFF

FAULTS = {
    sqlite3.SQLITE_BUSY: "the database is busy with another program",
    sqlite3.SQLITE_LOCKED: "the database is busy with another program",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written, or is full",
    sqlite3.SQLITE_READONLY: "the database file, or its folder, cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the database file, or its folder, cannot be opened",
    sqlite3.SQLITE_PERM: "the database file, or its folder, may not be used",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
}
"""By primary result code, as a clause."""


def is_fault(error: BaseException) -> bool:
    """Whether the database failed, and not what it was asked."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the lock."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def reason(error: sqlite3.Error) -> str:
    """What is wrong, as a clause."""
    return FAULTS.get(_code(error), f"the database failed ({error})")


def unavailable(error: sqlite3.Error) -> Unavailable:
    """The error for whoever asked; nothing of a write was kept."""
    if is_busy(error):
        return Unavailable(
            f"Nothing was done: {reason(error)}. Try again in a moment.", retry_after_ms=RETRY_AFTER_BUSY_MS
        )
    return Unavailable(
        f"Nothing was done: {reason(error)}. The same request works once that is put right.",
        retry_after_ms=RETRY_AFTER_FAULT_MS,
    )


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where SQLite did not raise it."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
