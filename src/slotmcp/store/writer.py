"""The one writer of a process: units of work queue up, and a group of them shares one durable commit.

The commit waits for the disk, a unit hardly does; so all that wait are committed together. Each unit has a savepoint
of its own: one that raises takes nothing from its neighbours. Nobody is told anything before the commit.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock, CommitHandler, Unit
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.connection import connect_writer, fetch_on, persist
from slotmcp.store.fetching import drive
from slotmcp.store.jobs import Job, JobResult, committed, run_unit, tell_all
from slotmcp.store.latest_schedules import LatestSchedules
from slotmcp.store.outages import is_fault, unavailable
from slotmcp.store.reading import Snapshot
from slotmcp.store.transaction import SqlTransaction

T = TypeVar("T")

GROUP_SIZE = 128
GROUP_SECONDS = 0.02
"""A group takes no more units after that: other processes wait for the lock."""


class SqliteWriter:
    """A thread with a connection and a queue."""

    def __init__(self, path: Path, *, clock: Clock, schedules: LatestSchedules, timeout_ms: int) -> None:
        self._patience = timeout_ms / 1000
        self._clock = clock
        self._schedules = schedules
        self._connection = connect_writer(path, timeout_ms=timeout_ms)
        self._fetch = fetch_on(self._connection)
        self._queue: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._closing = False
        self.commit_handlers: list[CommitHandler] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="slotmcp-writer", daemon=True)
        self._thread.start()

    async def write(self, project_id: str, unit: Unit[T], *, create: bool) -> T:
        """Have a unit of work run and committed.

        A caller that is cancelled leaves a unit that was begun to its end.

        Raises:
            NotFound, Unavailable, and what the unit raises.
        """
        if self._closing:
            raise Unavailable("Nothing was done: the server is shutting down.", retry_after_ms=1_000)
        job = Job(
            project_id=project_id,
            unit=unit,
            create=create,
            answer=self._loop.create_future(),
            give_up_at=time.monotonic() + self._patience,
        )
        self._queue.put(job)
        return await committed(job, self.commit_handlers)

    async def close(self) -> None:
        """Commit what was asked for, then stop."""
        self._closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # -- the thread -------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            outcomes = self._commit_group(job)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(tell_all, outcomes)
        self._connection.close()

    def _commit_group(self, first: Job[Any]) -> list[JobResult]:
        outcomes: list[JobResult] = []
        schedules: dict[str, Schedule] = {}
        try:
            persist(self._connection, "BEGIN IMMEDIATE", first.give_up_at)
            for job in self._take(first):
                outcomes.append(JobResult(job))
                self._run(outcomes[-1], schedules)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  nobody may wait forever, whatever it is
            return self._fail(outcomes or [JobResult(first)], error)
        self._schedules.offer(schedules.values())
        return outcomes

    def _take(self, first: Job[Any]) -> Iterator[Job[Any]]:
        """The first job, and those that queue up behind it while the group is open."""
        closes_at = time.monotonic() + GROUP_SECONDS
        yield first
        for _ in range(GROUP_SIZE - 1):
            if self._queue.empty() or time.monotonic() >= closes_at:
                return
            job = self._queue.get()
            if job is None:
                self._queue.put(None)
                return
            if not job.answer.cancelled():
                yield job

    def _run(self, outcome: JobResult, schedules: dict[str, Schedule]) -> None:
        """Run one unit in its savepoint.

        Raises:
            sqlite3.Error: the whole group is lost.
        """
        job = outcome.job
        snapshot = Snapshot(fetch=self._fetch, project_id=job.project_id, now_ms=self._clock.now_ms())
        change_log = ChangeLog(snapshot, schedules.get(job.project_id) or self._schedules.get(job.project_id))
        self._connection.execute("SAVEPOINT unit")
        try:
            outcome.value = job.context.run(drive, _begin_and_run(job, snapshot, change_log))
            schedule = change_log.finished_book
        except BaseException as error:  # noqa: BLE001  it is the caller's, who gets it
            outcome.error = _told(error)
            schedule = change_log.untouched_book
            self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")
        if schedule is not None:
            schedules[job.project_id] = schedule

    def _fail(self, outcomes: list[JobResult], error: Exception) -> list[JobResult]:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        return [JobResult(one.job, error=_told(error)) for one in outcomes]


async def _begin_and_run(job: Job[T], snapshot: Snapshot, change_log: ChangeLog) -> tuple[T, SqlTransaction]:
    salt = await change_log.begin(create=job.create)
    return await run_unit(job, snapshot, change_log, salt)


def _told(error: BaseException) -> BaseException:
    """The error as its caller gets it: a fault of the database as a dependency that is away."""
    if isinstance(error, sqlite3.DatabaseError) and is_fault(error):
        told = unavailable(error)
        told.__cause__ = error
        return told
    return error
