"""Writer of a process on PostgreSQL: a queue for each project, and a limited number of connections.

Callers of one project wait in its queue, not for its lock. A busy project therefore uses only one connection.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import Clock, CommitHandler, Unit
from slotmcp.store.change_log import LatestSchedules
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.jobs import Job, JobResult, committed, deliver_all, shutting_down
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.group import Group
from slotmcp.store.postgres.known_projects import KnownProjects
from slotmcp.store.postgres.link import Link, Pool
from slotmcp.store.postgres.optimistic import GroupOutcome, OptimisticGroup
from slotmcp.store.postgres.outages import Fault, describe_write_fault, error_for_caller
from slotmcp.store.postgres.statements import TEST_WRITE
from slotmcp.store.schema_guard import check_schema_in_use
from slotmcp.store.statement import Row, Statement

T = TypeVar("T")

GROUP_SIZE: Final = 32
GROUP_SECONDS: Final = 0.02
"""Time after which a group takes no more units, because other processes wait for the lock."""


@dataclass(slots=True)
class ProjectQueue:
    """Queued jobs of one project, and the task that works on them."""

    jobs: deque[Job[Any]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class PostgresWriter:
    """Implementation of StoreWriter: queues of projects, each with one task while it has jobs."""

    def __init__(  # noqa: PLR0913  what the writer consists of
        self,
        address: Address,
        *,
        clock: Clock | None,
        schedules: LatestSchedules,
        known: KnownProjects,
        size: int,
        timeout_ms: int,
        cipher: FieldCipher | None,
    ) -> None:
        self._address = address
        self._clock = clock
        self._schedules = schedules
        self._timeout_seconds = timeout_ms / 1000
        self._pool = Pool(address, size=size, timeout_ms=timeout_ms, cipher=cipher, on_connect=known.forget_all)
        self._queues: dict[str, ProjectQueue] = {}
        self._known = known
        self._is_closing = False
        self.commit_handlers: list[CommitHandler] = []

    @property
    def in_use(self) -> int:
        """Number of connections in use."""
        return self._pool.in_use

    async def write(self, project_id: str, unit: Unit[T], *, create: bool) -> T:
        if self._is_closing:
            raise shutting_down()
        job = Job(
            project_id=project_id,
            unit=unit,
            create=create,
            future=asyncio.get_running_loop().create_future(),
            give_up_at=time.monotonic() + self._timeout_seconds,
        )
        self._enqueue(job)
        return await committed(job, self.commit_handlers)

    async def write_alone(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        try:
            async with self._pool.link() as link:
                return await _run_alone(link, statement, values)
        except Fault as fault:
            raise error_for_caller(fault, self._address) from fault

    async def find_write_problem(self) -> str:
        """Write a row; return why that failed, as a clause, or "" if it succeeded or the database is just busy."""
        try:
            async with self._pool.link() as link:
                await link.fetch(TEST_WRITE)
        except Fault as fault:
            return describe_write_fault(fault)
        return ""

    async def close(self) -> None:
        """Commit the queued units, then close all connections."""
        self._is_closing = True
        await asyncio.gather(*(queue.task for queue in self._queues.values() if queue.task))
        await self._pool.close()

    def _enqueue(self, job: Job[Any]) -> None:
        queue = self._queues.setdefault(job.project_id, ProjectQueue())
        queue.jobs.append(job)
        if queue.task is None:
            # an empty context, so that the first caller's variables do not reach the units of other callers
            queue.task = asyncio.create_task(self._work(job.project_id, queue), context=Context())

    async def _work(self, project_id: str, queue: ProjectQueue) -> None:
        jobs = queue.jobs
        while first := _next(jobs):
            if first.create:
                deliver_all(await self._commit_group(project_id, first, jobs))
                continue
            for_lock = deque(await self._write_optimistically(project_id, [first, *_others_that_exist(jobs)], jobs))
            while job := _next(for_lock):
                deliver_all(await self._commit_group(project_id, job, for_lock))
        del self._queues[project_id]

    async def _write_optimistically(
        self, project_id: str, jobs: list[Job[Any]], queued: deque[Job[Any]]
    ) -> list[Job[Any]]:
        """Decide and write a group in memory, and return the jobs that have to run under the lock.

        Jobs that depend on the group's writes go back to the queue.
        """
        for is_last in (False, True):
            group = OptimisticGroup(project_id, jobs, clock=self._clock, known=self._known)
            try:
                async with self._pool.link() as link:
                    outcome = await group.run(link, self._schedules)
            except Exception as error:  # noqa: BLE001  every caller gets a result
                self._known.forget_all()
                if is_last or not (isinstance(error, Fault) and error.is_connection_lost):
                    deliver_all(self._failed(jobs, error))
                    return []
            else:
                break
        self._finish(project_id, group, outcome, queued)
        return group.for_lock

    def _finish(self, project_id: str, group: OptimisticGroup, outcome: GroupOutcome, queued: deque[Job[Any]]) -> None:
        queued.extendleft(reversed(group.next_group))
        if (
            outcome is GroupOutcome.WRITTEN
            and (known := self._known.get(project_id))
            and (schedule := known.state.complete_schedule)
        ):
            self._schedules.offer([schedule])
        deliver_all(group.results)

    async def _commit_group(self, project_id: str, first: Job[Any], jobs: deque[Job[Any]]) -> list[JobResult]:
        self._known.forget(project_id)
        for is_last in (False, True):
            group = Group(project_id, clock=self._clock, schedules=self._schedules)
            try:
                async with self._pool.link() as link:
                    await group.run(link, first, _others(jobs))
            except Exception as error:  # noqa: BLE001  every caller gets a result
                # a connection may have broken since its last use; then nothing was done over it
                if is_last or group.results or not (isinstance(error, Fault) and error.is_connection_lost):
                    return self._failed([result.job for result in group.results] or [first], error)
            else:
                break
        if schedule := group.state.complete_schedule:
            self._schedules.offer([schedule])
        return group.results

    def _failed(self, jobs: list[Job[Any]], error: Exception) -> list[JobResult]:
        if isinstance(error, Fault):
            problem: Exception = error_for_caller(error, self._address)
            problem.__cause__ = error
        else:
            problem = error
        return [JobResult(job, error=problem) for job in jobs]


async def _run_alone(link: Link, statement: Statement, values: Mapping[str, object]) -> Sequence[Row]:
    await link.run("BEGIN")
    try:
        await check_schema_in_use(link.fetch)
        rows = await link.fetch(statement, **values)
    except Unavailable:
        await link.run("ROLLBACK")
        raise
    await link.run("COMMIT")
    return rows


def _next(jobs: deque[Job[Any]]) -> Job[Any] | None:
    """Return the first queued job whose caller still waits."""
    while jobs:
        job = jobs.popleft()
        if not job.future.cancelled():
            return job
    return None


def _others_that_exist(jobs: deque[Job[Any]]) -> Iterator[Job[Any]]:
    """Yield the queued jobs up to the first that may create the project."""
    for _ in range(GROUP_SIZE - 1):
        if not jobs or jobs[0].create or not (job := _next(jobs)):
            return
        yield job


def _others(jobs: deque[Job[Any]]) -> Iterator[Job[Any]]:
    """Yield the jobs that queue up behind the first while the group is open."""
    closes_at = time.monotonic() + GROUP_SECONDS
    for _ in range(GROUP_SIZE - 1):
        if time.monotonic() >= closes_at or not (job := _next(jobs)):
            return
        yield job
