"""Erasure in SQLite files that no server uses: backups, and a database that is being restored."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from slotmcp.domain.erasure import CleanupReport, Erasure, missing_erasures
from slotmcp.domain.errors import FixSetup
from slotmcp.store.backup_list import BackupKind, RecordedBackup, recorded_backups
from slotmcp.store.backups import copy_pages
from slotmcp.store.cleanup import VACUUM
from slotmcp.store.connection import SECURE_DELETE, connect, make_fetch
from slotmcp.store.database_file import translate_faults
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.erasures import ADD_ERASURE, ALL_ERASURES, erase_customer
from slotmcp.store.inspection import inspect_file, open_unchanged
from slotmcp.store.prepare import migrate
from slotmcp.store.private_files import publish, unfinished_file
from slotmcp.store.schedules import Snapshot
from slotmcp.store.schema import SCHEMA
from slotmcp.store.statement import drive


def erase_in_file(path: Path, erasures: Sequence[Erasure], *, cipher: FieldCipher | None) -> int:
    """Apply the erasures that a file of the newest schema does not have yet; return the number of changed rows.

    The file is written again, so that no unused part of it holds an erased customer. No other process may use it.

    Raises:
        sqlite3.DatabaseError: the file cannot be read or written.
        DatabaseUnusable: a value is encrypted, and the cipher does not decrypt it.
    """
    with closing(connect(path, wait_ms=0)) as connection:
        connection.execute(SECURE_DELETE)
        missing = missing_erasures(erasures, _read_erasures(connection))
        known = {project_id for (project_id,) in connection.execute("SELECT id FROM projects")}
        applicable = [erasure for erasure in missing if erasure.project_id in known]
        connection.execute("BEGIN IMMEDIATE")
        changed = sum([_erase(connection, erasure, cipher) for erasure in applicable])
        connection.execute("COMMIT")
        if changed:
            connection.execute(VACUUM)
    return changed


def read_erasures_of_file(path: Path) -> tuple[Erasure, ...]:
    """Return the erasures of all projects that a file has logged; none if it is missing, damaged or older."""
    with suppress(sqlite3.DatabaseError), closing(open_unchanged(path, timeout_ms=0)) as connection:
        return _read_erasures(connection)
    return ()


class BackupErasure:
    """Implementation of the port DatabaseCopies: the recorded backups of a database.

    A backup is replaced by a copy without the customers, or stays as it was.
    """

    def __init__(self, home: Path, cipher: FieldCipher | None) -> None:
        """Erase from the backups in the list beside `home`."""
        self._home = home
        self._cipher = cipher

    async def erase(self, erasures: Sequence[Erasure]) -> CleanupReport:
        """Erase customers from every backup that is at its place."""
        return await asyncio.to_thread(self._erase, erasures)

    async def erase_from(self, backup: Path, erasures: Sequence[Erasure]) -> CleanupReport:
        """Erase customers from one backup that `slotmcp backup` wrote."""
        return await asyncio.to_thread(self._erase_from, RecordedBackup(backup, BackupKind.BACKUP), erasures)

    def _erase(self, erasures: Sequence[Erasure]) -> CleanupReport:
        backups = recorded_backups(self._home)
        present = [backup for backup in backups if backup.path.is_file()]
        reports = [self._erase_from(backup, erasures) for backup in present]
        return CleanupReport.merged([*reports, CleanupReport(remaining=tuple(_missing(backups, present)))])

    def _erase_from(self, backup: RecordedBackup, erasures: Sequence[Erasure]) -> CleanupReport:
        try:
            place = self._clean(backup, erasures)
        except FixSetup as error:
            return CleanupReport(remaining=(f"backup {backup.path}: {error.message}",))
        return CleanupReport(cleaned=(place,) if place else ())

    def _clean(self, backup: RecordedBackup, erasures: Sequence[Erasure]) -> str:
        """Erase customers from a backup; return a description of the change, or "" if it has none of them.

        A copy of an older schema has to be upgraded first. An automatic backup of an older schema is deleted instead,
        because it is only meant for the older program.

        Raises:
            FixSetup: the backup cannot be read or replaced.
        """
        path = backup.path
        version = inspect_file(path).schema_version
        with translate_faults(path), unfinished_file(path) as unfinished:
            with closing(open_unchanged(path, timeout_ms=0)) as source:
                copy_pages(source, unfinished)
            if version != SCHEMA.newest:
                with closing(connect(unfinished, wait_ms=0)) as connection:
                    migrate(connection, SCHEMA)
            if not erase_in_file(unfinished, erasures, cipher=self._cipher):
                return ""
            if backup.kind is BackupKind.AUTOMATIC and version != SCHEMA.newest:
                path.unlink()
                return f"backup {path} of schema {version}, which was deleted"
            publish(unfinished, path, overwrite=True)
        return f"backup {path}"


def _read_erasures(connection: sqlite3.Connection) -> tuple[Erasure, ...]:
    rows = drive(make_fetch(connection)(ALL_ERASURES))
    return tuple(Erasure(project_id=project_id, key=key, at_ms=at_ms) for project_id, key, at_ms in rows)


def _erase(connection: sqlite3.Connection, erasure: Erasure, cipher: FieldCipher | None) -> int:
    """Apply an erasure and log it; return the number of changed rows, without that of the log."""
    fetch, before = make_fetch(connection, cipher), connection.total_changes
    snapshot = Snapshot(fetch=fetch, project_id=erasure.project_id, now_ms=erasure.at_ms)
    drive(erase_customer(snapshot, erasure.key))
    changed = connection.total_changes - before
    drive(fetch(ADD_ERASURE, project_id=erasure.project_id, key=erasure.key, at_ms=erasure.at_ms))
    return changed


def _missing(backups: Sequence[RecordedBackup], present: Sequence[RecordedBackup]) -> Iterator[str]:
    moved = [backup for backup in backups if backup not in present and backup.kind is BackupKind.BACKUP]
    if moved:
        yield f"{len(moved)} recorded backups that were moved or deleted, if they exist elsewhere"
