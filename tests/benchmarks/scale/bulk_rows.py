"""Rows copied within an SQLite file by a statement for each table, for databases too large to import."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from slotmcp.store.columns import BOOKING_CONTACTS, BOOKINGS, CLAIMS, PROJECTS, SERVICES, TECHNICIANS
from slotmcp.store.statement import Table

PROJECT_TABLES: Final = (PROJECTS, SERVICES, TECHNICIANS, CLAIMS, BOOKINGS, BOOKING_CONTACTS)
"""Tables with the rows of a project that bookings need, in the order of their references."""

_CACHE_KB: Final = 400_000


class BulkCopy:
    """Connection that copies rows, once for each number from 0: `copy.number` in expressions."""

    def __init__(self, connection: sqlite3.Connection, count: int) -> None:
        self._connection = connection
        self._count = count

    def rows(self, table: Table, where: str, **expressions: str) -> None:
        """Copy the rows of a table, as `source`, with some columns replaced by SQL expressions."""
        values = ", ".join(expressions.get(column, f"source.{column}") for column in table.columns)
        self._connection.execute(
            f"""
            WITH RECURSIVE copy (number) AS (
                SELECT 0 UNION ALL SELECT number + 1 FROM copy WHERE number + 1 < {self._count}
            )
            INSERT INTO {table.name} ({", ".join(table.columns)})
            SELECT {values} FROM copy, {table.name} AS source WHERE {where}
            """  # noqa: S608  expressions of the benchmarks
        )

    def function(self, name: str, function: Callable[[str], str]) -> None:
        """Provide a function of one text in the expressions."""
        self._connection.create_function(name, 1, function, deterministic=True)

    def value(self, query: str) -> object:
        """Return the only value of a query."""
        return self._connection.execute(query).fetchone()[0]


@contextmanager
def bulk_copy(path: Path, count: int) -> Iterator[BulkCopy]:
    """Open a database file that nothing else uses. Triggers do not run; the rows must be correct."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        connection.execute("PRAGMA synchronous = OFF")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield BulkCopy(connection, count)
        for _, statement in triggers:
            connection.execute(statement)
        connection.commit()
        connection.execute("ANALYZE" if _is_analyzed(connection) else "PRAGMA wal_checkpoint(TRUNCATE)")
        connection.commit()


def copy_project(path: Path, project_id: str, count: int) -> None:
    """Copy a project with its catalog and bookings; `copied_id` returns the ids of the copies."""
    with bulk_copy(path, count) as copy:
        copied = f"printf('{project_id}-%05d', copy.number)"
        for table in PROJECT_TABLES:
            column = "id" if table is PROJECTS else "project_id"
            number = {"technician_number": _technician_of_copy(copied)} if table is CLAIMS else {}
            copy.rows(table, f"source.{column} = '{project_id}'", **{column: copied}, **number)


def copied_id(project_id: str, number: int) -> str:
    """Return the id of a copy of a project."""
    return f"{project_id}-{number:05}"


def _technician_of_copy(copied: str) -> str:
    return f"""(
        SELECT new.number FROM technicians AS new JOIN technicians AS old ON new.id = old.id
        WHERE old.number = source.technician_number AND new.project_id = {copied}
    )"""  # noqa: S608  expressions of the benchmarks


def _is_analyzed(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchall())
