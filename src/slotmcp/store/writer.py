"""Writer of a process on SQLite: a thread that commits queued units of work in groups.

Waiting for the disk takes longer than a unit of work, so all queued units share one durable commit. A unit that raises
does not undo the others: each has its own savepoint, except the first, with which the whole group ends if it had
written. No caller gets a result before the commit.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from slotmcp.ports import Clock, CommitHandler, Unit
from slotmcp.store.change_log import ChangeLog, LatestSchedules, begin, log_changes
from slotmcp.store.clock import FileClock
from slotmcp.store.connection import (
    NO_WAIT,
    commit,
    connect_writer,
    execute_with_retry,
    is_fault,
    make_fetch,
    make_run_many,
    to_unavailable,
    write_transaction,
)
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.housekeeping import clean_up
from slotmcp.store.jobs import Job, JobResult, committed, deliver_all, run_unit, shutting_down
from slotmcp.store.project_state import ProjectState
from slotmcp.store.schedules import WritableSnapshot
from slotmcp.store.statement import Row, Statement, drive

T = TypeVar("T")

GROUP_SIZE: Final = 128
GROUP_SECONDS: Final = 0.02
"""Time after which a group takes no more units, because other processes wait for the lock."""


class SqliteWriter:
    """Implementation of StoreWriter: a thread with a connection and a queue of jobs."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        schedules: LatestSchedules,
        timeout_ms: int,
        cipher: FieldCipher | None,
    ) -> None:
        self._path = path
        self._timeout_ms = timeout_ms
        self._clock = clock
        self._schedules = schedules
        self._agree = clock.agree if isinstance(clock, FileClock) else None
        self._connection = connect_writer(path, timeout_ms=timeout_ms)
        self._connection.execute(NO_WAIT)
        self._fetch, self._run_many = make_fetch(self._connection, cipher), make_run_many(self._connection, cipher)
        self._queue: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._is_closing = False
        self.commit_handlers: list[CommitHandler] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="slotmcp-writer", daemon=True)
        self._thread.start()

    async def write(self, project_id: str, unit: Unit[T], *, create: bool) -> T:
        if self._is_closing:
            raise shutting_down()
        job = Job(
            project_id=project_id,
            unit=unit,
            create=create,
            future=self._loop.create_future(),
            give_up_at=time.monotonic() + self._timeout_ms / 1000,
        )
        self._queue.put(job)
        return await committed(job, self.commit_handlers)

    async def write_alone(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        # such statements are rare, so each opens a connection
        return await asyncio.to_thread(self._write_alone, statement, values)

    async def close(self) -> None:
        """Commit the queued units, then stop."""
        self._is_closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _write_alone(self, statement: Statement, values: Mapping[str, object]) -> Sequence[Row]:
        with write_transaction(self._path, timeout_ms=self._timeout_ms) as connection:
            rows: Sequence[Row] = connection.execute(statement.text, values).fetchall()
        return rows

    # -- the thread -------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            results = self._commit_group(job)
            with suppress(RuntimeError):  # the loop is closed: no caller waits any more
                self._loop.call_soon_threadsafe(deliver_all, results)
        self._connection.close()

    def _commit_group(self, first: Job[Any]) -> list[JobResult]:
        results: list[JobResult] = []
        states: dict[str, ProjectState] = {}
        try:
            execute_with_retry(self._connection, "BEGIN IMMEDIATE", first.give_up_at)
            if self._agree is not None:
                self._agree(self._connection)
            for job in self._take(first):
                results.append(JobResult(job))
                self._run(results[-1], states, is_first=job is first)
                if not self._connection.in_transaction:
                    return results
            for project_id, state in states.items():
                drive(log_changes(self._snapshot(project_id), state))
            commit(self._connection, first.give_up_at)
        except Exception as error:  # noqa: BLE001  every caller gets a result
            return self._fail(results or [JobResult(first)], error)
        self._schedules.offer(schedule for state in states.values() if (schedule := state.complete_schedule))
        return results

    def _take(self, first: Job[Any]) -> Iterator[Job[Any]]:
        """Yield the first job, and those that queue up behind it while the group is open."""
        closes_at = time.monotonic() + GROUP_SECONDS
        yield first
        for _ in range(GROUP_SIZE - 1):
            if self._queue.empty() or time.monotonic() >= closes_at:
                return
            job = self._queue.get()
            if job is None:
                self._queue.put(None)
                return
            if not job.future.cancelled():
                yield job

    def _run(self, result: JobResult, states: dict[str, ProjectState], *, is_first: bool) -> None:
        """Run one unit. If the first one of a group fails and has written, the group is rolled back.

        Raises:
            sqlite3.Error: the whole group is lost.
        """
        job, snapshot = result.job, self._snapshot(result.job.project_id)
        try:
            state = states.get(job.project_id) or drive(self._begin(snapshot, create=job.create))
        except Exception as error:  # noqa: BLE001  the caller gets it
            result.error = _translate(error)
            return
        change_log = ChangeLog(snapshot, state)
        changes_before = self._connection.total_changes
        if not is_first:
            self._connection.execute("SAVEPOINT unit")
        try:
            result.value = job.context.run(drive, run_unit(job, snapshot, change_log))
            states[job.project_id] = change_log.state_after_commit
        except BaseException as error:  # noqa: BLE001  the caller gets it
            result.error = _translate(error)
            states[job.project_id] = change_log.state_after_rollback
            if not is_first:
                self._connection.execute("ROLLBACK TO unit")
            elif self._connection.total_changes > changes_before:
                self._connection.execute("ROLLBACK")
        if not is_first:
            self._connection.execute("RELEASE unit")

    def _snapshot(self, project_id: str) -> WritableSnapshot:
        return WritableSnapshot(
            fetch=self._fetch, run_many=self._run_many, project_id=project_id, now_ms=self._clock.now_ms()
        )

    async def _begin(self, snapshot: WritableSnapshot, *, create: bool) -> ProjectState:
        state = await begin(snapshot, self._schedules.get(snapshot.project_id), create=create)
        if self._schedules.is_cleanup_due(snapshot.project_id, snapshot.now_ms):
            await clean_up(snapshot)
        return state

    def _fail(self, results: list[JobResult], error: Exception) -> list[JobResult]:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        return [JobResult(result.job, error=_translate(error)) for result in results]


def _translate(error: BaseException) -> BaseException:
    """Return the error for the caller. Faults of the database become Unavailable."""
    if isinstance(error, sqlite3.DatabaseError) and is_fault(error):
        translated = to_unavailable(error)
        translated.__cause__ = error
        return translated
    return error
