"""Preparing an SQLite file: create a missing one, upgrade an old one, and reject one of another program."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.connection import SECURE_DELETE, connect, describe_fault
from slotmcp.store.schema import SCHEMA, SchemaVersions, file_version

OLDEST_SQLITE: Final = (3, 37, 0)
"""First version with strict tables."""

PRIVATE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


def prepare(path: Path, *, timeout_ms: int, schema: SchemaVersions = SCHEMA) -> None:
    """Bring the file to this program's schema. A rejected file stays as it is.

    Raises:
        DatabaseTooNew: a newer program wrote the file.
        DatabaseUnusable: the file is no database of slotmcp, or it or its folder cannot be used.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseUnusable(f"This Python comes with SQLite {sqlite3.sqlite_version}; slotmcp needs 3.37 or newer.")
    with translate_faults(path):
        _create_file(path)
        with closing(connect(path, wait_ms=timeout_ms)) as connection:
            if file_version(connection, path, schema) != schema.newest:
                upgrade(connection, path, schema)


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
        raise DatabaseUnusable(f"The database {path} cannot be used: {describe_fault(error)}.") from error


def upgrade(connection: sqlite3.Connection, path: Path, schema: SchemaVersions) -> None:
    """Run the missing migrations in one transaction, after copying an old file to a backup beside it.

    If several processes call it at once, one upgrades and the others find the file upgraded.

    Raises:
        DatabaseTooNew, DatabaseUnusable, sqlite3.Error: the file is as it was before.
    """
    # Alembic and SQLAlchemy take half a second to import, and are rarely needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    connection.execute(SECURE_DELETE)
    try:
        with engine.begin() as config.attributes["connection"]:
            version = file_version(connection, path, schema)
            if version == schema.newest:
                return
            if version is not None:
                _back_up(path, version)
            command.upgrade(config, schema.newest)
            _check(connection, path)
    except DBAPIError as error:
        raise error.orig or error from error


def backup_path(path: Path, version: str) -> Path:
    """Return the path of the backup of an old file."""
    return path.with_name(f"{path.name}.{version}.backup")


def _create_file(path: Path) -> None:
    """Create a missing file, which only the user can read: bookings name customers."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.touch(mode=PRIVATE)


def _back_up(path: Path, version: str) -> None:
    """Copy the committed state. The backup gets its name once it is complete."""
    unfinished = path.with_name(f"{path.name}.{version}.unfinished")
    unfinished.touch(mode=PRIVATE)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    unfinished.replace(backup_path(path, version))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Check the foreign keys, which are not enforced while tables are rebuilt."""
    if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise DatabaseUnusable(
            f"The database {path} cannot be upgraded: {len(broken)} of its rows refer to missing rows."
        )
