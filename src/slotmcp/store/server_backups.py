"""Backups of PostgreSQL databases as SQLite files, and restores from them."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from slotmcp.store.backup_list import BackupKind, record_backup
from slotmcp.store.backups import check_target, finish
from slotmcp.store.connection import SINGLE_FILE, connect
from slotmcp.store.copying import CopyReport, copy_everything
from slotmcp.store.database_file import translate_faults
from slotmcp.store.inspection import Inspection
from slotmcp.store.postgres.address import Address
from slotmcp.store.prepare import migrate
from slotmcp.store.private_files import PRIVATE, PRIVATE_FOLDER, unfinished_file
from slotmcp.store.restoring import Amend, stage
from slotmcp.store.schema import SCHEMA


async def back_up_server(source: Address, target: Path, *, overwrite: bool, timeout_ms: int, home: Path) -> Inspection:
    """Copy everything in a PostgreSQL database to a new private SQLite file, and check the copy.

    The list of the backups is beside `home`.

    Raises:
        InvalidArgument: the target exists (without `overwrite`).
        DatabaseTooNew, DatabaseTooOld, DatabaseUnusable, Unavailable: the database or the file cannot be used.
    """
    check_target(home, target, overwrite=overwrite)
    with translate_faults(target), unfinished_file(target) as unfinished:
        await asyncio.to_thread(_create_tables, unfinished)
        report = await copy_everything(source, unfinished, timeout_ms=timeout_ms)
        return await asyncio.to_thread(_finish, report, unfinished, target, home, overwrite=overwrite)


async def restore_to_server(
    backup: Path, target: Address, *, now_ms: int, timeout_ms: int, amend: Amend | None = None
) -> CopyReport:
    """Fill an empty PostgreSQL database from a backup.

    Raises:
        DatabaseTooNew, DatabaseUnusable, Unavailable: the backup or the database cannot be used.
    """
    with TemporaryDirectory(prefix="slotmcp-") as folder:
        staged = Path(folder) / "staged.db"
        staged.touch(mode=PRIVATE)
        await stage(backup, staged, now_ms=now_ms, amend=amend)
        return await copy_everything(staged, target, timeout_ms=timeout_ms)


def _create_tables(path: Path) -> None:
    with closing(connect(path, wait_ms=0)) as connection:
        migrate(connection, SCHEMA)


def _finish(report: CopyReport, unfinished: Path, target: Path, home: Path, *, overwrite: bool) -> Inspection:
    home.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.execute(SINGLE_FILE)
    rows = {table.name: table.rows for table in report.tables}
    record = partial(record_backup, home, kind=BackupKind.BACKUP)
    return finish(unfinished, target, rows, record, overwrite=overwrite)
