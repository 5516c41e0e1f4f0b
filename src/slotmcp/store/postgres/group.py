"""Group commit: units of work of one project that run one after another under its lock, with one commit.

Waiting for the lock and for the disk takes longer than a unit of work, so all queued units share both.
A unit that raises does not undo the others. No caller gets a result before the commit.
"""

import time
from collections.abc import Awaitable, Generator, Iterator, Sequence
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any, Final, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import Clock
from slotmcp.store.change_log import ChangeLog, LatestSchedules, log_changes
from slotmcp.store.housekeeping import clean_up
from slotmcp.store.jobs import Job, JobResult, run_unit
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.outages import Fault, unknown_outcome
from slotmcp.store.postgres.statements import BEGIN, LOCK_NAME, LOCK_PROJECT, NOW
from slotmcp.store.project_state import PROJECT_STATE, ProjectState
from slotmcp.store.schedules import WritableSnapshot, project_not_found
from slotmcp.store.schema_guard import check_schema, check_schema_in_use
from slotmcp.store.statement import FOREIGN_AWAIT, Row, Statement

T = TypeVar("T")

SET_SAVEPOINT: Final = "SAVEPOINT unit"
RELEASE_SAVEPOINT: Final = "RELEASE SAVEPOINT unit"
ROLLBACK_TO_SAVEPOINT: Final = "ROLLBACK TO SAVEPOINT unit"
BETWEEN_UNITS: Final = {
    "": SET_SAVEPOINT,
    RELEASE_SAVEPOINT: f"{RELEASE_SAVEPOINT}; {SET_SAVEPOINT}",
    ROLLBACK_TO_SAVEPOINT: ROLLBACK_TO_SAVEPOINT,
}
"""Command before a unit, by the command that ends the previous one. The savepoint remains after a rollback to it."""
COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"


class Group:
    """Transaction of one group."""

    def __init__(self, project_id: str, *, clock: Clock | None, schedules: LatestSchedules) -> None:
        self._project_id = project_id
        self._clock = clock
        self._schedules = schedules
        self._locked_at_ms = 0
        self._locked_at = 0.0
        self.state = ProjectState()
        """State of the project that the units so far leave."""
        self.results: list[JobResult] = []
        """Results of the jobs that were taken out of the queue."""

    async def run(self, link: Link, first: Job[Any], others: Iterator[Job[Any]]) -> None:
        """Run the units of the first job and of the others, and commit them. Call this only once.

        Raises:
            Fault: the whole group is lost.
            Unavailable: the database has another schema, or it is unknown if the group was committed.
        """
        await link.run(BEGIN.format(wait_ms=first.wait_ms))
        try:
            is_new = not await self._lock(link, first)
        except Unavailable:
            await link.run(ROLLBACK)
            raise
        self.results.append(JobResult(first))
        if not await self._run_first(link, is_new=is_new):
            await link.run(ROLLBACK)
            return
        if end := await self._run_others(link, others):
            await link.run(end)
        await log_changes(self._snapshot(link), self.state)
        await commit(link)

    async def _lock(self, link: Link, job: Job[Any]) -> bool:
        """Lock the project and read its state; return whether it exists.

        Raises:
            Unavailable: the database has another schema.
        """
        rows = await link.fetch(LOCK_PROJECT, project_id=self._project_id)
        if not rows and job.create:
            await link.fetch(LOCK_NAME, project_id=self._project_id)
            rows = await link.fetch(LOCK_PROJECT, project_id=self._project_id)
        if rows:
            ((self._locked_at_ms, version),) = rows
            check_schema(version)
            # a statement of its own: that which waited for the lock sees the other tables as they were before
            ((*columns, _),) = await link.fetch(PROJECT_STATE, project_id=self._project_id)
            self.state = ProjectState.of(tuple(columns), self._schedules.get(self._project_id))
        else:
            await check_schema_in_use(link.fetch)
            ((self._locked_at_ms,),) = await link.fetch(NOW)
        self._locked_at = time.monotonic()
        if rows and self._schedules.is_cleanup_due(self._project_id, self._now_ms()):
            await clean_up(self._snapshot(link))
        return bool(rows)

    async def _run_first(self, link: Link, *, is_new: bool) -> bool:
        """Run the first unit, which needs no savepoint: if it fails, nothing was done. Return whether it succeeded."""
        (result,) = self.results
        if not is_new or result.job.create:
            return await self._run_unit(link, result)
        result.error = await project_not_found(self._snapshot(link))
        return False

    async def _run_others(self, link: Link, jobs: Iterator[Job[Any]]) -> str:
        """Run the queued units, each in a savepoint; return the command that ends the last one."""
        end = ""
        for job in jobs:
            self.results.append(JobResult(job))
            await link.run(BETWEEN_UNITS[end])
            end = RELEASE_SAVEPOINT if await self._run_unit(link, self.results[-1]) else ROLLBACK_TO_SAVEPOINT
        return end

    async def _run_unit(self, link: Link, result: JobResult) -> bool:
        guard = AwaitGuard(link)
        snapshot = WritableSnapshot(
            fetch=guard.fetch, run_many=guard.run_many, project_id=self._project_id, now_ms=self._now_ms()
        )
        change_log = ChangeLog(snapshot, self.state)
        try:
            result.value = await guard.run(run_unit(result.job, snapshot, change_log), result.job.context)
        except Fault:
            raise
        except BaseException as error:  # noqa: BLE001  the caller gets it
            result.error = error
            self.state = change_log.state_after_rollback
            return False
        self.state = change_log.state_after_commit
        return True

    def _snapshot(self, link: Link) -> WritableSnapshot:
        return WritableSnapshot(
            fetch=link.fetch, run_many=link.run_many, project_id=self._project_id, now_ms=self._now_ms()
        )

    def _now_ms(self) -> int:
        if self._clock is not None:
            return self._clock.now_ms()
        return self._locked_at_ms + int((time.monotonic() - self._locked_at) * 1000)


class AwaitGuard:
    """Guard against a unit of work that awaits anything but the database while it holds the lock."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_fetching = False

    async def fetch(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """Run a statement for the unit."""
        self._is_fetching = True
        try:
            return await self._link.fetch(statement, **values)
        finally:
            self._is_fetching = False

    async def run_many(self, statement: Statement, sets: Sequence[dict[str, object]], /) -> None:
        """Run a statement for each set of values, for the unit."""
        self._is_fetching = True
        try:
            await self._link.run_many(statement, sets)
        finally:
            self._is_fetching = False

    @coroutine
    def run(self, unit: Awaitable[T], context: Context) -> Generator[Any, Any, T]:
        """Await a unit of work in its caller's context, and return its result.

        Raises:
            RuntimeError: the unit awaited something else.
            BaseException: any exception of the unit.
        """
        steps = unit.__await__()
        step = partial(steps.send, None)
        while True:
            try:
                awaited = context.run(step)
            except StopIteration as end:
                result: T = end.value
                return result
            if not self._is_fetching:
                steps.close()
                raise RuntimeError(FOREIGN_AWAIT)
            step = yield from _next_step(awaited, steps)


def _next_step(awaited: object, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Wait on the event loop, and return the function that resumes the unit."""
    try:
        result = yield awaited
    except BaseException as error:  # noqa: BLE001  the unit gets it
        return partial(steps.throw, error)
    return partial(steps.send, result)


async def commit(link: Link) -> None:
    """Commit a transaction.

    Raises:
        Fault: nothing was written.
        Unavailable: it is unknown if the transaction was committed.
    """
    try:
        status = await link.run(COMMIT)
    except Fault as fault:
        if fault.is_outcome_unknown:
            raise unknown_outcome() from fault
        raise
    if status != COMMIT:  # a unit caught an error that aborted the transaction
        raise Fault
