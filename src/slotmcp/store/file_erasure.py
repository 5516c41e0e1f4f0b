"""Erasure in SQLite files that no server uses: backups, and a database that is being restored."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from slotmcp.domain.erasure import Erasure, missing_erasures
from slotmcp.store.cleanup import VACUUM
from slotmcp.store.connection import SECURE_DELETE, connect, make_fetch
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.erasures import ADD_ERASURE, ALL_ERASURES, erase_customer
from slotmcp.store.inspection import open_unchanged
from slotmcp.store.schedules import Snapshot
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
