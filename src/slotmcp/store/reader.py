"""Reading, off the event loop: one thread with one connection, one hop and one snapshot a question."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from slotmcp.store.connection import connect_reader, fetch_on
from slotmcp.store.fetching import Fetch, drive
from slotmcp.store.outages import is_fault, unavailable

T = TypeVar("T")
Question = Callable[[Fetch], Awaitable[T]]


class SqliteReader:
    """Asks questions of the newest committed state."""

    def __init__(self, path: Path, *, timeout_ms: int) -> None:
        self._connection = connect_reader(path, timeout_ms=timeout_ms)
        self._fetch = fetch_on(self._connection)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slotmcp-reader")

    async def ask(self, question: Question[T]) -> T:
        """Ask one question of one statement.

        Raises:
            Unavailable: the database does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)

    async def ask_snapshot(self, question: Question[T]) -> T:
        """Ask a question of several statements, all of which see the same state.

        Raises:
            Unavailable: the database does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer_in_snapshot, question)

    def close(self) -> None:
        """Let the running question end, then close."""
        self._thread.shutdown()
        self._connection.close()

    def _answer(self, question: Question[T]) -> T:
        try:
            return drive(question(self._fetch))
        except sqlite3.DatabaseError as error:
            if is_fault(error):
                raise unavailable(error) from error
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _answer_in_snapshot(self, question: Question[T]) -> T:
        self._connection.execute("BEGIN")
        return self._answer(question)
