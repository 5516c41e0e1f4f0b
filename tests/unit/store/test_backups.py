"""Backups of a database in use: complete, private, checked, and never in place of another file by accident."""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from slotmcp.domain.errors import DatabaseUnusable, InvalidArgument
from slotmcp.ports import Transaction
from slotmcp.store import backups
from slotmcp.store.backup_list import (
    MAX_ENTRIES,
    BackupKind,
    RecordedBackup,
    list_path,
    record_backup,
    recorded_backups,
)
from slotmcp.store.backups import (
    KEPT_AUTOMATIC,
    KEPT_AUTOMATIC_DAYS,
    automatic_backup_path,
    back_up_file,
    prune_automatic_backups,
)
from slotmcp.store.inspection import inspect_file
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import PROJECT, booking, hold, open_shop
from support.sqlite_file import fingerprint
from unit.store.test_database_file import run

SHOP = PROJECT.id


@pytest.fixture
async def used(path: Path) -> Path:
    """Database with a hold and a booking."""
    async with SqliteStore.open(new_file(path), clock=HandClock()) as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        await store.write(SHOP, add_hold)
    return path


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def add_hold(transaction: Transaction) -> None:
    await transaction.add_hold(hold("h", at=120))


async def add(transaction: Transaction, *, at: int) -> None:
    await transaction.add_booking(booking(f"at {at}", at=at))


def back_up(source: Path, target: Path, *, overwrite: bool = False) -> None:
    back_up_file(source, target, overwrite=overwrite, timeout_ms=5_000)


async def test_a_backup_has_everything_that_was_committed_and_is_private(used: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    async with SqliteStore.open(used, clock=HandClock()) as store:
        await store.write(SHOP, partial(add, at=240))
        previous = os.umask(0)
        try:
            await asyncio.to_thread(back_up, used, target)
        finally:
            os.umask(previous)
        await store.write(SHOP, partial(add, at=360))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    inspection = inspect_file(target)
    assert (inspection.problems, inspection.rows["bookings"], inspection.rows["claims"]) == ((), 2, 3)
    assert names_in(tmp_path) == {"backup.db", "slots.db", "slots.db.backups"}, "a single file"
    assert recorded_backups(used) == (RecordedBackup(target, BackupKind.BACKUP),)
    assert stat.S_IMODE(list_path(used).stat().st_mode) == 0o600


async def test_writers_do_not_wait_for_a_backup(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(used, "CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(20000000)); DROP TABLE filler")
    began, may_end = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    copy_pages = backups.copy_pages

    def copy_slowly(connection: sqlite3.Connection, target: Path) -> None:
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(30)
        copy_pages(connection, target)

    monkeypatch.setattr(backups, "copy_pages", copy_slowly)
    async with SqliteStore.open(used, clock=HandClock(), timeout_ms=500) as store:
        running = asyncio.create_task(asyncio.to_thread(back_up, used, tmp_path / "backup.db"))
        await began.wait()
        for number in range(20):
            await store.write(SHOP, partial(add, at=300 + 60 * number))
        may_end.set()
        await running
    assert inspect_file(tmp_path / "backup.db").rows["bookings"] == 1, "the state in which the backup began"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_the_database_itself_is_never_a_target(used: Path, suffix: str) -> None:
    before = fingerprint(used)
    link = used.with_name("link.db")
    link.symlink_to(used)
    for source in (used, link):
        with pytest.raises(InvalidArgument, match="is the database itself"):
            back_up(source, used.with_name(used.name + suffix), overwrite=True)
    assert fingerprint(used) == before


def test_an_existing_file_is_only_replaced_on_request(used: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    target.write_bytes(b"precious")
    with pytest.raises(InvalidArgument, match=r"exists already. Choose another name, or pass --overwrite"):
        back_up(used, target)
    assert target.read_bytes() == b"precious"
    back_up(used, target, overwrite=True)
    assert inspect_file(target).problems == ()


def test_a_backup_needs_an_existing_folder(used: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"There is no folder .*missing\. Create it first"):
        back_up(used, tmp_path / "missing" / "backup.db")


def test_new_files_of_root_belong_to_the_owner_of_their_folder(used: Path) -> None:
    """A server with a user of its own can then record its automatic backups, and use a restored database."""
    if os.geteuid() == 0:
        os.chown(used.parent, 65534, 65534)
    target = used.with_name("backup.db")
    back_up(used, target)
    owner = used.parent.stat().st_uid
    assert [path.stat().st_uid for path in (target, list_path(used))] == [owner, owner]


def test_the_list_of_backups_follows_a_link_without_giving_its_target_away(used: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    owner = victim.stat().st_uid
    if os.geteuid() == 0:
        os.chown(used.parent, 65534, 65534)
    list_path(used).symlink_to(victim)
    record_backup(used, tmp_path / "backup.db", kind=BackupKind.BACKUP)
    assert victim.stat().st_uid == owner


def test_a_link_is_replaced_and_not_followed(used: Path, tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link.db"
    victim.write_bytes(b"precious")
    link.symlink_to(victim)
    with pytest.raises(InvalidArgument, match="exists already"):
        back_up(used, link)
    back_up(used, link, overwrite=True)
    assert victim.read_bytes() == b"precious"
    assert not link.is_symlink()


@pytest.mark.parametrize("target", [".", "missing/backup.db", "/proc/backup.db", "x" * 300])
def test_a_target_that_cannot_be_written_is_reported(used: Path, tmp_path: Path, target: str) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises((InvalidArgument, DatabaseUnusable)):
        back_up(used, tmp_path / target)
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_database_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="nothing to back up"):
        back_up(tmp_path / "missing.db", tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


def overlap(path: Path) -> None:
    run(
        path,
        "DROP TRIGGER claims_never_overlap_on_update;"
        "UPDATE claims SET technician_number = 1, start_minute = 5, end_minute = 9",
    )


def name_of(damage: Callable[[Path], None]) -> str:
    return damage.__name__


def contradict(path: Path) -> None:
    run(path, "UPDATE bookings SET status = 'cancelled'")


def lose_booking(path: Path) -> None:
    run(path, "DELETE FROM booking_contacts; DELETE FROM bookings")


def orphan(path: Path) -> None:
    run(path, "PRAGMA foreign_keys = OFF; DELETE FROM claims WHERE state = 'booked'")


def break_hours(path: Path) -> None:
    run(path, "UPDATE technicians SET hours = '{\"shifts\":'")


def overwrite_page(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'bookings'").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x55" * 4096)


DAMAGES: dict[Callable[[Path], None], str] = {
    overlap: "1 live claims overlap for one technician",
    contradict: "1 bookings contradict the state of their claim",
    lose_booking: "1 booked claims have no booking",
    orphan: "a row of bookings refers to a missing row",
    break_hours: "the schedule of shop cannot be read",
    overwrite_page: "",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=name_of)
def test_damage_is_found_and_never_becomes_a_backup(used: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(used)
    found = inspect_file(used)
    assert DAMAGES[damage] in "; ".join(found.problems)
    assert found.problems
    assert "Kim" not in str(found.problems)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        back_up(used, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()
    assert list(tmp_path.glob(".*")) == [], "no unfinished copy remains"


def test_the_contents_of_contacts_do_not_matter_to_an_inspection(used: Path) -> None:
    run(used, "UPDATE bookings SET customer_name = char(2), customer_phone = char(2), notes = char(2)")
    assert inspect_file(used).problems == ()


def test_automatic_backups_are_few_and_not_old(used: Path) -> None:
    now = time.time()
    for number in range(1, 6):
        backup = automatic_backup_path(used, f"000{number}")
        backup.touch()
        os.utime(backup, (now - number, now - number))
    old = automatic_backup_path(used, "replaced")
    old.touch()
    os.utime(old, (0, now - KEPT_AUTOMATIC_DAYS * 86_400 - 60))
    own = used.with_name(f"{used.name}.monday.backup")
    own.touch()
    prune_automatic_backups(used)
    kept = {f"{used.name}.000{number}.backup" for number in range(1, KEPT_AUTOMATIC + 1)}
    assert {file.name for file in used.parent.glob("*.backup")} == {*kept, own.name}, "other names are the operator's"
    for file in used.parent.glob(f"{used.name}.000*.backup"):
        os.utime(file, (0, now - KEPT_AUTOMATIC_DAYS * 86_400 - 60))
    prune_automatic_backups(used)
    assert [file.name for file in used.parent.glob("*.backup")] == [own.name]


def test_the_list_of_backups_is_bounded_and_survives_a_cut_line(used: Path) -> None:
    for number in range(2 * MAX_ENTRIES + 1):
        record_backup(used, Path(f"/backups/{number}.db"), kind=BackupKind.BACKUP)
    list_path(used).write_bytes(list_path(used).read_bytes() + b'{"path": "/backups/cut')
    recorded = recorded_backups(used)
    assert len(recorded) == MAX_ENTRIES
    assert recorded[-1].path == Path(f"/backups/{2 * MAX_ENTRIES}.db")
    assert stat.S_IMODE(list_path(used).stat().st_mode) == 0o600
