"""Floor of durable bookings: sqlite3 alone, in one writer thread with group commit.

It runs the store's statements and values for the same bookings, on a copy of the same database.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from slotmcp.store.connection import connect_writer
from slotmcp.store.statement import Statement

Call = tuple[Statement, Mapping[str, object]]
Unit = Sequence[Call]
"""Statements of one unit of work."""

_GROUP_SIZE = 128


class RawWriter:
    """Writer thread with a connection and a queue."""

    def __init__(self, path: Path) -> None:
        self._connection = connect_writer(path, timeout_ms=1000)
        self._queue: SimpleQueue[tuple[Unit, asyncio.Future[None]] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    async def write(self, unit: Unit) -> None:
        """Commit a unit."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((unit, done))
        await done

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            group = [job]
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            self._run(job[0])
            while len(group) < _GROUP_SIZE and not self._queue.empty():
                another = self._queue.get()
                if another is None:
                    self._queue.put(None)
                    break
                group.append(another)
                self._run(another[0])
            execute("COMMIT")
            self._loop.call_soon_threadsafe(_set_done, [done for _, done in group])

    def _run(self, unit: Unit) -> None:
        execute = self._connection.execute
        execute("SAVEPOINT unit")
        for statement, values in unit:
            execute(statement.text, values).fetchall()
        execute("RELEASE unit")


def _set_done(futures: Sequence["asyncio.Future[None]"]) -> None:
    for done in futures:
        done.set_result(None)
