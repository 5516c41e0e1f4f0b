"""Backups of SQLite files: complete, checked, private, and listed beside the database."""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable, InvalidArgument
from slotmcp.store.backup_list import BackupKind, record_backup
from slotmcp.store.connection import SINGLE_FILE, connect_reader
from slotmcp.store.database_file import is_present, translate_faults
from slotmcp.store.inspection import Inspection, count_rows, inspect_file
from slotmcp.store.private_files import SIDE_FILES, beside, publish, unfinished_file

STEP_PAGES: Final = 1_000
"""Pages that are copied at a time. Between two steps, a command can be interrupted."""

KEPT_AUTOMATIC: Final = 3
"""Number of automatic backups of one database that are kept."""
KEPT_AUTOMATIC_DAYS: Final = 30
"""Age after which an automatic backup is deleted."""

REPLACED: Final = "replaced"
"""Label of the copy of a database that a restore replaced."""

SECONDS_PER_DAY: Final = 86_400

Record = Callable[[Path], None]
"""Adds a backup to the list of a database's backups."""


def back_up_file(source: Path, target: Path, *, overwrite: bool, timeout_ms: int) -> Inspection:
    """Copy the committed state of a database in use to a new private file, and check the copy.

    Writers are not blocked. The target appears only when it is complete and checked.

    Raises:
        InvalidArgument: the target exists (without `overwrite`), or belongs to the source.
        DatabaseUnusable: one of the files cannot be used, or the source is damaged.
    """
    check_target(source, target, overwrite=overwrite)
    with translate_faults(source):
        if not is_present(source):
            raise DatabaseUnusable(f"There is no database {source}, so there is nothing to back up.")
        with closing(connect_reader(source, timeout_ms=timeout_ms)) as connection:
            connection.execute("BEGIN")
            rows = count_rows(connection)  # this begins the snapshot, which the copy and the comparison share
            return write_copy(
                connection, target, rows, partial(record_backup, source, kind=BackupKind.BACKUP), overwrite=overwrite
            )


def check_target(source: Path, target: Path, *, overwrite: bool) -> None:
    """Check that a file may be written as a backup.

    Raises:
        InvalidArgument, DatabaseUnusable.
    """
    with translate_faults(target):
        own = {beside(source.resolve(), suffix) for suffix in ("", *SIDE_FILES)}
        if target.resolve() in own:
            raise InvalidArgument("FILE", f"{target} is the database itself. Choose another file.")
        if target.is_dir():
            raise InvalidArgument("FILE", f"{target} is a folder. Name a file in it.")
        if not target.absolute().parent.is_dir():
            raise InvalidArgument("FILE", f"There is no folder {target.parent}. Create it first.")
        if os.path.lexists(target) and not overwrite:
            raise InvalidArgument("FILE", f"{target} exists already. Choose another name, or pass --overwrite.")


def write_copy(
    connection: sqlite3.Connection, target: Path, rows: Mapping[str, int], record: Record, *, overwrite: bool
) -> Inspection:
    """Copy the state that a connection sees to a private file, check it, and publish it.

    Raises:
        InvalidArgument: the target exists (without `overwrite`).
        DatabaseUnusable: the target cannot be written, or the copy is damaged.
    """
    with translate_faults(target), unfinished_file(target) as unfinished:
        copy_pages(connection, unfinished)
        return finish(unfinished, target, rows, record, overwrite=overwrite)


def finish(unfinished: Path, target: Path, rows: Mapping[str, int], record: Record, *, overwrite: bool) -> Inspection:
    """Check a complete backup against the numbers of rows of its source, record it, and publish it.

    Raises:
        InvalidArgument: the target exists (without `overwrite`).
        DatabaseUnusable: the backup is damaged.
        OSError: the target or the list of backups cannot be written.
    """
    inspection = inspect_file(unfinished)
    inspection.require_intact()
    if {name: inspection.rows.get(name) for name in rows} != rows:
        raise DatabaseUnusable(f"The backup differs from the database, so {target} was not written.")
    record(target)
    try:
        publish(unfinished, target, overwrite=overwrite)
    except FileExistsError:
        raise InvalidArgument("FILE", f"{target} exists already. Choose another name.") from None
    return replace(inspection, place=str(target))


def copy_pages(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the state that a connection sees to a file, as a single file without a write-ahead log."""
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        connection.backup(copy, pages=STEP_PAGES)
        copy.execute(SINGLE_FILE)


def automatic_backup_path(path: Path, label: str) -> Path:
    """Return the path of an automatic backup. `label` is the version of its schema, or `REPLACED`."""
    return path.with_name(f"{path.name}.{label}.backup")


def back_up_automatically(connection: sqlite3.Connection, path: Path, version: str) -> None:
    """Keep a checked copy of an old file beside it, and delete those that are too old or too many.

    Raises:
        DatabaseUnusable: the copy cannot be written, or the file is damaged.
    """
    target = automatic_backup_path(path, version)
    record = partial(record_backup, path, kind=BackupKind.AUTOMATIC)
    write_copy(connection, target, count_rows(connection), record, overwrite=True)
    prune_automatic_backups(path, keep=target)


def keep_replaced(connection: sqlite3.Connection, path: Path) -> Path:
    """Keep a copy of a file that is about to be replaced beside it, even of a damaged one, and return its path.

    Raises:
        OSError, sqlite3.Error: the copy cannot be written.
    """
    target = automatic_backup_path(path, REPLACED)
    record_backup(path, target, kind=BackupKind.AUTOMATIC)
    with unfinished_file(target) as unfinished:
        copy_pages(connection, unfinished)
        publish(unfinished, target, overwrite=True)
    prune_automatic_backups(path, keep=target)
    return target


def prune_automatic_backups(path: Path, *, keep: Path | None = None) -> None:
    """Delete the automatic backups of a database that are too old or too many, except `keep`."""
    named = re.compile(rf"{re.escape(path.name)}\.(\d{{4}}|{REPLACED})\.backup")
    backups = [backup for backup in path.parent.iterdir() if named.fullmatch(backup.name) and backup != keep]
    backups.sort(key=_modified, reverse=True)
    oldest = time.time() - KEPT_AUTOMATIC_DAYS * SECONDS_PER_DAY  # noqa: TID251  files have the system's times
    for number, backup in enumerate(backups, 1 if keep is None else 2):
        if number > KEPT_AUTOMATIC or _modified(backup) < oldest:
            backup.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
