"""Preparing an SQLite file: create a missing one, upgrade an old one, and reject one that is not usable."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseInUse, DatabaseUnusable
from slotmcp.store.connection import SECURE_DELETE, connect, is_busy
from slotmcp.store.database_file import is_present, opened_alone, read_version, require_version, translate_faults
from slotmcp.store.private_files import PRIVATE_FOLDER, publish, unfinished_file
from slotmcp.store.schema import SCHEMA, Preparation, SchemaVersions, too_old

OLDEST_SQLITE: Final = (3, 37, 0)
"""First version with strict tables."""

RETRY_SECONDS: Final = 0.05
"""Pause before the next attempt to lock a file that other processes have open."""


def prepare(
    path: Path,
    *,
    timeout_ms: int,
    schema: SchemaVersions = SCHEMA,
    preparation: Preparation = Preparation.UPGRADE,
) -> None:
    """Bring the file to this program's schema, as far as `preparation` allows. A rejected file stays as it is.

    Raises:
        DatabaseTooNew: a newer program wrote the file.
        DatabaseTooOld: an older program wrote it, and `preparation` does not allow to upgrade it.
        DatabaseInUse: it must be upgraded, and other processes have it open.
        DatabaseUnusable: the file is no database of slotmcp, or it or its folder cannot be used.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseUnusable(f"This Python comes with SQLite {sqlite3.sqlite_version}; slotmcp needs 3.37 or newer.")
    with translate_faults(path):
        if not is_present(path):
            _create(path, schema, preparation)
        version = read_version(path, timeout_ms=timeout_ms, schema=schema)
        if version == schema.newest:
            return
        if preparation is not Preparation.UPGRADE:
            raise too_old(path, version, schema)
        _upgrade_alone(path, schema, time.monotonic() + timeout_ms / 1000)


def migrate(connection: sqlite3.Connection, schema: SchemaVersions) -> None:
    """Run the missing migrations in one transaction, and check the foreign keys.

    Raises:
        DatabaseUnusable, sqlite3.Error: the file is as it was before.
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
            command.upgrade(config, schema.newest)
            _check_references(connection)
    except DBAPIError as error:
        raise error.orig or error from error


def _create(path: Path, schema: SchemaVersions, preparation: Preparation) -> None:
    """Create a missing file, which only the user can read: bookings name customers.

    The file appears only when it is complete. Of several processes, one creates it.
    """
    if preparation is Preparation.OPEN:
        raise DatabaseUnusable(f"There is no database {path} yet. `slotmcp import FILE` creates it.")
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with unfinished_file(path) as unfinished:
        with closing(connect(unfinished, wait_ms=0)) as connection:
            migrate(connection, schema)
        try:
            publish(unfinished, path, overwrite=False)
        except FileExistsError:
            return


def _upgrade_alone(path: Path, schema: SchemaVersions, give_up_at: float) -> None:
    """Upgrade a file while no other process has it open. Of several processes, one upgrades it.

    Raises:
        DatabaseInUse: other processes have it open, and do not upgrade it.
    """
    from slotmcp.store.backups import back_up_automatically  # noqa: PLC0415  rarely needed

    while True:
        try:
            with opened_alone(path) as connection:
                version = require_version(connection, path, schema)
                if version != schema.newest:
                    back_up_automatically(connection, path, version)
                    migrate(connection, schema)
                return
        except DatabaseInUse as error:
            if _is_upgraded(path, schema):
                return
            if time.monotonic() >= give_up_at:
                raise DatabaseInUse(f"{error.message} Then it is upgraded to schema {schema.newest}.") from error
        time.sleep(RETRY_SECONDS)


def _is_upgraded(path: Path, schema: SchemaVersions) -> bool:
    try:
        return read_version(path, timeout_ms=0, schema=schema) == schema.newest
    except sqlite3.OperationalError as error:
        if is_busy(error):
            return False
        raise


def _check_references(connection: sqlite3.Connection) -> None:
    """Check the foreign keys, which are not enforced while tables are rebuilt."""
    if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise DatabaseUnusable(f"The database cannot be upgraded: {len(broken)} of its rows refer to missing rows.")
