"""Floor on SQLite: sqlite3 in one writer thread, which commits the waiting orders together."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from benchmarks.floors.order import HOLD_MS, Kind, Order, Result, Span

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE project (revision INTEGER NOT NULL);
INSERT INTO project VALUES (0);
CREATE TABLE booking (
    id TEXT PRIMARY KEY, technician TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, held_until_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_by_start ON booking (technician, start);
CREATE TABLE contact (booking_id TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE receipt (key TEXT PRIMARY KEY, booking_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE change (revision INTEGER PRIMARY KEY, booking_id TEXT NOT NULL) STRICT;
"""
FIND_RECEIPT = "SELECT booking_id FROM receipt WHERE key = ?"
TAKE_TIME = """
INSERT INTO booking
SELECT :booking_id, :technician, :start, :end, :held_until_ms
WHERE NOT EXISTS (
    SELECT 1 FROM booking
    WHERE technician = :technician AND start > :start - 1440 AND start < :end AND "end" > :start
        AND (held_until_ms IS NULL OR held_until_ms > :now_ms)
)
"""
CONFIRM_HOLD = "UPDATE booking SET held_until_ms = NULL WHERE id = ? AND held_until_ms > ?"
ADD_CONTACT = "INSERT INTO contact VALUES (?, ?, ?)"
ADD_RECEIPT = "INSERT INTO receipt VALUES (?, ?)"
MOVE_REVISION = "UPDATE project SET revision = revision + 1 RETURNING revision"
ADD_CHANGE = "INSERT INTO change VALUES (?, ?)"

GROUP_SIZE = 128
"""Maximum number of orders in one transaction."""

Job = tuple[Order, "asyncio.Future[Result]"]


def create(path: Path, spans: Iterable[Span]) -> None:
    """Create a database file with some bookings."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO booking VALUES (?, ?, ?, ?, NULL)", spans)
        connection.commit()


class SqliteFloor:
    """Writer thread with a connection and a queue."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
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

    async def run(self, order: Order) -> Result:
        """Carry out an order durably."""
        done: asyncio.Future[Result] = self._loop.create_future()
        self._queue.put((order, done))
        return await done

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            while len(jobs) < GROUP_SIZE and not self._queue.empty():
                another = self._queue.get()
                if another is None:
                    self._queue.put(None)
                    break
                jobs.append(another)
            self._connection.execute("BEGIN IMMEDIATE")
            results = [self._carry_out(order) for order, _ in jobs]
            self._connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_set_results, [done for _, done in jobs], results)

    def _carry_out(self, order: Order) -> Result:
        execute = self._connection.execute
        if execute(FIND_RECEIPT, (order.key,)).fetchone():
            return Result.REPLAYED
        if not self._take(order):
            return Result.TAKEN
        if order.kind is not Kind.HOLD:
            execute(ADD_CONTACT, (order.booking_id, order.name, order.phone))
        execute(ADD_RECEIPT, (order.key, order.booking_id))
        ((revision,),) = execute(MOVE_REVISION).fetchall()
        execute(ADD_CHANGE, (revision, order.booking_id))
        return Result.DONE

    def _take(self, order: Order) -> bool:
        """Write the booking or the hold, and return True if the time was free."""
        if order.kind is Kind.CONFIRM:
            return self._connection.execute(CONFIRM_HOLD, (order.booking_id, order.now_ms)).rowcount == 1
        values = {
            "booking_id": order.booking_id,
            "technician": order.technician,
            "start": order.start,
            "end": order.end,
            "now_ms": order.now_ms,
            "held_until_ms": order.now_ms + HOLD_MS if order.kind is Kind.HOLD else None,
        }
        return self._connection.execute(TAKE_TIME, values).rowcount == 1


def _set_results(futures: Sequence["asyncio.Future[Result]"], results: Sequence[Result]) -> None:
    for done, result in zip(futures, results, strict=True):
        done.set_result(result)
