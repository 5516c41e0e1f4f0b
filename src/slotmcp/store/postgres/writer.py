"""The writing of a process: a queue for each project that is written to, and as many connections as may be at work.

Callers of one project queue up here and not at its lock, so that a rush on one takes one connection.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.ports import Clock, CommitHandler, Unit
from slotmcp.store.jobs import Job, JobResult, committed, tell_all
from slotmcp.store.latest_schedules import LatestSchedules
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.group import Group
from slotmcp.store.postgres.outages import Fault, told
from slotmcp.store.postgres.pool import Pool
from slotmcp.store.rows import Row

T = TypeVar("T")

GROUP_SIZE: Final = 32
GROUP_SECONDS: Final = 0.02
"""A group takes no more units after that: other processes wait for the lock."""


@dataclass(slots=True)
class ProjectQueue:
    """One project's queue, and the task that works it off."""

    jobs: deque[Job[Any]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class PostgresWriter:
    """Lanes that come and go with the work."""

    def __init__(
        self, address: Address, *, clock: Clock | None, schedules: LatestSchedules, size: int, timeout_ms: int
    ) -> None:
        self._address = address
        self._clock = clock
        self._schedules = schedules
        self._patience = timeout_ms / 1000
        self._pool = Pool(address, size=size, timeout_ms=timeout_ms)
        self._lanes: dict[str, ProjectQueue] = {}
        self._closing = False
        self.commit_handlers: list[CommitHandler] = []

    @property
    def in_use(self) -> int:
        """How many connections are handed out."""
        return self._pool.in_use

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
            answer=asyncio.get_running_loop().create_future(),
            give_up_at=time.monotonic() + self._patience,
        )
        self._queue(job)
        return await committed(job, self.commit_handlers)

    async def write_alone(self, statement: str, /, **values: object) -> Sequence[Row]:
        """Run one statement that no project's lock guards, and commit it; what it returns.

        Raises:
            Unavailable: whether it was run is not known; it does no harm twice.
        """
        try:
            async with self._pool.link() as link:
                return await link.fetch(statement, **values)
        except Fault as fault:
            raise told(fault, self._address) from fault

    async def close(self) -> None:
        """Commit what was asked for, then let go of all connections."""
        self._closing = True
        await asyncio.gather(*(lane.task for lane in self._lanes.values() if lane.task))
        await self._pool.close()

    def _queue(self, job: Job[Any]) -> None:
        lane = self._lanes.setdefault(job.project_id, ProjectQueue())
        lane.jobs.append(job)
        if lane.task is None:
            # in a context of its own: the first caller's is no business of the others
            lane.task = asyncio.create_task(self._work(job.project_id, lane), context=Context())

    async def _work(self, project_id: str, lane: ProjectQueue) -> None:
        while first := _next(lane.jobs):
            tell_all(await self._commit_group(project_id, first, lane.jobs))
        del self._lanes[project_id]

    async def _commit_group(self, project_id: str, first: Job[Any], queue: deque[Job[Any]]) -> list[JobResult]:
        for is_last in (False, True):
            group = Group(project_id, clock=self._clock, known=self._schedules.get(project_id))
            try:
                async with self._pool.link() as link:
                    await group.run(link, first, _others(queue))
            except Exception as error:  # noqa: BLE001  nobody may wait forever, whatever it is
                # a connection may have broken since it was last used; nothing was done over it
                if is_last or group.outcomes or not (isinstance(error, Fault) and error.is_of_the_way):
                    return self._failed([one.job for one in group.outcomes] or [first], error)
            else:
                break
        if group.schedule is not None:
            self._schedules.offer([group.schedule])
        return group.outcomes

    def _failed(self, jobs: list[Job[Any]], error: Exception) -> list[JobResult]:
        if isinstance(error, Fault):
            problem: Exception = told(error, self._address)
            problem.__cause__ = error
        else:
            problem = error
        return [JobResult(job, error=problem) for job in jobs]


def _next(queue: deque[Job[Any]]) -> Job[Any] | None:
    """The first in the queue for whom somebody still waits."""
    while queue:
        job = queue.popleft()
        if not job.answer.cancelled():
            return job
    return None


def _others(queue: deque[Job[Any]]) -> Iterator[Job[Any]]:
    """Those that queue up behind the first while the group is open."""
    closes_at = time.monotonic() + GROUP_SECONDS
    for _ in range(GROUP_SIZE - 1):
        if time.monotonic() >= closes_at or not (job := _next(queue)):
            return
        yield job
