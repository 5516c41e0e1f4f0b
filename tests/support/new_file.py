"""New database files, copied from one that was created once: creating a file takes longer than most tests."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from slotmcp.store.prepare import prepare
from slotmcp.store.private_files import PRIVATE


def new_file(path: Path) -> Path:
    """Create a database without projects, unless the file exists, and return its path."""
    return path if path.exists() else write_file(path, _content())


def write_file(path: Path, content: bytes) -> Path:
    """Write a database file with the permissions of a new one, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(PRIVATE)
    path.write_bytes(content)
    return path


@cache
def _content() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "new.db")
        prepare(path, timeout_ms=1000)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # as after the first writer
        return path.read_bytes()
