"""State of an SQLite file, for its operator."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.store.connection import describe_fault
from slotmcp.store.statement import Fetch, Statement

INTACT: Final = "ok"
MAX_FINDINGS_SHOWN: Final = 3

# Read the version of the schema.
SCHEMA_VERSION = Statement("SELECT version_num FROM alembic_version")

# Read the journal mode.
JOURNAL_MODE = Statement("PRAGMA journal_mode")

# Count the projects.
PROJECT_COUNT = Statement("SELECT count(*) FROM projects")

# Check the whole file.
QUICK_CHECK = Statement("PRAGMA quick_check")

# Find rows that refer to missing rows.
FOREIGN_KEY_CHECK = Statement("PRAGMA foreign_key_check")


class Status(Protocol):
    """State of any database."""

    @property
    def projects(self) -> int:
        """Number of projects."""
        ...

    @property
    def problem(self) -> str:
        """Clause that names a problem and its remedy; empty if there is none."""
        ...

    @property
    def description(self) -> str:
        """Location, without any secret, and properties."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """State of an SQLite file, as `slotmcp doctor` shows it."""

    path: Path
    size_bytes: int
    """Size including the write-ahead log."""
    schema_version: str
    journal_mode: str
    sqlite_version: str
    projects: int
    damage: tuple[str, ...]
    """Findings of SQLite's own check; empty if the file is intact."""

    @property
    def is_intact(self) -> bool:
        """Return whether the file is undamaged."""
        return not self.damage

    @property
    def problem(self) -> str:
        """Clause that names the damage and its remedy; empty if there is none."""
        if self.is_intact:
            return ""
        return f"{self.path} is damaged: {'; '.join(self.damage[:MAX_FINDINGS_SHOWN])}; restore a copy"

    @property
    def description(self) -> str:
        """Path, size and version."""
        return f"{self.path}, {self.size_bytes / BYTES_PER_MB:.1f} MB, intact, SQLite {self.sqlite_version}"


async def read_status(fetch: Fetch, path: Path) -> StoreStatus:
    """Return the state of the file, all of which is checked."""
    ((schema_version,),) = await fetch(SCHEMA_VERSION)
    ((journal_mode,),) = await fetch(JOURNAL_MODE)
    ((projects,),) = await fetch(PROJECT_COUNT)
    return StoreStatus(
        path=path,
        size_bytes=sum(_size(path.with_name(path.name + suffix)) for suffix in ("", "-wal")),
        schema_version=schema_version,
        journal_mode=journal_mode,
        sqlite_version=sqlite3.sqlite_version,
        projects=projects,
        damage=await _damage(fetch),
    )


async def _damage(fetch: Fetch) -> tuple[str, ...]:
    try:
        findings = [finding for (finding,) in await fetch(QUICK_CHECK) if finding != INTACT]
        broken = [f"a row of {table} refers to a missing row" for table, *_ in await fetch(FOREIGN_KEY_CHECK)]
    except sqlite3.DatabaseError as error:
        return (describe_fault(error),)
    return (*findings, *broken)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
