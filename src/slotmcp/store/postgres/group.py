"""A group of units of work of one project, one after the other under its lock, with one commit.

The commit waits for the disk and the lock for other processes, a unit hardly waits; so all that queue up share both. A
unit that raises takes nothing from its neighbours. Nobody is told anything before the commit.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.fetching import Fetch
from slotmcp.store.jobs import Job, JobResult, run_unit
from slotmcp.store.postgres import statements
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.outages import Fault, unknown_end
from slotmcp.store.postgres.watching import AwaitGuard
from slotmcp.store.reading import Snapshot, no_project

BEGIN: Final = "BEGIN; SET LOCAL lock_timeout = {wait_ms}"
MARK: Final = "SAVEPOINT unit"
KEEP: Final = "RELEASE SAVEPOINT unit"
UNDO: Final = "ROLLBACK TO SAVEPOINT unit"
COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"


class Group:
    """One transaction. A group is run once."""

    def __init__(self, project_id: str, *, clock: Clock | None, known: Schedule | None) -> None:
        self._project_id = project_id
        self._clock = clock
        self._revision = 0
        self._salt = b""
        self._locked_at_ms = 0
        self._locked_at = 0.0
        self.schedule = known
        """The newest book that was read and is true once the group is committed."""
        self.outcomes: list[JobResult] = []
        """What became of each job that was taken out of the queue."""

    async def run(self, link: Link, first: Job[Any], others: Iterator[Job[Any]]) -> None:
        """Run the units of a job and of others behind it, and commit them.

        Raises:
            Fault: all of the group is lost.
            Unavailable: nobody knows whether it is.
        """
        wait_ms = max(1, round((first.give_up_at - time.monotonic()) * 1000))
        await link.run(BEGIN.format(wait_ms=wait_ms))
        is_new = not await self._lock(link, first)
        self.outcomes.append(JobResult(first))
        if not await self._run_first(link, is_new=is_new):
            await link.run(ROLLBACK)
            return
        # the salt of a project that is new is known to its first unit alone
        await _commit(link, "" if is_new else await self._run_others(link, others))

    async def _lock(self, link: Link, job: Job[Any]) -> bool:
        """Lock the project, and learn where it stands; say whether it is there."""
        rows = await link.fetch(statements.LOCK_PROJECT, project=self._project_id)
        if not rows and job.create:
            await link.fetch(statements.LOCK_NAME, project=self._project_id)
            rows = await link.fetch(statements.LOCK_PROJECT, project=self._project_id)
        if rows:
            self._revision, self._salt, self._locked_at_ms = rows[0]
        else:
            ((self._locked_at_ms,),) = await link.fetch(statements.NOW)
        self._locked_at = time.monotonic()
        return bool(rows)

    async def _run_first(self, link: Link, *, is_new: bool) -> bool:
        """Run the unit that needs no savepoint: where it fails, nothing was done. Say whether it succeeded."""
        (outcome,) = self.outcomes
        if not is_new or outcome.job.create:
            return await self._run_unit(link, outcome)
        outcome.error = await no_project(self._snapshot(link.fetch))
        return False

    async def _run_others(self, link: Link, jobs: Iterator[Job[Any]]) -> str:
        """Run the units that queued up, each in a savepoint; say how to end the last one."""
        end = ""
        for job in jobs:
            self.outcomes.append(JobResult(job))
            await link.run(MARK if not end else UNDO if end == UNDO else f"{KEEP}; {MARK}")
            end = KEEP if await self._run_unit(link, self.outcomes[-1]) else UNDO
        return end

    async def _run_unit(self, link: Link, outcome: JobResult) -> bool:
        watch = AwaitGuard(link.fetch)
        snapshot = self._snapshot(watch.fetch)
        change_log = ChangeLog(snapshot, self.schedule)
        change_log.begin_at(self._revision)
        try:
            outcome.value = await watch.run(
                run_unit(outcome.job, snapshot, change_log, self._salt), outcome.job.context
            )
        except Fault:
            raise
        except BaseException as error:  # noqa: BLE001  it is the caller's, who gets it
            outcome.error = error
            self.schedule = change_log.untouched_book or self.schedule
            return False
        self._revision = change_log.revision
        self.schedule = change_log.finished_book or self.schedule
        return True

    def _snapshot(self, fetch: Fetch) -> Snapshot:
        return Snapshot(fetch=fetch, project_id=self._project_id, now_ms=self._now_ms())

    def _now_ms(self) -> int:
        if self._clock is not None:
            return self._clock.now_ms()
        return self._locked_at_ms + int((time.monotonic() - self._locked_at) * 1000)


async def _commit(link: Link, end: str) -> None:
    try:
        done = await link.run(f"{end}; {COMMIT}" if end else COMMIT)
    except Fault as fault:
        if fault.is_of_the_way or fault.is_silent:
            raise unknown_end() from fault
        raise
    if done != COMMIT:  # a unit has kept silent about an error that ended the transaction
        raise Fault
