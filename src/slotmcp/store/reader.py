"""Readers of an SQLite file: on a thread of their own, and on the event loop."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from slotmcp.store.connection import connect_reader, is_fault, make_fetch, to_unavailable
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.sql_store import Query
from slotmcp.store.statement import drive

T = TypeVar("T")

TURN_EVERY: Final = 8
"""Number of probes after which other tasks run, so that a caller that probes in a loop does not block them."""


class SqliteReader:
    """Implementation of QueryRunner: a thread with a connection."""

    def __init__(self, path: Path, *, timeout_ms: int, cipher: FieldCipher | None = None) -> None:
        self._connection = connect_reader(path, timeout_ms=timeout_ms)
        self._fetch = make_fetch(self._connection, cipher)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slotmcp-reader")

    async def run(self, query: Query[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, query)

    async def run_in_snapshot(self, query: Query[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run_snapshot, query)

    def close(self) -> None:
        """Wait for the running query, then close."""
        self._thread.shutdown()
        self._connection.close()

    def _run(self, query: Query[T]) -> T:
        try:
            return drive(query(self._fetch))
        except sqlite3.DatabaseError as error:
            if is_fault(error):
                raise to_unavailable(error) from error
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _run_snapshot(self, query: Query[T]) -> T:
        self._connection.execute("BEGIN")
        return self._run(query)


class RevisionProbe:
    """Connection that runs on the event loop, for the few rows that every call reads.

    A switch to a thread takes ten times as long as such a query. A query that would wait, or that fails, is run again
    by a reader.
    """

    def __init__(self, path: Path, reader: SqliteReader) -> None:
        self._connection = connect_reader(path, timeout_ms=0)
        self._fetch = make_fetch(self._connection)
        self._reader = reader
        self._probes = 0

    async def run(self, query: Query[T]) -> T:
        """Run a query of one statement, whose rows are in the page cache because every call reads them.

        Raises:
            Unavailable: the database does not respond.
        """
        self._probes += 1
        if self._probes % TURN_EVERY == 0:
            await asyncio.sleep(0)
        try:
            return drive(query(self._fetch))
        except sqlite3.DatabaseError:
            return await self._reader.run(query)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
