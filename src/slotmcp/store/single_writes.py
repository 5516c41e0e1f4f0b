"""Statements that no project's lock guards: rare, each a transaction of its own, on a connection of its own."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from slotmcp.store.connection import connect_writer, persist
from slotmcp.store.outages import is_fault, unavailable
from slotmcp.store.rows import Row


async def write_alone(path: Path, statement: str, values: Mapping[str, object], *, timeout_ms: int) -> Sequence[Row]:
    """Run one statement and commit it durably; what it returns.

    Raises:
        Unavailable: the lock was not had in time, or the database is away; nothing was written.
    """
    return await asyncio.to_thread(_write, path, statement, values, timeout_ms)


def _write(path: Path, statement: str, values: Mapping[str, object], timeout_ms: int) -> Sequence[Row]:
    give_up_at = time.monotonic() + timeout_ms / 1000
    try:
        with closing(connect_writer(path, timeout_ms=timeout_ms)) as connection:
            persist(connection, "BEGIN IMMEDIATE", give_up_at)
            rows: Sequence[Row] = connection.execute(statement, values).fetchall()
            connection.execute("COMMIT")
            return rows
    except sqlite3.DatabaseError as error:
        if is_fault(error):
            raise unavailable(error) from error
        raise
