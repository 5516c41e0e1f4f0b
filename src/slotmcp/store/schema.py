"""Versions of the schema, and the version of a database file."""

import sqlite3
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseTooNew, DatabaseTooOld, DatabaseUnusable
from slotmcp.store.columns import TABLE_NAMES

APPLICATION_ID: Final = 0x534C4F54
"""Application id in the file's header, which the first migration writes: "SLOT" in ASCII."""
VERSION_TABLE: Final = "alembic_version"
RESTORE: Final = "Restore an intact backup with `slotmcp restore FILE`."


class Preparation(Enum):
    """Change that a command may make to a database when it opens it."""

    OPEN = auto()
    """None."""
    CREATE = auto()
    """Create a missing or empty database."""
    UPGRADE = auto()
    """Create a database, or upgrade an old one."""


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
    versions=(
        "0001",
        "0002",
        "0003",
        "0004",
        "0005",
        "0006",
        "0007",
        "0008",
        "0009",
        "0010",
        "0011",
        "0012",
        "0013",
        "0014",
        "0015",
        "0016",
        "0017",
        "0018",
    ),
    migrations=Path(__file__).parent / "migrations",
)


def file_version(connection: sqlite3.Connection, path: Path, schema: SchemaVersions) -> str | None:
    """Return the version of the file's schema, or None for a file without tables.

    Raises:
        DatabaseTooNew, DatabaseUnusable.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise DatabaseUnusable(f"{path} is another program's database. Choose another file for slotmcp.")
    has_version = VERSION_TABLE in tables
    versions = connection.execute("SELECT version_num FROM alembic_version").fetchall() if has_version else []
    if len(versions) != 1:
        raise DatabaseUnusable(f"The database {path} is damaged: its schema has no version. {RESTORE}")
    ((version,),) = versions
    if version not in schema.versions:
        raise DatabaseTooNew(
            f"The database {path} was written by a newer slotmcp (its schema is {version}, this program knows "
            f"{schema.newest}). Update slotmcp, or choose another file."
        )
    if version == SCHEMA.newest and (missing := {*TABLE_NAMES} - tables):
        raise DatabaseUnusable(f"The database {path} is damaged: it lacks {', '.join(sorted(missing))}. {RESTORE}")
    return str(version)


def too_old(place: object, version: str, schema: SchemaVersions) -> DatabaseTooOld:
    """Return the error for a command that may not upgrade the database."""
    return DatabaseTooOld(
        f"The database {place} was written by an older slotmcp (its schema is {version}, this program needs "
        f"{schema.newest}). Stop its servers, then run `slotmcp upgrade`."
    )
