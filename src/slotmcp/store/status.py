"""How a database file is, for whoever looks after it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slotmcp.store.fetching import Fetch
from slotmcp.store.outages import reason

INTACT = "ok"
BYTES_PER_MB = 1_000_000
DAMAGE_TOLD = 3


class Status(Protocol):
    """What whoever looks after a database wants to know of any."""

    @property
    def projects(self) -> int:
        """How many there are."""
        ...

    @property
    def problem(self) -> str:
        """What is wrong with it and what to do, as a clause; empty if it is fine."""
        ...

    @property
    def description(self) -> str:
        """Where it is, without any secret, and how."""
        ...


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

    @property
    def problem(self) -> str:
        """What is wrong with the file and what to do, as a clause; empty if it is whole."""
        return (
            "" if self.is_intact else f"{self.path} is damaged: {'; '.join(self.damage[:DAMAGE_TOLD])}; restore a copy"
        )

    @property
    def description(self) -> str:
        """Where it is, and how."""
        return f"{self.path}, {self.size_bytes / BYTES_PER_MB:.1f} MB, whole, SQLite {self.sqlite_version}"


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
        problem = [f"a row of {table} leads nowhere" for table, *_ in await fetch("PRAGMA foreign_key_check")]
    except sqlite3.DatabaseError as error:
        return (reason(error),)
    return tuple(one for one in [*findings, *problem] if one != INTACT)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
