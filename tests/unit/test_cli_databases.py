"""`slotmcp backup`, `restore`, `verify` and `upgrade`, and the commands that never change a database's schema."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from slotmcp.store.inspection import inspect_file
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare
from slotmcp.store.schema import SCHEMA, SchemaVersions
from support.command_line import Run
from support.holding import held_open
from support.postgres_databases import Databases
from support.sqlite_file import fingerprint, rows

OLD = (Path(__file__).parent / "store" / "release_0005.sql").read_text(encoding="utf-8")
RELEASE = SchemaVersions(versions=("0001", "0002", "0003", "0004", "0005"), migrations=SCHEMA.migrations)
READERS = (
    ("doctor",),
    ("keys", "list"),
    ("keys", "revoke", "slk_x"),
    ("keys", "create"),
    ("report",),
    ("slots",),
    ("export",),
    ("trace", "t"),
    ("booking", "b"),
    ("forget", "+1 303 555 0142"),
    ("calcom", "inbox"),
)
CONTENTS = f"schema {SCHEMA.newest}, 1 project, 42 bookings, "
"""Summary of a database with the sample project."""


@pytest.fixture
def database(home: Path) -> Path:
    """Path of the default database."""
    path = home / "data" / "slotmcp" / "slotmcp.db"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def old(database: Path) -> Path:
    """Database of the last release, in WAL mode as a server leaves it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(OLD)
    return database


def version_of(path: Path) -> object:
    return rows(path, "SELECT version_num FROM alembic_version")[0][0]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_command_that_serves_no_client_leaves_an_old_file(slotmcp: Run, old: Path, command: tuple[str]) -> None:
    before = fingerprint(old)
    ended = slotmcp(*command)
    assert ended.code == Exit.UNAVAILABLE
    output = " ".join((ended.out + ended.err).split())
    assert f"older slotmcp (its schema is 0005, this program needs {SCHEMA.newest})" in output
    assert "run `slotmcp upgrade`" in output
    assert fingerprint(old) == before
    assert not list(old.parent.glob("*.backup"))


def test_an_upgrade_keeps_a_verified_backup(slotmcp: Run, old: Path) -> None:
    upgraded = slotmcp("upgrade")
    assert (upgraded.code, upgraded.err) == (Exit.OK, "")
    assert upgraded.out.startswith(f"Schema {SCHEMA.newest}: {old}")
    backup = old.with_name("slotmcp.db.0005.backup")
    inspection = inspect_file(backup)
    assert (inspection.schema_version, inspection.problems) == ("0005", ())
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert slotmcp("doctor").code == Exit.OK
    backup.unlink()
    assert slotmcp("upgrade").code == Exit.OK
    assert not backup.exists(), "there was nothing to upgrade"


@pytest.mark.parametrize("command", ["upgrade", "import", "http", "stdio"])
def test_an_old_file_in_use_is_not_upgraded_and_the_process_is_named(
    slotmcp: Run, old: Path, sample: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_TIMEOUT_SECONDS", "0.1")
    project = old.with_name("project.yaml")  # without bookings, which can overlap those of the old file
    project.write_text(sample.read_text("utf-8").partition("\nbookings:")[0], "utf-8")
    words = {"import": (str(project),), "http": ("--port", "0")}.get(command, ())
    before = fingerprint(old)
    with held_open(old) as server:
        ended = slotmcp(command, *words)
        assert ended.code == Exit.UNAVAILABLE
        assert f"is in use by process {server.pid}. Stop every server and client that uses it first." in ended.err
        assert f"Then it is upgraded to schema {SCHEMA.newest}." in ended.err
        assert fingerprint(old) == before
        assert not list(old.parent.glob("*.backup"))
        server.kill()
        server.wait()
    if command in {"upgrade", "import"}:
        assert slotmcp(command, *words).code == Exit.OK
        assert version_of(old) == SCHEMA.newest


def test_a_damaged_old_file_is_not_upgraded(slotmcp: Run, old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DELETE FROM technicians")
        connection.commit()
    ended = slotmcp("upgrade")
    assert ended.code == Exit.UNAVAILABLE
    assert "is damaged: a row of" in ended.err
    assert version_of(old) == "0005"


def test_a_backup_is_restored_on_the_command_line(slotmcp: Run, imported: Path, home: Path) -> None:
    assert imported.exists()
    assert slotmcp("backup", "saved.db").out.startswith(f"Backed up and verified saved.db: {CONTENTS}")
    again = slotmcp("backup", "saved.db")
    assert (again.code, again.err) == (
        Exit.REFUSED,
        "FILE: saved.db exists already. Choose another name, or pass --overwrite.\n",
    )
    assert slotmcp("backup", "saved.db", "--overwrite").code == Exit.OK
    assert slotmcp("verify", "saved.db").out.startswith("Intact: saved.db: schema ")
    database = home / "data" / "slotmcp" / "slotmcp.db"
    exported = slotmcp("export").out
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("UPDATE bookings SET customer_name = 'Wrong'")
    restored = slotmcp("restore", "saved.db")
    assert (restored.code, restored.err) == (Exit.OK, "")
    summary, kept = restored.out.splitlines()
    assert summary.startswith(f"Restored and verified {database}: {CONTENTS}")
    assert kept == f"The replaced database is kept as {database}.replaced.backup. Delete it once it is not needed."
    assert slotmcp("export").out == exported
    assert slotmcp("verify").out.startswith(f"Intact: {database}: ")


def test_damage_is_reported_with_an_exit_code(slotmcp: Run, imported: Path, home: Path) -> None:
    database = home / "data" / "slotmcp" / "slotmcp.db"
    assert imported.exists()
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("PRAGMA foreign_keys = OFF; UPDATE bookings SET status = 'cancelled' WHERE rowid = 1")
    verified = slotmcp("verify")
    assert (verified.code, verified.out) == (Exit.UNAVAILABLE, "")
    assert verified.err.splitlines() == [
        f"{database} is damaged:",
        "  1 bookings contradict the state of their claim",
    ]


@pytest.mark.parametrize("command", [("doctor",), ("slots",), ("stdio",), ("keys", "create"), ("backup", "x")])
def test_an_empty_file_is_refused_by_every_command(slotmcp: Run, database: Path, command: tuple[str]) -> None:
    database.touch()
    ended = slotmcp(*command)
    assert ended.code == Exit.UNAVAILABLE
    assert "the file is empty where a database was expected" in " ".join((ended.out + ended.err).split())
    assert database.stat().st_size == 0


def test_a_server_database_is_upgraded_only_by_upgrade_and_http(
    slotmcp: Run, sample: Path, postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create()
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", url)
    empty = slotmcp("doctor")
    assert (empty.code, "it is empty; `slotmcp import FILE` fills it" in empty.out) == (Exit.UNAVAILABLE, True)
    asyncio.run(prepare(Address.of(url), timeout_ms=10_000, schema=RELEASE))
    for words in (("doctor",), ("forget", "x"), ("stdio",), ("import", str(sample)), ("verify",), ("backup", "x.db")):
        ended = slotmcp(*words)
        output = " ".join((ended.out + ended.err).split())
        assert (ended.code, "its schema is 0005" in output, "run `slotmcp upgrade`" in output) == (4, True, True), words
    assert postgres.execute("SELECT version_num FROM alembic_version", url=url) == [("0005",)]
    assert slotmcp("upgrade").code == Exit.OK
    assert slotmcp("import", str(sample)).code == Exit.OK
    assert slotmcp("backup", "x.db").out.startswith("Backed up and verified x.db: schema ")
    refused = slotmcp("restore", "x.db")
    assert (refused.code, "has data already" in refused.err) == (Exit.UNAVAILABLE, True)
    another = postgres.create()
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", another)
    restored = slotmcp("restore", "x.db")
    assert restored.out.startswith(f"Restored and verified {Address.of(another).shown}: {CONTENTS}")
    postgres.drop(another)
    postgres.drop(url)
