"""Opening a database file: creating it, upgrading it, or rejecting it unchanged."""

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
from slotmcp.store.backups import automatic_backup_path as backup_path
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import APPLICATION_ID, SCHEMA, SchemaVersions
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


def next_schema(folder: Path, more: str = "") -> SchemaVersions:
    """Return the schema of a later program."""
    migrations = shutil.copytree(SCHEMA.migrations, folder / "100% later")
    (migrations / "versions" / "v9999_motto.py").write_text(
        NEXT_VERSION.format(newest=SCHEMA.newest, more=more), encoding="utf-8"
    )
    return SchemaVersions(versions=(*SCHEMA.versions, "9999"), migrations=migrations)


def select(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a statement in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
async def old(path: Path) -> Path:
    """File of this version that contains a booking."""
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        await store.write(PROJECT.id, lambda transaction: transaction.add_booking(booking("b")))
    return path


async def test_a_new_file_and_its_folders_are_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b c" / "slöts.db"
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        modes = [stat.S_IMODE(file.stat().st_mode) for file in (path, path.with_name("slöts.db-wal"), path.parent)]
    assert modes == [0o600, 0o600, 0o700]
    assert select(path, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]


def test_a_new_file_is_filled_without_a_trace_of_its_creation(path: Path) -> None:
    prepare(path, timeout_ms=1000)
    assert select(path, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert list(path.parent.iterdir()) == [path], "an empty file needs no backup"


def test_an_old_file_is_upgraded_after_a_backup(old: Path, tmp_path: Path) -> None:
    later = next_schema(tmp_path)
    prepare(old, timeout_ms=1000, schema=later)
    assert select(old, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert select(old, "SELECT motto FROM projects") == [(None,)]
    assert select(old, "SELECT claim_id FROM bookings") == [("b",)]
    backup = backup_path(old, SCHEMA.newest)
    assert select(backup, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert select(backup, "SELECT claim_id FROM bookings") == [("b",)]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_upgrading_again_changes_nothing(old: Path, tmp_path: Path) -> None:
    later = next_schema(tmp_path)
    prepare(old, timeout_ms=1000, schema=later)
    backup_path(old, SCHEMA.newest).unlink()
    before = old.read_bytes()
    prepare(old, timeout_ms=1000, schema=later)
    assert old.read_bytes() == before
    assert not backup_path(old, SCHEMA.newest).exists()


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("raise ZeroDivisionError", ZeroDivisionError),
        ("op.execute('INSERT INTO nowhere VALUES (1)')", DatabaseUnusable),
        ("op.execute('UPDATE technicians SET project_id = 7')", DatabaseUnusable),
    ],
    ids=["its own error", "an error of the database", "rows that refer to missing rows"],
)
def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    old: Path, tmp_path: Path, more: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        prepare(old, timeout_ms=1000, schema=next_schema(tmp_path, more))
    assert select(old, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert "motto" not in str(select(old, "SELECT sql FROM sqlite_master"))
    assert select(old, "SELECT id, project_id FROM technicians WHERE id = 'ana'") == [("ana", "shop")]
    prepare(old, timeout_ms=1000)


def test_a_file_of_a_newer_program_is_rejected_and_unchanged(old: Path, tmp_path: Path) -> None:
    prepare(old, timeout_ms=1000, schema=next_schema(tmp_path))
    before = old.read_bytes()
    with pytest.raises(DatabaseTooNew, match=f"newer slotmcp .* 9999, .* {SCHEMA.newest}") as rejected:
        prepare(old, timeout_ms=1000)
    assert str(old) in rejected.value.message
    assert isinstance(rejected.value, FixSetup)
    assert not rejected.value.retryable
    assert old.read_bytes() == before


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE claims (id); PRAGMA user_version = 3")


def text(path: Path) -> None:
    path.write_text("bookings, one a line\n" * 1000, encoding="utf-8")


def folder(path: Path) -> None:
    path.mkdir()


def file_as_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (of_another_program, "another program's"),
        (text, "not an SQLite database"),
        (folder, r"cannot be (used|opened)"),
        (file_as_folder, "File exists|Not a directory"),
        (link_to_itself, "symbolic links"),
    ],
)
def test_a_file_that_is_no_database_of_slotmcp_is_rejected_with_a_sentence(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "slots.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatabaseUnusable, match=message) as rejected:
        prepare(path, timeout_ms=1000)
    assert str(path) in rejected.value.message
    assert rejected.value.message.endswith(".")
    assert (path.read_bytes() if path.is_file() else None) == before


async def test_a_locked_file_is_rejected_with_a_sentence(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as locking:
        locking.execute("PRAGMA locking_mode = EXCLUSIVE")
        locking.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnusable, match="busy"):
            async with SqliteStore.open(old, clock=HandClock(), timeout_ms=50):
                pass


def test_an_sqlite_without_strict_tables_is_rejected(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(DatabaseUnusable, match="This Python comes with SQLite"):
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


def test_opening_an_up_to_date_file_imports_no_migration_library(old: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(old)]
    process = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    projects, modules = process.stdout.splitlines()
    assert projects == "('shop',)"
    assert "sqlite3" in modules.split()
    assert not {"sqlalchemy", "sqlmodel", "alembic", "pydantic"} & set(modules.split())


async def test_several_processes_can_open_a_new_file_at_once(path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, path, stdin=pipe, stdout=pipe, stderr=pipe)
        for _ in range(PROCESSES)
    ]
    async with asyncio.timeout(60):
        outputs = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [error.decode() for _, error in outputs] == [""] * PROCESSES
    assert [output.splitlines()[0] for output, _ in outputs] == [b"()"] * PROCESSES
    assert select(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert select(path, "PRAGMA integrity_check") == [("ok",)]
