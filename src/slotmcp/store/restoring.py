"""Restoring a backup: a private copy beside the database is upgraded and changed, and then takes its place.

Until the last step, which is one transaction, the database stays as it was. A process that is killed changes nothing.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable, InvalidArgument
from slotmcp.store.backup_list import BackupKind, record_backup
from slotmcp.store.backups import REPLACED, STEP_PAGES, automatic_backup_path, copy_pages, keep_replaced
from slotmcp.store.connection import SECURE_DELETE, SINGLE_FILE, connect
from slotmcp.store.database_file import in_use, opened_alone, translate_faults
from slotmcp.store.inspection import Inspection, inspect_connection, inspect_file, open_unchanged
from slotmcp.store.prepare import migrate
from slotmcp.store.private_files import (
    PRIVATE,
    PRIVATE_FOLDER,
    SIDE_FILES,
    beside,
    processes_using,
    publish,
    unfinished_file,
)
from slotmcp.store.schema import APPLICATION_ID, SCHEMA

REVISION_STEP: Final = 1_000_000
"""Minimum step of the revisions, so that no cache takes the restored state for one of the lost period."""

END_SESSIONS: Final = "DELETE FROM dashboard_sessions"
"""Ends the sessions of the dashboard that have ended since the backup."""

ADVANCE_REVISIONS: Final = "UPDATE projects SET revision = max(revision + :step, :now_ms)"

Amend = Callable[[Path], Awaitable[None]]
"""Changes the copy before it takes the place of the database, such as by erasing forgotten customers again."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Result of a restore."""

    inspection: Inspection
    """Inspection of the restored database."""
    replaced: Path | None
    """Copy of the replaced database; None if there was none."""


async def restore_file(backup: Path, target: Path, *, now_ms: int, amend: Amend | None = None) -> Restored:
    """Replace an SQLite file by a backup, and keep the replaced one beside it.

    Raises:
        InvalidArgument: the backup is the database itself.
        DatabaseInUse: other processes have the database open.
        DatabaseTooNew, DatabaseUnusable: the backup or the folder cannot be used, or the file is another program's.
    """
    with translate_faults(target):
        _check_target(backup, target)
        target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with unfinished_file(target) as staged:
            expected = await stage(backup, staged, now_ms=now_ms, amend=amend)
            replaced = await asyncio.to_thread(_put_in_place, staged, target, expected)
    return Restored(replace(expected, place=str(target)), replaced)


async def stage(backup: Path, staged: Path, *, now_ms: int, amend: Amend | None) -> Inspection:
    """Make the copy that takes the place of the database: checked, upgraded, amended and checked again.

    Raises:
        DatabaseTooNew, DatabaseUnusable: the backup cannot be used.
    """
    await asyncio.to_thread(_copy_and_upgrade, backup, staged)
    if amend is not None:
        await amend(staged)
    await asyncio.to_thread(_start_anew, staged, now_ms)
    inspection = await asyncio.to_thread(inspect_file, staged)
    inspection.require_intact()
    return inspection


def _copy_and_upgrade(backup: Path, staged: Path) -> None:
    inspect_file(backup).require_intact()
    with translate_faults(backup), closing(open_unchanged(backup, timeout_ms=0)) as source:
        copy_pages(source, staged)
    with closing(connect(staged, wait_ms=0)) as connection:
        migrate(connection, SCHEMA)


def _start_anew(staged: Path, now_ms: int) -> None:
    with closing(connect(staged, wait_ms=0)) as connection:
        connection.execute(END_SESSIONS)
        connection.execute(ADVANCE_REVISIONS, {"step": REVISION_STEP, "now_ms": now_ms})
        connection.execute(SINGLE_FILE)


def _check_target(backup: Path, target: Path) -> None:
    """Reject a target that is no file, is in use, or belongs to another program, before anything is copied."""
    if backup.resolve() == target.resolve():
        raise InvalidArgument("FILE", f"{backup} is the database itself. Name a backup.")
    if not os.path.lexists(target):
        return
    if not target.is_file():
        raise DatabaseUnusable(f"The database {target} cannot be replaced: it is not a file.")
    if processes_using(target):
        raise in_use(target)
    with _opened_or_none(target) as connection:
        if connection is not None and _is_foreign(connection):
            raise DatabaseUnusable(f"{target} is another program's database. Choose another file for slotmcp.")


def _put_in_place(staged: Path, target: Path, expected: Inspection) -> Path | None:
    """Replace the database, and return the path of the copy of the replaced one."""
    if os.path.lexists(target):
        with _opened_or_none(target) as connection:
            if connection is not None:
                return _replace_content(staged, connection, target, expected)
    replaced = _move_aside(target)
    publish(staged, target, overwrite=False)
    return replaced


def _replace_content(staged: Path, connection: sqlite3.Connection, target: Path, expected: Inspection) -> Path:
    """Replace all pages in one transaction, while no other process can open the file."""
    replaced = keep_replaced(connection, target)
    connection.execute(SECURE_DELETE)
    with closing(open_unchanged(staged, timeout_ms=0)) as source:
        source.backup(connection, pages=STEP_PAGES)
    found = inspect_connection(connection, target)
    found.require_intact()
    if found.rows != expected.rows:
        raise DatabaseUnusable(f"The restored database differs from the backup. The replaced one is {replaced}.")
    return replaced


def _move_aside(target: Path) -> Path | None:
    """Rename a damaged database, and what belongs to it, since a log that is left would damage the new one."""
    replaced = automatic_backup_path(target, REPLACED)
    files = [(beside(target, suffix), beside(replaced, suffix)) for suffix in ("", *SIDE_FILES)]
    present = [(file, aside) for file, aside in files if file.exists()]
    if present:
        record_backup(target, replaced, kind=BackupKind.AUTOMATIC)
    for file, aside in reversed(present):
        file.chmod(PRIVATE)
        file.replace(aside)
    return replaced if present else None


@contextmanager
def _opened_or_none(target: Path) -> Iterator[sqlite3.Connection | None]:
    """Open a file that no other process may open meanwhile; yield None if it is damaged or has no tables.

    Raises:
        DatabaseInUse: another process has it open.
    """
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(opened_alone(target))
            is_usable = _has_tables(connection)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            is_usable = False
        yield connection if is_usable else None


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _is_foreign(connection: sqlite3.Connection) -> bool:
    ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
    return bool(application_id != APPLICATION_ID)
