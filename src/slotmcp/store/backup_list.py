"""List of the backups that this program wrote of one database, in a private file beside it: one JSON object per line.

It names files only, so that an erased customer can be removed from them.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import orjson

from slotmcp.store.private_files import append, beside

MAX_ENTRIES: Final = 1_000
"""Number of the newest entries that are kept."""


class BackupKind(StrEnum):
    """Reason of a backup."""

    BACKUP = "backup"
    """Written by `slotmcp backup`."""
    AUTOMATIC = "automatic"
    """Written before an upgrade or a restore. It is deleted when it is old."""


@dataclass(frozen=True, slots=True)
class RecordedBackup:
    """Backup that this program wrote."""

    path: Path
    kind: BackupKind


def list_path(database: Path) -> Path:
    """Return the path of the list of a database's backups."""
    return beside(database, ".backups")


def recorded_backups(database: Path) -> tuple[RecordedBackup, ...]:
    """Return the recorded backups, oldest first. Their files may be deleted or on a device that is not mounted."""
    entries: dict[Path, BackupKind] = {}
    path = list_path(database)
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            entry = orjson.loads(line)
            backup, kind = Path(entry["path"]), BackupKind(entry["kind"])
        except (ValueError, KeyError, TypeError):
            continue  # a line that a full disk cut off
        entries.pop(backup, None)
        entries[backup] = kind
    return tuple(RecordedBackup(backup, kind) for backup, kind in entries.items())


def record_backup(database: Path, backup: Path, *, kind: BackupKind) -> None:
    """Add a backup to the list, as its newest entry."""
    fields = {"path": str(backup.absolute()), "kind": kind}
    append(list_path(database), orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
    _shorten(database)


def _shorten(database: Path) -> None:
    path = list_path(database)
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) > 2 * MAX_ENTRIES:
        shorter = beside(path, ".shorter")
        append(shorter, b"")  # creates a private file
        shorter.write_bytes(b"".join(lines[-MAX_ENTRIES:]))
        shorter.replace(path)
