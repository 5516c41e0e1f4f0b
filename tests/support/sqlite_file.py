"""Contents of a database file, read with plain SQL and none of the code under test."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CLAIMS = """
SELECT c.id, t.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.state, c.expires_at_ms, c.technician_chosen, c.hold_token, c.latitude
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
ORDER BY t.id, c.start_minute, c.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Row of the table claims."""

    id: str
    technician_id: str
    service_id: str
    start: int
    end: int
    before: int
    after: int
    state: str
    expires_at_ms: int | None
    technician_chosen: int
    token: str | None
    latitude: float | None = None

    def is_live(self, now_ms: int) -> bool:
        """Return whether the claim takes time."""
        return self.state == "booked" or (
            self.state == "held" and self.expires_at_ms is not None and now_ms < self.expires_at_ms
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a read-only connection."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


def rows(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with reading(path) as connection:
        return connection.execute(statement, values).fetchall()


def entries(path: Path) -> list[Entry]:
    """Return all claims, by technician and start."""
    return [Entry(*row) for row in rows(path, _CLAIMS)]


def live_entries(path: Path, now_ms: int) -> list[Entry]:
    """Return the claims that take time now, by technician and start."""
    return [entry for entry in entries(path) if entry.is_live(now_ms)]


def overlaps(claims: list[Entry], *, buffers: bool = True) -> list[tuple[Entry, Entry]]:
    """Return the pairs of claims that overlap for the same technician."""
    return [
        (first, second)
        for number, first in enumerate(claims)
        for second in claims[number + 1 :]
        if first.technician_id == second.technician_id and _overlap(first, second, buffers=buffers)
    ]


def _overlap(first: Entry, second: Entry, *, buffers: bool) -> bool:
    if not buffers:
        return first.start < second.end and second.start < first.end
    return (
        first.start - first.before < second.end + second.after
        and second.start - second.before < first.end + first.after
    )


def count(path: Path, table: str) -> int:
    """Return the number of rows of a table."""
    number: int = rows(path, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608  a constant of a test
    return number


def fingerprint(path: Path) -> str:
    """Return a hash of all rows of all tables, which is equal if nothing changed."""
    digest = hashlib.sha256()
    with reading(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            digest.update(table.encode())
            for row in sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))):  # noqa: S608  a table's name
                digest.update(row.encode())
    return digest.hexdigest()


def clone(path: Path, copy: Path) -> Path:
    """Copy a file that is in use, and return the copy's path."""
    with reading(path) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def integrity(path: Path) -> str:
    """Return the findings of SQLite's own check; "ok" if the file is intact."""
    with reading(path) as connection:
        problems = connection.execute("PRAGMA foreign_key_check").fetchall()
        findings: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return findings if not problems else f"{findings}, foreign keys: {problems}"
