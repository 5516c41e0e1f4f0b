"""Connections to an SQLite file or to memory, the statements that run on them, and the errors that callers get."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import Unavailable
from slotmcp.store.claims import OVERLAP_CONSTRAINT, claim_conflict
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.schema_guard import check_schema_in_use
from slotmcp.store.statement import Fetch, Row, RunMany, Statement, drive

MAX_CACHED_STATEMENTS: Final = 256
LOCK_WAIT_MS: Final = 40
"""Time that SQLite itself waits for a lock. Its pauses grow, so repeated short waits are fairer than one long wait."""

LOCK_RETRY_SECONDS: Final = 0.0005
"""Pause between two attempts to get a lock. A batch of another process's import holds it for a few milliseconds."""
NO_WAIT: Final = "PRAGMA busy_timeout = 0"
"""Lets SQLite report a taken lock at once. It would wait for 1, 2, 5, 10 and 15 ms."""

DURABLE: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: flush the drive's own cache as well
    "PRAGMA foreign_keys = ON",
)
SECURE_DELETE: Final = "PRAGMA secure_delete = ON"
"""Overwrites deleted data, so that an erased customer does not remain in the file's free space."""
SINGLE_FILE: Final = "PRAGMA journal_mode = DELETE"
"""Merges the write-ahead log into the file, so that the file can be moved alone."""
READ_ONLY: Final = "PRAGMA query_only = ON"

MEMORY: Final = Path("/:memory:")
"""Folder of databases in memory. The connections of this process to one of its paths share a database, which is lost
when the last of them is closed."""

RETRY_AFTER_BUSY_MS: Final = 250
RETRY_AFTER_FAULT_MS: Final = 5_000
PRIMARY_CODE: Final = 0xFF

FAULTS: Final = {
    sqlite3.SQLITE_BUSY: "the database is busy with another program",
    sqlite3.SQLITE_LOCKED: "the database is busy with another program",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written, or is full",
    sqlite3.SQLITE_READONLY: "the database file, or its folder, cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the database file, or its folder, cannot be opened",
    sqlite3.SQLITE_PERM: "the database file, or its folder, is not accessible",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
}
"""Descriptions of faults, as clauses, by SQLite's primary result code."""


def connect(path: Path, *, wait_ms: int) -> sqlite3.Connection:
    """Return a connection without durability settings. Only one thread at a time may use it.

    Statements begin and end its transactions.
    """
    is_in_memory = path.parent == MEMORY
    return sqlite3.connect(
        f"file:{path.as_posix()}?vfs=memdb" if is_in_memory else path,
        uri=is_in_memory,
        timeout=wait_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=MAX_CACHED_STATEMENTS,
    )


def connect_writer(path: Path, *, timeout_ms: int) -> sqlite3.Connection:
    """Return a connection whose commits survive a power cut."""
    connection = connect(path, wait_ms=LOCK_WAIT_MS)
    give_up_at = time.monotonic() + timeout_ms / 1000
    for pragma in (*DURABLE, SECURE_DELETE):
        execute_with_retry(connection, pragma, give_up_at)
    return connection


def connect_reader(path: Path, *, timeout_ms: int) -> sqlite3.Connection:
    """Return a read-only connection, which no writer of a file blocks. In memory, it waits for a commit."""
    connection = connect(path, wait_ms=timeout_ms)
    connection.execute(READ_ONLY)
    return connection


def execute_with_retry(connection: sqlite3.Connection, sql: str, give_up_at: float) -> None:
    """Run a statement that needs a lock, and retry while the lock is taken.

    `give_up_at` is the deadline in monotonic seconds.

    Raises:
        sqlite3.OperationalError: the lock was not free in time, or something else is wrong.
    """
    while True:
        try:
            connection.execute(sql)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= give_up_at:
                raise
            time.sleep(LOCK_RETRY_SECONDS)
        else:
            return


def commit(connection: sqlite3.Connection, give_up_at: float) -> None:
    """Commit a transaction. In memory, it waits for the readers; `give_up_at` is the deadline in monotonic seconds.

    Raises:
        sqlite3.OperationalError: the commit failed, and the transaction may still be open.
    """
    execute_with_retry(connection, "COMMIT", give_up_at)


@contextmanager
def write_transaction(path: Path, *, timeout_ms: int) -> Iterator[sqlite3.Connection]:
    """Yield a connection of its own in a transaction that has the write lock, and commit it durably.

    Raises:
        Unavailable: the lock was not free in time, the database failed, or its schema is another one.
    """
    give_up_at = time.monotonic() + timeout_ms / 1000
    try:
        with closing(connect_writer(path, timeout_ms=timeout_ms)) as connection:
            execute_with_retry(connection, "BEGIN IMMEDIATE", give_up_at)
            drive(check_schema_in_use(make_fetch(connection)))
            yield connection
            commit(connection, give_up_at)
    except sqlite3.DatabaseError as error:
        if is_fault(error):
            raise to_unavailable(error) from error
        raise


def make_fetch(connection: sqlite3.Connection, cipher: FieldCipher | None = None) -> Fetch:
    """Return a function that runs statements on a connection and never suspends. `cipher` encrypts at rest."""

    async def fetch(statement: Statement, /, **values: object) -> Sequence[Row]:
        try:
            rows = connection.execute(statement.text, cipher.encrypt_values(values) if cipher else values).fetchall()
        except sqlite3.IntegrityError as error:
            _raise_conflict(error)
            raise
        return cipher.decrypt_rows(rows) if cipher else rows

    return fetch


def make_run_many(connection: sqlite3.Connection, cipher: FieldCipher | None = None) -> RunMany:
    """Return a function like that of `make_fetch`, which runs a statement for each set of values."""

    async def run_many(statement: Statement, sets: Sequence[dict[str, object]], /) -> None:
        try:
            connection.executemany(statement.text, map(cipher.encrypt_values, sets) if cipher else sets)
        except sqlite3.IntegrityError as error:
            _raise_conflict(error)
            raise

    return run_many


def _raise_conflict(error: sqlite3.IntegrityError) -> None:
    """Raise the error for a claim on taken time if SQLite's error is that."""
    if str(error) == OVERLAP_CONSTRAINT:
        raise claim_conflict() from error


def is_fault(error: BaseException) -> bool:
    """Return whether the database failed, rather than the statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection has the lock."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether a database file is damaged."""
    return _code(error) == sqlite3.SQLITE_CORRUPT


def describe_fault(error: sqlite3.Error) -> str:
    """Return a description of an error, as a clause."""
    return FAULTS.get(_code(error), f"the database failed ({error})")


def to_unavailable(error: sqlite3.Error) -> Unavailable:
    """Return the error for the caller. The request was not executed."""
    if is_busy(error):
        return Unavailable(
            f"Nothing was done: {describe_fault(error)}. Try again in a moment.", retry_after_ms=RETRY_AFTER_BUSY_MS
        )
    return Unavailable(
        f"Nothing was done: {describe_fault(error)}. The same request will work once that is fixed.",
        retry_after_ms=RETRY_AFTER_FAULT_MS,
    )


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code, or 0 if SQLite did not raise the error."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
