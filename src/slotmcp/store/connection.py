"""Connections to the database file, and the statements run on them."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from slotmcp.ports import ClaimConflict
from slotmcp.store.fetching import Fetch
from slotmcp.store.outages import is_busy
from slotmcp.store.rows import Row

STATEMENTS_CACHED = 256
OVERLAP = "claims_never_overlap"
"""What the trigger says."""

TURN_MS = 40
"""How long SQLite waits for a lock by itself. Its pauses grow with the wait; short turns keep the queue fair."""

DURABLE = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: through the drive's own cache as well
    "PRAGMA foreign_keys = ON",
)
ERASE = "PRAGMA secure_delete = ON"
"""What is deleted is overwritten: who asks to be forgotten is not found in the file's free space either."""
READING = ("PRAGMA query_only = ON",)


def connect(path: Path, *, wait_ms: int) -> sqlite3.Connection:
    """A plain connection, for use by one thread at a time; transactions are begun and ended by statements."""
    return sqlite3.connect(
        path,
        timeout=wait_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_CACHED,
    )


def connect_writer(path: Path, *, timeout_ms: int) -> sqlite3.Connection:
    """A connection whose commits survive a power cut."""
    connection = connect(path, wait_ms=TURN_MS)
    give_up_at = time.monotonic() + timeout_ms / 1000
    for pragma in (*DURABLE, ERASE):
        persist(connection, pragma, give_up_at)
    return connection


def connect_reader(path: Path, *, timeout_ms: int) -> sqlite3.Connection:
    """A connection that only reads; writers are never in its way."""
    connection = connect(path, wait_ms=timeout_ms)
    for pragma in READING:
        connection.execute(pragma)
    return connection


def persist(connection: sqlite3.Connection, statement: str, give_up_at: float) -> None:
    """Run a statement that needs a lock, again until it is had or it is time (monotonic seconds) to give up.

    Raises:
        sqlite3.OperationalError: the lock was not had in time, or something else is wrong.
    """
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= give_up_at:
                raise
        else:
            return


def fetch_on(connection: sqlite3.Connection) -> Fetch:
    """Runs statements there; what it returns never suspends."""

    async def fetch(statement: str, /, **values: object) -> Sequence[Row]:
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.IntegrityError as error:
            if str(error) == OVERLAP:
                raise ClaimConflict("The technician's time is taken by a live claim.") from error
            raise

    return fetch
