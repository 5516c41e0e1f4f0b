"""Minimal check, import and export of a file of bookings: JSON and the database's driver alone, without rules."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import asyncpg

_COLUMNS = ("id", "technicianId", "serviceType", "start", "end")
_TABLE = """
CREATE TABLE bookings (id text PRIMARY KEY, "technicianId" text, "serviceType" text, "start" text, "end" text)
"""


def main(command: str, file: Path, database: str) -> None:
    """Read a file; write its lines to a new table; or write the rows of that table to a file."""
    if command == "check":
        sys.exit(0 if sum(1 for _ in _read(file)) else 1)
    elif "://" in database:
        asyncio.run((_import_postgres if command == "import" else _export_postgres)(database, file))
    else:
        with closing(sqlite3.connect(database)) as connection:
            (_import_sqlite if command == "import" else _export_sqlite)(connection, file)


def _read(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8") as lines:
        for keys in map(json.loads, lines):
            yield [keys.get(column) for column in _COLUMNS]


def _write(file: Path, rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(dict(zip(_COLUMNS, row, strict=True))) + "\n")


def _import_sqlite(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute(_TABLE)
    connection.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?, ?)", _read(file))
    connection.commit()


def _export_sqlite(connection: sqlite3.Connection, file: Path) -> None:
    _write(file, connection.execute("SELECT * FROM bookings ORDER BY id"))


async def _import_postgres(url: str, file: Path) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    await connection.copy_records_to_table("bookings", records=_read(file))
    await connection.close()


async def _export_postgres(url: str, file: Path) -> None:
    connection = await asyncpg.connect(url)
    _write(file, map(tuple, await connection.fetch("SELECT * FROM bookings ORDER BY id")))
    await connection.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
