"""Units of work that queue up, and what becomes of them."""

import asyncio
from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from slotmcp import telemetry
from slotmcp.ports import CommitHandler, Unit
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.reading import Snapshot
from slotmcp.store.transaction import SqlTransaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """A unit of work, and who waits for it."""

    project_id: str
    unit: Unit[T]
    create: bool
    answer: asyncio.Future[tuple[T, SqlTransaction]]
    give_up_at: float
    """When the lock should have been had, in monotonic seconds."""
    context: Context = field(default_factory=copy_context)
    """The caller's context variables; the unit sees them."""


@dataclass(slots=True)
class JobResult:
    """What became of a job: a value, or an error where there is one."""

    job: Job[Any]
    value: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Tell who waits, if they still do. To be called on their event loop."""
        if self.job.answer.done():
            return
        if self.error is None:
            self.job.answer.set_result(self.value)
        else:
            self.job.answer.set_exception(self.error)


async def run_unit(job: Job[T], snapshot: Snapshot, change_log: ChangeLog, salt: bytes) -> tuple[T, SqlTransaction]:
    """Run a job's unit in the transaction that its ledger has begun.

    Raises:
        What the unit raises.
    """
    transaction = SqlTransaction(snapshot, change_log, salt)
    value = await job.unit(transaction)
    await change_log.finish()
    return value, transaction


async def committed(job: Job[T], handlers: Sequence[CommitHandler]) -> T:
    """Wait for the commit of a job, count its hold events, await the handlers of its notice; return its value.

    Raises:
        What the unit or its commit raises.
    """
    value, transaction = await job.answer
    telemetry.record_hold_events(transaction.hold_events)
    if handlers and (notice := transaction.change_notice):
        for handler in handlers:
            await handler(notice)
    return value


def tell_all(outcomes: Iterable[JobResult]) -> None:
    """Tell everybody who waits. To be called on their event loop."""
    for outcome in outcomes:
        outcome.tell()
