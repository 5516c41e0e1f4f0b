"""Running the migrations, all in one transaction."""

import sqlite3
from contextlib import closing
from pathlib import Path

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.connection import ERASE
from slotmcp.store.schema import Schema, found_version


def upgrade(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Bring the file to the newest version; an old one is first copied to a file beside it.

    Several processes may ask for it at once: one does it, the others find it done. Alembic takes half a second to
    import, so it is imported when a migration is due.

    Raises:
        DatabaseTooNew, DatabaseUnusable, sqlite3.Error: the file is as it was before.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    connection.execute(ERASE)
    try:
        with engine.begin() as config.attributes["connection"]:
            found = found_version(connection, path, schema)
            if found == schema.newest:
                return
            if found is not None:
                _back_up(path, found)
            command.upgrade(config, schema.newest)
            _check(connection, path)
    except DBAPIError as error:
        raise error.orig or error from error


def backup_path(path: Path, version: str) -> Path:
    """Where the copy of an old file is put."""
    return path.with_name(f"{path.name}.{version}.backup")


def _back_up(path: Path, version: str) -> None:
    """Copy what is committed. The copy gets its name when it is whole."""
    unfinished = path.with_name(f"{path.name}.{version}.unfinished")
    unfinished.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    unfinished.replace(backup_path(path, version))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Foreign keys are not enforced while tables are rebuilt, so they are looked at in the end."""
    if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise DatabaseUnusable(f"The database {path} cannot be upgraded: {len(broken)} of its rows lead nowhere.")
