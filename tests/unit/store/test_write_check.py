"""A test write succeeds while another process writes, and otherwise tells why a caller's write would fail."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.domain.errors import Unavailable
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.write_check import find_write_problem
from support.clock import NOW_MS, HandClock
from support.new_file import new_file
from support.permissions import LIMITED
from support.sqlite_file import rows

PROGRAM = """
import pathlib, sys
from slotmcp.store.write_check import find_write_problem
print(find_write_problem(pathlib.Path(sys.argv[1]), 1))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return new_file(tmp_path / "slots.db")


def damage(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def remove(path: Path) -> None:
    path.unlink()
    path.mkdir()


async def test_a_test_write_is_stored(path: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await store.check_write()
    assert rows(path, "SELECT checked_at_ms FROM clock") == [(NOW_MS,)]


def test_a_file_that_another_process_writes_can_be_written(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert find_write_problem(path, NOW_MS) == ""


def test_a_disk_that_is_nearly_full_is_a_problem_although_small_writes_succeed(path: Path) -> None:
    assert find_write_problem(path, NOW_MS, min_free_bytes=2**62) == "less than 4611686018427 MB of its disk are free"
    assert rows(path, "SELECT checked_at_ms FROM clock") == [(NOW_MS,)]


def test_a_read_only_file_is_a_problem(path: Path) -> None:
    path.chmod(0o400)
    command = [*LIMITED, sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  this program
    assert done.stdout.strip() == "the database file, or its folder, cannot be written"


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (damage, "the file is not an SQLite database"),
        (remove, "the database file, or its folder, cannot be opened"),
    ],
)
async def test_the_error_names_the_problem(path: Path, harm: Callable[[Path], None], problem: str) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        for name in ("-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
        await asyncio.to_thread(harm, path)
        with pytest.raises(Unavailable, match=f"The database cannot be written: {problem}"):
            await store.check_write()
