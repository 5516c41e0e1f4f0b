"""How a database file is, for whoever looks after it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from slotmcp.store.fetching import Fetch
from slotmcp.store.outages import reason

INTACT = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """What `slotmcp doctor` tells of the database."""

    path: Path
    size_bytes: int
    """With what is not yet moved from the log into the file."""
    schema_version: str
    journal_mode: str
    sqlite_version: str
    projects: int
    damage: tuple[str, ...]
    """What SQLite's own check found. Empty: the file is whole."""

    @property
    def is_intact(self) -> bool:
        """Whether the file is whole."""
        return not self.damage


async def read_status(fetch: Fetch, path: Path) -> StoreStatus:
    """Look at the file; the check reads all of it."""
    ((schema_version,),) = await fetch("SELECT version_num FROM alembic_version")
    ((journal_mode,),) = await fetch("PRAGMA journal_mode")
    ((projects,),) = await fetch("SELECT count(*) FROM projects")
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
        findings = [row[0] for row in await fetch("PRAGMA quick_check")]
        broken = [f"a row of {table} leads nowhere" for table, *_ in await fetch("PRAGMA foreign_key_check")]
    except sqlite3.DatabaseError as error:
        return (reason(error),)
    return tuple(one for one in [*findings, *broken] if one != INTACT)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
