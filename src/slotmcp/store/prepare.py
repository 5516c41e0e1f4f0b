"""Making a database file ready: created where there is none, upgraded where it is old, refused where it is not ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.connection import connect
from slotmcp.store.outages import reason
from slotmcp.store.schema import SCHEMA, Schema, found_version
from slotmcp.store.upgrade import upgrade

OLDEST_SQLITE = (3, 37, 0)
"""The first with strict tables."""

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def prepare(path: Path, *, timeout_ms: int, schema: Schema = SCHEMA) -> None:
    """Make the file ready for this program. One that is refused is left untouched.

    Raises:
        DatabaseTooNew: a newer program has been here.
        DatabaseUnusable: it is no database of ours, or it or its folder cannot be used.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseUnusable(f"This Python brings SQLite {sqlite3.sqlite_version}; slotmcp needs 3.37 or newer.")
    with named_faults(path):
        _create_file(path)
        with closing(connect(path, wait_ms=timeout_ms)) as connection:
            if found_version(connection, path, schema) != schema.newest:
                upgrade(connection, path, schema)


@contextmanager
def named_faults(path: Path) -> Iterator[None]:
    """Say in a sentence what keeps the file from being opened.

    Raises:
        DatabaseUnusable.
    """
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(f"The database {path} cannot be used: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        raise DatabaseUnusable(f"The database {path} cannot be used: {reason(error)}.") from error


def _create_file(path: Path) -> None:
    """Bookings name customers: nobody but the user reads the file."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.touch(mode=PRIVATE)
