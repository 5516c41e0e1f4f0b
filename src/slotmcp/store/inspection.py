"""Inspection of a whole database: SQLite's own check, references, rules between rows, and readable schedules.

No customer data is read, so an inspection does not depend on how contacts are stored.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.catalog import REVISIONS
from slotmcp.store.connection import describe_fault, make_fetch
from slotmcp.store.database_file import is_present, translate_faults
from slotmcp.store.schedules import Snapshot, read_schedule
from slotmcp.store.schema import SCHEMA, VERSION_TABLE, file_version
from slotmcp.store.statement import Fetch, Statement, drive

MAX_FINDINGS: Final = 100
"""Number of findings that SQLite reports before it stops to search."""

# Count the live claims that begin before an earlier live claim of the same technician ends.
OVERLAPPING_CLAIMS = Statement("""
SELECT count(*) FROM (
    SELECT start_minute < max(end_minute) OVER (
        PARTITION BY technician_number ORDER BY start_minute, end_minute
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS is_taken FROM claims WHERE state IN ('held', 'booked')
) AS live WHERE is_taken
""")

# Count the bookings whose claim is in a state that contradicts their status.
CONTRADICTED_BOOKINGS = Statement("""
SELECT count(*) FROM bookings AS b JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
WHERE c.state <> CASE b.status WHEN 'cancelled' THEN 'cancelled' ELSE 'booked' END
""")

# Count the booked claims without a booking.
CLAIMS_WITHOUT_BOOKING = Statement("""
SELECT count(*) FROM claims AS c WHERE c.state = 'booked'
AND NOT EXISTS (SELECT 1 FROM bookings AS b WHERE b.project_id = c.project_id AND b.claim_id = c.id)
""")

# Count the claims of a technician of another project.
FOREIGN_CLAIMS = Statement("""
SELECT count(*) FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE t.project_id <> c.project_id
""")

RULES: Final = {
    "live claims overlap for one technician": OVERLAPPING_CLAIMS,
    "bookings contradict the state of their claim": CONTRADICTED_BOOKINGS,
    "booked claims have no booking": CLAIMS_WITHOUT_BOOKING,
    "claims belong to a technician of another project": FOREIGN_CLAIMS,
}
"""Statements that count rows which must not exist, by their description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Result of an inspection."""

    place: str
    """File, or URL without secrets."""
    schema_version: str
    rows: Mapping[str, int]
    """Number of rows by table."""
    problems: tuple[str, ...]
    """Clauses; empty if the database is intact."""

    def require_intact(self) -> None:
        """Reject a damaged database.

        Raises:
            DatabaseUnusable.
        """
        if self.problems:
            raise DatabaseUnusable(f"{self.place} is damaged: {'; '.join(self.problems[:3])}.")


def inspect_file(path: Path, *, timeout_ms: int = 0) -> Inspection:
    """Inspect an SQLite file without changing it.

    Raises:
        DatabaseTooNew, DatabaseUnusable: it is no database of slotmcp that this program can read.
    """
    with translate_faults(path):
        if not is_present(path):
            raise DatabaseUnusable(f"There is no file {path}.")
        with closing(open_unchanged(path, timeout_ms=timeout_ms)) as connection:
            connection.execute("BEGIN")
            return inspect_connection(connection, path)


def open_unchanged(path: Path, *, timeout_ms: int) -> sqlite3.Connection:
    """Return a connection that cannot change the file, nor create it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=timeout_ms / 1000, isolation_level=None)


def inspect_connection(connection: sqlite3.Connection, path: Path) -> Inspection:
    """Inspect the state that a connection sees.

    Raises:
        DatabaseTooNew, DatabaseUnusable, sqlite3.Error.
    """
    version = file_version(connection, path, SCHEMA)
    if version is None:
        raise DatabaseUnusable(f"{path} has no tables.")
    problems = list(_find_damage(connection))
    if not problems and version == SCHEMA.newest:
        problems = drive(find_broken_rules(make_fetch(connection)))
    rows = {} if problems else count_rows(connection)
    return Inspection(place=str(path), schema_version=version, rows=rows, problems=tuple(problems))


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table, in any version of the schema."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = sorted(name for (name,) in tables.fetchall() if name != VERSION_TABLE)
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


async def find_broken_rules(fetch: Fetch) -> list[str]:
    """Return the rules between rows that do not hold, as clauses, in a database with the newest schema."""
    return [problem async for problem in _broken_rules(fetch)]


async def _broken_rules(fetch: Fetch) -> AsyncIterator[str]:
    for description, statement in RULES.items():
        ((count,),) = await fetch(statement)
        if count:
            yield f"{count} {description}"
    for project_id, revision in await fetch(REVISIONS):
        try:
            await read_schedule(Snapshot(fetch=fetch, project_id=project_id, now_ms=0), None, revision)
        except (ValueError, TypeError, KeyError, ArithmeticError) as error:
            yield f"the schedule of {project_id} cannot be read ({type(error).__name__})"


def _find_damage(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (finding,) in connection.execute(f"PRAGMA integrity_check({MAX_FINDINGS})").fetchall():
            if finding != "ok":
                yield str(finding)
        for table, *_ in connection.execute("PRAGMA foreign_key_check").fetchall():
            yield f"a row of {table} refers to a missing row"
    except sqlite3.DatabaseError as error:
        yield describe_fault(error)
