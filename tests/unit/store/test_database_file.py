"""A path without a usable database: each is refused with the reason, left unchanged, and never filled anew."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import Preparation
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import PROJECT, booking, open_shop


@pytest.fixture
async def used(path: Path) -> Path:
    """Database with a booking."""
    async with SqliteStore.open(new_file(path), clock=HandClock()) as store:
        await open_shop(store)
        await store.write(PROJECT.id, lambda transaction: transaction.add_booking(booking("b")))
    return path


def run(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone.db"))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def log_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT count(*) FROM projects").fetchall()
        connection.execute("UPDATE projects SET name = 'Changed'")
        connection.commit()
        log = path.with_name(f"{path.name}-wal").read_bytes()
    path.unlink()
    path.with_name(f"{path.name}-wal").write_bytes(log)


def header_alone(path: Path) -> None:
    path.unlink()
    run(path, "PRAGMA application_id = 1397509972; PRAGMA user_version = 1; VACUUM")


def no_version(path: Path) -> None:
    run(path, "DELETE FROM alembic_version")


def no_version_table(path: Path) -> None:
    run(path, "DROP TABLE alembic_version")


def lost_table(path: Path) -> None:
    run(path, "PRAGMA foreign_keys = OFF; DROP TABLE bookings")


def cut_to(size: int) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        os.truncate(path, size)

    cut.__name__ = f"cut to {size} bytes"
    return cut


def of_another_program(path: Path) -> None:
    path.unlink()
    run(path, "CREATE TABLE contacts (name)")


REFUSED = {
    empty: "the file is empty where a database was expected. Restore an intact backup with `slotmcp restore FILE`.",
    folder: "it is not a file",
    pipe: "it is not a file",
    dangling_link: "symbolic link to a missing file",
    log_alone: "is missing, but its log slots.db-wal is there",
    header_alone: "the file has no tables where a database was expected",
    no_version: "its schema has no version",
    no_version_table: "its schema has no version",
    lost_table: "it lacks bookings",
    cut_to(50): "the database file is damaged. Restore an intact backup",
    cut_to(600): "damaged",
    cut_to(8_192): "damaged",
    of_another_program: "another program's database",
}


def contents(folder: Path) -> dict[str, object]:
    """Return the names and contents of a folder's files."""
    return {
        file.name: file.read_bytes() if file.is_file() else stat.S_IFMT(file.lstat().st_mode)
        for file in folder.iterdir()
        if not file.name.endswith("-shm")
    }


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
@pytest.mark.parametrize("preparation", Preparation)
def test_a_path_without_a_usable_database_is_refused_and_unchanged(
    used: Path, make: Callable[[Path], None], preparation: Preparation
) -> None:
    make(used)
    before = contents(used.parent)
    with pytest.raises(DatabaseUnusable) as refused:
        prepare(used, timeout_ms=1000, preparation=preparation)
    assert REFUSED[make] in refused.value.message
    assert str(used) in refused.value.message
    assert contents(used.parent) == before


def test_a_missing_file_is_created_only_by_a_command_that_may(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"There is no database .* yet. `slotmcp import FILE` creates it."):
        prepare(path, timeout_ms=1000, preparation=Preparation.OPEN)
    assert list(path.parent.iterdir()) == []
    prepare(path, timeout_ms=1000, preparation=Preparation.CREATE)
    assert list(path.parent.iterdir()) == [path]


def test_a_linked_database_is_used(used: Path) -> None:
    link = used.with_name("link.db")
    link.symlink_to(used)
    prepare(link, timeout_ms=1000, preparation=Preparation.OPEN)
    assert link.readlink() == used


def test_an_unfinished_file_of_a_killed_process_is_deleted(path: Path) -> None:
    abandoned = path.with_name(f".{path.name}.killed.unfinished")
    abandoned.write_bytes(b"customers")
    prepare(path, timeout_ms=1000)
    assert list(path.parent.iterdir()) == [path]
