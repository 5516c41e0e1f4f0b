"""Database file of SQLite: its presence, its version, and exclusive access to it."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from slotmcp.domain.errors import DatabaseInUse, DatabaseUnusable
from slotmcp.store.connection import connect, describe_fault, is_busy, is_damage
from slotmcp.store.private_files import beside, processes_using
from slotmcp.store.schema import RESTORE, SCHEMA, SchemaVersions, file_version


@contextmanager
def translate_faults(path: Path) -> Iterator[None]:
    """Turn errors of the system and of SQLite into one that explains them in a sentence.

    Raises:
        DatabaseUnusable.
    """
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(f"The database {path} cannot be used: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        advice = f" {RESTORE}" if is_damage(error) else ""
        raise DatabaseUnusable(f"The database {path} cannot be used: {describe_fault(error)}.{advice}") from error


def is_present(path: Path) -> bool:
    """Return whether a file may be a database; False if it is missing.

    Raises:
        DatabaseUnusable: the path has something else, such as an empty file.
        OSError: the path cannot be read.
    """
    if not os.path.lexists(path):
        log = _log_of(path)
        if log is None:
            return False
        if os.path.lexists(path):  # another process has just created it
            return True
        raise DatabaseUnusable(
            f"The database {path} is missing, but its log {log.name} is there. Put the database back, or restore a "
            "backup with `slotmcp restore FILE`. To start with a new database, remove the log."
        )
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DatabaseUnusable(f"The database {path} is a symbolic link to a missing file.") from None
    if not stat.S_ISREG(status.st_mode):
        raise DatabaseUnusable(f"The database {path} cannot be used: it is not a file.")
    if not status.st_size:
        raise _without_data(path, "the file is empty")
    return True


def read_version(path: Path, *, timeout_ms: int, schema: SchemaVersions = SCHEMA) -> str:
    """Return the version of the schema of a present file.

    Raises:
        DatabaseTooNew, DatabaseUnusable, sqlite3.Error.
    """
    with closing(connect(path, wait_ms=timeout_ms)) as connection:
        return require_version(connection, path, schema)


@contextmanager
def opened_alone(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that no other connection may open meanwhile, not even to read.

    Raises:
        DatabaseInUse: another connection has it open.
        sqlite3.Error: it cannot be opened.
    """
    with closing(connect(path, wait_ms=0)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise in_use(path) from error
            raise
        connection.execute("COMMIT")  # the mode keeps the lock until the connection is closed
        yield connection


def in_use(path: Path) -> DatabaseInUse:
    """Return the error for a file that other processes have open. It names them where the system tells."""
    processes = processes_using(path)
    names = f"process {', '.join(map(str, processes))}" if processes else "another program"
    return DatabaseInUse(f"The database {path} is in use by {names}. Stop every server and client that uses it first.")


def require_version(connection: sqlite3.Connection, path: Path, schema: SchemaVersions) -> str:
    """Return the version of the schema that a connection sees.

    Raises:
        DatabaseTooNew, DatabaseUnusable, sqlite3.Error.
    """
    version = file_version(connection, path, schema)
    if version is None:
        raise _without_data(path, "the file has no tables")
    return version


def _without_data(path: Path, reason: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database {path} is not usable: {reason} where a database was expected. {RESTORE} To start with a new "
        "database, remove the file."
    )


def _log_of(path: Path) -> Path | None:
    """Return the log that a missing file has left. A new database would destroy it."""
    logs = (beside(path, suffix) for suffix in ("-wal", "-journal"))
    return next((log for log in logs if log.is_file() and log.stat().st_size), None)
