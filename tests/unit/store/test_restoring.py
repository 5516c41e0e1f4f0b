"""Restores: all or nothing, never under a running process, and never mistaken for the replaced state."""

import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from slotmcp.domain.errors import DatabaseInUse, DatabaseTooNew, DatabaseUnusable, InvalidArgument
from slotmcp.store.backup_list import BackupKind, RecordedBackup, recorded_backups
from slotmcp.store.backups import automatic_backup_path
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.inspection import inspect_server
from slotmcp.store.prepare import prepare
from slotmcp.store.restoring import REVISION_STEP, Restored, restore_file
from slotmcp.store.schema import SCHEMA
from slotmcp.store.server_backups import back_up_server, restore_to_server
from slotmcp.store.sqlite import SqliteStore
from support.clock import NOW_MS, HandClock
from support.holding import held_open
from support.postgres_databases import Databases
from support.schedules import PROJECT, booking, open_shop
from support.sqlite_file import fingerprint, integrity, rows
from unit.store.test_backups import add, back_up
from unit.store.test_copying import everything, fill, opened
from unit.store.test_database_file import cut_to, empty, header_alone, log_alone, of_another_program, run
from unit.store.test_prepare import next_schema

SHOP = PROJECT.id


@pytest.fixture
async def saved(path: Path, tmp_path: Path) -> Path:
    """Backup of a database with one booking; the database has another one by now."""
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await open_shop(store)
        await store.write(SHOP, partial(add, at=0))
        back_up(path, tmp_path / "backup.db")
        await store.write(SHOP, partial(add, at=60))
    return tmp_path / "backup.db"


def name_of(damage: Callable[[Path], None]) -> str:
    return damage.__name__


async def restore(backup: Path, target: Path) -> Restored:
    return await restore_file(backup, target, now_ms=NOW_MS)


def bookings(path: Path) -> list[str]:
    return [name for (name,) in rows(path, "SELECT claim_id FROM bookings ORDER BY claim_id")]


async def test_a_backup_takes_the_place_of_the_database_which_is_kept(path: Path, saved: Path) -> None:
    restored = await restore(saved, path)
    assert bookings(path) == ["at 0"]
    assert restored.replaced == automatic_backup_path(path, "replaced")
    assert bookings(restored.replaced) == ["at 0", "at 60"]
    assert stat.S_IMODE(restored.replaced.stat().st_mode) == 0o600
    assert RecordedBackup(restored.replaced, BackupKind.AUTOMATIC) in recorded_backups(path)
    async with SqliteStore.open(path, clock=HandClock()) as store:
        await store.write(SHOP, partial(add, at=60))
    assert (bookings(path), integrity(path)) == (["at 0", "at 60"], "ok")


async def test_a_wrong_restore_is_undone_by_another(path: Path, saved: Path) -> None:
    replaced = (await restore(saved, path)).replaced
    assert replaced is not None
    await restore(replaced, path)
    assert (bookings(path), bookings(replaced)) == (["at 0", "at 60"], ["at 0"])


async def test_sessions_of_the_dashboard_end(path: Path, saved: Path) -> None:
    run(
        saved,
        "INSERT INTO access_keys VALUES ('k', '', 'operator', NULL, 'h', 1, NULL, NULL);"
        "INSERT INTO dashboard_sessions VALUES ('s', 'k', 1, 9000000000000, 9000000000000)",
    )
    await restore(saved, path)
    assert rows(path, "SELECT id FROM dashboard_sessions") == []
    assert rows(path, "SELECT id FROM access_keys") == [("k",)]


async def test_revisions_move_on_so_that_no_cache_shows_the_lost_period(path: Path, saved: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        lost = (await store.head(SHOP)).revision
    await restore(saved, path)
    async with SqliteStore.open(path, clock=HandClock()) as store:
        head = await store.head(SHOP)
        assert head.revision >= max(lost + REVISION_STEP, NOW_MS)
        assert (await store.schedule(SHOP)).revision == head.revision
    back_up(path, saved.with_name("second.db"))
    await restore_file(saved.with_name("second.db"), path, now_ms=0)
    async with SqliteStore.open(path, clock=HandClock()) as store:
        assert (await store.head(SHOP)).revision >= head.revision + REVISION_STEP, "also with a clock that is wrong"


async def test_a_lost_database_is_restored_into_a_new_private_file(path: Path, saved: Path) -> None:
    lost = path.parent / "new folder" / "slots.db"
    restored = await restore(saved, lost)
    assert (restored.replaced, bookings(lost)) == (None, ["at 0"])
    assert [stat.S_IMODE(file.stat().st_mode) for file in (lost, lost.parent)] == [0o600, 0o700]


@pytest.mark.parametrize(
    "damage", [empty, cut_to(50), cut_to(9000), header_alone, log_alone], ids=lambda one: one.__name__
)
async def test_a_damaged_database_is_moved_aside(path: Path, saved: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    restored = await restore(saved, path)
    assert (bookings(path), integrity(path)) == (["at 0"], "ok")
    assert restored.replaced is not None
    assert list(path.parent.glob("*.replaced.backup*")), "what was there is kept"
    async with SqliteStore.open(path, clock=HandClock()) as store:
        assert len(await store.bookings(SHOP)) == 1


async def test_a_database_in_use_is_not_replaced_and_the_process_is_named(path: Path, saved: Path) -> None:
    before = fingerprint(path)
    with held_open(path) as process:
        with pytest.raises(DatabaseInUse, match=rf"in use by process {process.pid}\. Stop every server and client"):
            await restore(saved, path)
        assert fingerprint(path) == before
    await restore(saved, path)
    assert bookings(path) == ["at 0"]


async def test_a_store_of_this_process_counts_as_use(path: Path, saved: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock()) as store:
        with pytest.raises(DatabaseInUse):
            await restore(saved, path)
        await store.write(SHOP, partial(add, at=120))
    assert bookings(path) == ["at 0", "at 120", "at 60"]


async def test_an_old_backup_is_upgraded_and_a_newer_one_rejected(path: Path, saved: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", Path(shutil.copy(saved, tmp_path / "new.db"))
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript((Path(__file__).parent / "release_0005.sql").read_text(encoding="utf-8"))
    before = fingerprint(old)
    await restore(old, path)
    assert rows(path, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert fingerprint(old) == before
    prepare(new, timeout_ms=1000, schema=next_schema(tmp_path))
    with pytest.raises(DatabaseTooNew):
        await restore(new, path)
    assert bookings(path) != ["at 0"]


async def test_a_database_of_a_newer_program_can_be_rolled_back(path: Path, saved: Path, tmp_path: Path) -> None:
    prepare(path, timeout_ms=1000, schema=next_schema(tmp_path))
    await restore(saved, path)
    assert (bookings(path), rows(path, "SELECT version_num FROM alembic_version")) == (["at 0"], [(SCHEMA.newest,)])


def delete_claims(path: Path) -> None:
    run(path, "PRAGMA foreign_keys = OFF; DELETE FROM claims")


@pytest.mark.parametrize(
    "damage", [empty, cut_to(9000), delete_claims, of_another_program], ids=lambda one: one.__name__
)
async def test_a_damaged_backup_is_rejected(path: Path, saved: Path, damage: Callable[[Path], None]) -> None:
    damage(saved)
    before = fingerprint(path)
    with pytest.raises(DatabaseUnusable):
        await restore(saved, path)
    assert fingerprint(path) == before
    assert not list(path.parent.glob(".*"))


async def test_a_file_of_another_program_and_the_database_itself_are_no_targets(path: Path, saved: Path) -> None:
    with pytest.raises(InvalidArgument, match="is the database itself"):
        await restore(path, path)
    of_another_program(path)
    with pytest.raises(DatabaseUnusable, match="another program's database"):
        await restore(saved, path)
    with pytest.raises(DatabaseUnusable, match="not a file"):
        await restore(saved, path.parent)


async def test_a_change_is_made_to_the_copy_before_it_takes_the_place(path: Path, saved: Path) -> None:
    before = fingerprint(saved)

    async def amend(staged: Path) -> None:
        assert staged.parent == path.parent
        async with SqliteStore.open(staged, clock=HandClock()) as store:
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("amended", at=600)))

    await restore_file(saved, path, now_ms=NOW_MS, amend=amend)
    assert bookings(path) == ["amended", "at 0"]
    assert fingerprint(saved) == before

    async def fail(_staged: Path) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await restore_file(saved, path, now_ms=NOW_MS, amend=fail)
    assert bookings(path) == ["amended", "at 0"]


async def test_a_server_database_is_backed_up_and_restored_completely(
    postgres_url: str, postgres: Databases, tmp_path: Path
) -> None:
    source = Address.of(postgres_url)
    async with opened(source) as store:
        await fill(store)
        expected, keys = await everything(store), await store.access_keys()
    backup = tmp_path / "backup.db"
    inspection = await back_up_server(source, backup, overwrite=False, timeout_ms=10_000, home=tmp_path / "list")
    assert (inspection.problems, stat.S_IMODE(backup.stat().st_mode)) == ((), 0o600)
    assert recorded_backups(tmp_path / "list") == (RecordedBackup(backup, BackupKind.BACKUP),)
    assert (await inspect_server(source, timeout_ms=10_000)).rows == inspection.rows
    with postgres.clone() as url:
        target = Address.of(url)
        await restore_to_server(backup, target, now_ms=NOW_MS, timeout_ms=10_000)
        async with opened(target) as store:
            restored = await everything(store)
            assert await store.access_keys() == keys, "also those for every project"
            assert (await store.head(SHOP)).revision >= NOW_MS
        assert len(restored) == len(expected)
        assert (await inspect_server(target, timeout_ms=10_000)).problems == ()
        with pytest.raises(DatabaseUnusable, match=r"has data already\. Name a new, empty database"):
            await restore_to_server(backup, target, now_ms=NOW_MS, timeout_ms=10_000)


async def test_broken_rules_are_found_on_a_server(postgres_url: str, postgres: Databases) -> None:
    address = Address.of(postgres_url)
    async with opened(address) as store:
        await open_shop(store)
        await store.write(SHOP, partial(add, at=0))
    for statement in ("UPDATE bookings SET status = 'cancelled'", "UPDATE technicians SET hours = '{'"):
        postgres.execute(statement, url=postgres_url)
    problems = (await inspect_server(address, timeout_ms=10_000)).problems
    assert problems[0] == "1 bookings contradict the state of their claim"
    assert problems[1].startswith("the schedule of shop cannot be read")
