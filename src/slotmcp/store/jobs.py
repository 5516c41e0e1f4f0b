"""Jobs: queued units of work, the callers that wait for them, and their results."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from slotmcp import telemetry
from slotmcp.domain.errors import Unavailable
from slotmcp.ports import CommitHandler, Unit
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.schedules import WritableSnapshot
from slotmcp.store.transaction import SqlTransaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """Unit of work and the future of the caller that waits for it."""

    project_id: str
    unit: Unit[T]
    create: bool
    future: asyncio.Future[tuple[T, SqlTransaction]]
    give_up_at: float
    """Deadline for getting the lock, in monotonic seconds."""
    context: Context = field(default_factory=copy_context)
    """Context variables of the caller, which the unit sees."""

    @property
    def wait_ms(self) -> int:
        """Return the milliseconds until the deadline: at least 1, because 0 turns PostgreSQL's lock timeout off."""
        return max(1, round((self.give_up_at - time.monotonic()) * 1000))


@dataclass(slots=True)
class JobResult:
    """Value of a job, or its error if there is one."""

    job: Job[Any]
    value: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """Resolve the caller's future unless it is done. Call this on the caller's event loop."""
        future = self.job.future
        if future.done():
            return
        if self.error is None:
            future.set_result(self.value)
        else:
            future.set_exception(self.error)


async def run_unit(job: Job[T], snapshot: WritableSnapshot, change_log: ChangeLog) -> tuple[T, SqlTransaction]:
    """Run a job's unit in a transaction that the writer has begun; return its value and the transaction.

    Raises:
        Exception: any exception of the unit.
    """
    transaction = SqlTransaction(snapshot, change_log)
    return await job.unit(transaction), transaction


async def committed(job: Job[T], handlers: Sequence[CommitHandler]) -> T:
    """Wait for the commit of a job, record its hold events, notify the commit handlers, and return its value.

    Raises:
        Exception: any exception of the unit or of its commit.
    """
    value, transaction = await job.future
    telemetry.record_hold_events(transaction.hold_events)
    if handlers and (notice := transaction.change_notice):
        for handler in handlers:
            await handler(notice)
    return value


def deliver_all(results: Iterable[JobResult]) -> None:
    """Deliver results to their callers. Call this on the callers' event loop."""
    for result in results:
        result.deliver()


def shutting_down() -> Unavailable:
    """Return the error of a job that arrives while the writer is closing."""
    return Unavailable("Nothing was done: the server is shutting down.", retry_after_ms=1_000)
