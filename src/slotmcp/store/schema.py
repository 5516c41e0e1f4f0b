"""Versions of the schema, and the version of a database file."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable

APPLICATION_ID: Final = 0x534C4F54
"""Application id in the file's header, which the first migration writes: "SLOT" in ASCII."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaVersions:
    """Versions of the schema, oldest first, and the folder of their migrations."""

    versions: tuple[str, ...]
    migrations: Path

    @property
    def newest(self) -> str:
        """Version that this program reads and writes."""
        return self.versions[-1]


SCHEMA: Final = SchemaVersions(
    versions=("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010"),
    migrations=Path(__file__).parent / "migrations",
)


def file_version(connection: sqlite3.Connection, path: Path, schema: SchemaVersions) -> str | None:
    """Return the version of the file's schema, or None for an empty file.

    Raises:
        DatabaseTooNew, DatabaseUnusable.
    """
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return None
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise DatabaseUnusable(f"{path} is another program's database. Choose another file for slotmcp.")
    (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if version not in schema.versions:
        raise DatabaseTooNew(
            f"The database {path} was written by a newer slotmcp (its schema is {version}, this program knows "
            f"{schema.newest}). Update slotmcp, or choose another file."
        )
    return str(version)
