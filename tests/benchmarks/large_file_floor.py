"""Minimal import and export of a file of bookings: JSON and sqlite3 alone, without any check."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

_COLUMNS = ("id", "technicianId", "serviceType", "start", "end")


def main(command: str, file: Path, database: Path) -> None:
    """Write the lines of a file to a new table, or the rows of that table to a file."""
    with closing(sqlite3.connect(database)) as connection:
        (_import if command == "import" else _export)(connection, file)


def _import(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute(f"CREATE TABLE bookings ({', '.join(_COLUMNS)}, PRIMARY KEY (id))")
    with file.open(encoding="utf-8") as lines:
        rows = ([keys.get(column) for column in _COLUMNS] for keys in map(json.loads, lines))
        connection.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()


def _export(connection: sqlite3.Connection, file: Path) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for row in connection.execute("SELECT * FROM bookings ORDER BY id"):
            lines.write(json.dumps(dict(zip(_COLUMNS, row, strict=True))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
