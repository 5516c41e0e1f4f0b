"""Opening a database file: made, upgraded, or refused in a sentence and left as it is."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable, FixSetup
from slotmcp.store import prepare as preparing
from slotmcp.store.connection import connect
from slotmcp.store.prepare import backup_path, prepare, upgrade
from slotmcp.store.schema import APPLICATION_ID, SCHEMA, Schema
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.schedules import PROJECT, booking, open_shop

NEXT_VERSION = """
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade():
    op.execute("ALTER TABLE projects ADD COLUMN motto TEXT")
    {more}
"""


def next_schema(folder: Path, more: str = "") -> Schema:
    """The schema of a later program."""
    migrations = shutil.copytree(SCHEMA.migrations, folder / "100% later")
    (migrations / "versions" / "v9999_motto.py").write_text(
        NEXT_VERSION.format(newest=SCHEMA.newest, more=more), encoding="utf-8"
    )
    return Schema(versions=(*SCHEMA.versions, "9999"), migrations=migrations)


def ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    """What a statement finds in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
async def old(path: Path) -> Path:
    """A file of this version, with a booking in it."""
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        await store.write(PROJECT.id, lambda transaction: transaction.add_booking(booking("b")))
    return path


async def test_a_file_and_its_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b c" / "böoks.db"
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.with_name("böoks.db-wal"), path.parent)]
    assert modes == [0o600, 0o600, 0o700]
    assert ask(path, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]


def test_an_empty_file_is_filled(path: Path) -> None:
    path.touch()
    prepare(path, timeout_ms=1000)
    assert ask(path, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert list(path.parent.iterdir()) == [path], "nothing of it was worth a backup"


def test_an_old_file_is_upgraded_after_a_backup(old: Path, tmp_path: Path) -> None:
    later = next_schema(tmp_path)
    prepare(old, timeout_ms=1000, schema=later)
    assert ask(old, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert ask(old, "SELECT motto FROM projects") == [(None,)]
    assert ask(old, "SELECT claim_id FROM bookings") == [("b",)]
    backup = backup_path(old, SCHEMA.newest)
    assert ask(backup, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert ask(backup, "SELECT claim_id FROM bookings") == [("b",)]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_upgrading_again_changes_nothing(old: Path, tmp_path: Path) -> None:
    later = next_schema(tmp_path)
    prepare(old, timeout_ms=1000, schema=later)
    backup_path(old, SCHEMA.newest).unlink()
    before = old.read_bytes()
    prepare(old, timeout_ms=1000, schema=later)
    assert old.read_bytes() == before
    assert not backup_path(old, SCHEMA.newest).exists()


def test_who_finds_the_upgrade_done_by_another_process_makes_no_backup(old: Path) -> None:
    before = old.read_bytes()
    with closing(connect(old, wait_ms=1000)) as connection:
        upgrade(connection, old, SCHEMA)
    assert old.read_bytes() == before
    assert not backup_path(old, SCHEMA.newest).exists()


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("raise ZeroDivisionError", ZeroDivisionError),
        ("op.execute('INSERT INTO nowhere VALUES (1)')", DatabaseUnusable),
        ("op.execute('UPDATE technicians SET project_id = 7')", DatabaseUnusable),
    ],
    ids=["an error of its own", "an error of the database", "rows that lead nowhere"],
)
def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    old: Path, tmp_path: Path, more: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        prepare(old, timeout_ms=1000, schema=next_schema(tmp_path, more))
    assert ask(old, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert "motto" not in str(ask(old, "SELECT sql FROM sqlite_master"))
    assert ask(old, "SELECT id, project_id FROM technicians WHERE id = 'ana'") == [("ana", "shop")]
    prepare(old, timeout_ms=1000)


def test_a_file_of_a_newer_program_is_refused_and_left_untouched(old: Path, tmp_path: Path) -> None:
    prepare(old, timeout_ms=1000, schema=next_schema(tmp_path))
    before = old.read_bytes()
    with pytest.raises(DatabaseTooNew, match=f"newer slotmcp .* 9999, .* {SCHEMA.newest}") as refused:
        prepare(old, timeout_ms=1000)
    assert str(old) in refused.value.message
    assert isinstance(refused.value, FixSetup)
    assert not refused.value.retryable
    assert old.read_bytes() == before


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE claims (id); PRAGMA user_version = 3")


def a_text(path: Path) -> None:
    path.write_text("bookings, one a line\n" * 1000, encoding="utf-8")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_file_as_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (another_programs, "another program's"),
        (a_text, "not an SQLite database"),
        (a_folder, r"cannot be (used|opened)"),
        (a_file_as_folder, "File exists|Not a directory"),
        (a_link_to_itself, "symbolic links"),
    ],
)
def test_what_is_no_database_of_ours_is_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "books.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable, match=told) as refused:
        prepare(path, timeout_ms=1000)
    assert str(path) in refused.value.message
    assert refused.value.message.endswith(".")
    assert (path.read_bytes() if path.is_file() else None) == before


async def test_a_file_that_is_locked_for_good_is_refused_in_a_sentence(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as locking:
        locking.execute("PRAGMA locking_mode = EXCLUSIVE")
        locking.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnusable, match="busy"):
            async with SqliteStore.open(old, clock=HandClock(), timeout_ms=50):
                pass


def test_an_sqlite_without_strict_tables_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(DatabaseUnusable, match="This Python brings SQLite"):
        prepare(path, timeout_ms=1000)
    assert not path.exists()


PROCESSES = 3
OPEN = """
import asyncio, sys
from pathlib import Path
from slotmcp.store.sqlite import SqliteStore

class Clock:
    def now_ms(self):
        return 0

async def main():
    sys.stdin.readline()
    async with SqliteStore.open(Path(sys.argv[1]), clock=Clock()) as store:
        print(await store.project_ids())
        print(*sorted({name.split(".")[0] for name in sys.modules}))

asyncio.run(main())
"""


def test_an_up_to_date_file_is_opened_without_the_migrations_libraries(old: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(old)]
    answer = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    projects, modules = answer.stdout.splitlines()
    assert projects == "('shop',)"
    assert "sqlite3" in modules.split()
    assert not {"sqlalchemy", "sqlmodel", "alembic", "pydantic"} & set(modules.split())


async def test_processes_that_open_a_new_file_at_once_all_succeed(path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, path, stdin=pipe, stdout=pipe, stderr=pipe)
        for _ in range(PROCESSES)
    ]
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [error.decode() for _, error in answers] == [""] * PROCESSES
    assert [output.splitlines()[0] for output, _ in answers] == [b"()"] * PROCESSES
    assert ask(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
