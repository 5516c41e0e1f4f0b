"""What is really in a database file, read with plain SQL and none of our own code."""

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
    """A row of claims."""

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
        """Whether it takes time."""
        return self.state == "booked" or (
            self.state == "held" and self.expires_at_ms is not None and now_ms < self.expires_at_ms
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


def rows(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    with reading(path) as connection:
        return connection.execute(statement, values).fetchall()


def entries(path: Path) -> list[Entry]:
    """All claims, by technician and start."""
    return [Entry(*row) for row in rows(path, _CLAIMS)]


def live_entries(path: Path, now_ms: int) -> list[Entry]:
    """The claims that take time now, by technician and start."""
    return [entry for entry in entries(path) if entry.is_live(now_ms)]


def overlaps(claims: list[Entry], *, buffers: bool = True) -> list[tuple[Entry, Entry]]:
    """Pairs of claims that take the same technician's time at once."""
    return [
        (one, other)
        for number, one in enumerate(claims)
        for other in claims[number + 1 :]
        if one.technician_id == other.technician_id and _meet(one, other, buffers=buffers)
    ]


def _meet(one: Entry, other: Entry, *, buffers: bool) -> bool:
    if not buffers:
        return one.start < other.end and other.start < one.end
    return one.start - one.before < other.end + other.after and other.start - other.before < one.end + one.after


def count(path: Path, table: str) -> int:
    """How many rows a table has."""
    found: int = rows(path, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608  a test's own name
    return found


def fingerprint(path: Path) -> str:
    """A hash of every row of every table. Equal means: nothing was changed."""
    digest = hashlib.sha256()
    with reading(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            digest.update(table.encode())
            for row in sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))):  # noqa: S608  a table's name
                digest.update(row.encode())
    return digest.hexdigest()


def clone(path: Path, copy: Path) -> Path:
    """A copy of a file that is in use."""
    with reading(path) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def integrity(path: Path) -> str:
    """What SQLite itself says of the file; "ok" if it is whole."""
    with reading(path) as connection:
        problems = connection.execute("PRAGMA foreign_key_check").fetchall()
        found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return found if not problems else f"{found}, foreign keys: {problems}"
