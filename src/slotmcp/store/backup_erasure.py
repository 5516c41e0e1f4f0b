"""Implementation of the port DatabaseCopies: the recorded backups of a database."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from slotmcp.domain.erasure import CleanupReport, Erasure
from slotmcp.domain.errors import FixSetup
from slotmcp.store.backup_list import BackupKind, RecordedBackup, recorded_backups
from slotmcp.store.backups import copy_pages
from slotmcp.store.connection import connect
from slotmcp.store.database_file import translate_faults
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.file_erasure import erase_in_file
from slotmcp.store.inspection import inspect_file, open_unchanged
from slotmcp.store.prepare import migrate
from slotmcp.store.private_files import publish, unfinished_file
from slotmcp.store.schema import SCHEMA


class BackupErasure:
    """Eraser of customers from backups. A backup is replaced by a copy without them, or stays as it was."""

    def __init__(self, home: Path, cipher: FieldCipher | None) -> None:
        """Erase from the backups in the list beside `home`."""
        self._home = home
        self._cipher = cipher

    async def erase(self, erasures: Sequence[Erasure]) -> CleanupReport:
        """Erase customers from every backup that is at its place."""
        return await asyncio.to_thread(self._erase, erasures)

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


def _missing(backups: Sequence[RecordedBackup], present: Sequence[RecordedBackup]) -> Iterator[str]:
    moved = [backup for backup in backups if backup not in present and backup.kind is BackupKind.BACKUP]
    if moved:
        yield f"{len(moved)} recorded backups that were moved or deleted, if they exist elsewhere"
