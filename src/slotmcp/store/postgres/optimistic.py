"""Optimistic group: units of work of one project that are decided in memory, and written by one statement.

Optimistic concurrency control: no lock is held while the units are decided. The statement that writes the group takes
the lock for itself, and writes nothing if another writer has changed the project meanwhile. While other writers are
faster, the group takes the lock before it is decided.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from slotmcp.ports import Clock
from slotmcp.store.change_log import ChangeLog, LatestSchedules, log_changes
from slotmcp.store.housekeeping import clean_up
from slotmcp.store.jobs import Job, JobResult, run_unit
from slotmcp.store.postgres.catching_up import read_known
from slotmcp.store.postgres.draft import (
    Draft,
    Knowledge,
    LockNeeded,
    NextGroupNeeded,
    ReadKey,
    ReadNeeded,
    ScheduleNeeded,
)
from slotmcp.store.postgres.group import ROLLBACK, commit
from slotmcp.store.postgres.known_projects import KnownProject, KnownProjects
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.lookups import read_all
from slotmcp.store.postgres.outages import Fault, unknown_outcome
from slotmcp.store.postgres.pending import PendingWrites
from slotmcp.store.postgres.reader import let_others_run
from slotmcp.store.postgres.statements import LOCK_IN_TRANSACTION, WRITE_GROUP
from slotmcp.store.project_state import ProjectState
from slotmcp.store.schedules import Snapshot, WritableSnapshot, read_schedule
from slotmcp.store.schema import SCHEMA
from slotmcp.store.statement import drive

ATTEMPTS: Final = 3
"""Maximum number of times that a group is decided at one version, because rows exist that it assumed to be missing."""
CONFLICTS: Final = 2
"""Number of times that another writer may be faster before the group takes the lock first."""
READS: Final = 4
"""Maximum number of round trips in which a group reads rows that depend on each other."""


class GroupOutcome(StrEnum):
    """Outcome of a group. The database's function write_group returns all except `REJECTED`."""

    WRITTEN = "written"
    LOCKED = "locked"
    """Another writer has the lock."""
    CHANGED = "changed"
    """Another writer has changed the project, or the clock or the schema has."""
    UNEXPECTED = "unexpected"
    """A row exists that a unit assumed to be missing."""
    REJECTED = "rejected"
    """The database rejected a row, or there is no such project."""


class OptimisticGroup:
    """One group. Each job ends up in `results`, in `next_group` or in `for_lock`."""

    def __init__(self, project_id: str, jobs: Sequence[Job[Any]], *, clock: Clock | None, known: KnownProjects) -> None:
        self._project_id = project_id
        self._jobs = jobs
        self._clock = clock
        self._known = known
        self._knowledge: Knowledge = {}
        self._has_lock = False
        """True in a transaction that has the lock. A lost response then means that nothing was written."""
        self._reset()

    def _reset(self) -> None:
        self.results: list[JobResult] = []
        """Results of the jobs that were decided, which are valid once the group is written."""
        self.next_group: list[Job[Any]] = []
        """Jobs that depend on what this group writes."""
        self.for_lock: list[Job[Any]] = []
        """Jobs that cannot be decided without the lock."""
        self._pending = PendingWrites()
        self._assumed: set[ReadKey] = set()
        self._state = ProjectState()
        self._now_ms = 0

    async def run(self, link: Link, schedules: LatestSchedules) -> GroupOutcome:
        """Decide and write the group. If it was not written, all jobs are in `for_lock`.

        Raises:
            Fault: nothing was written.
            Unavailable: the database has another schema, or it is unknown if the group was written.
        """
        outcome = GroupOutcome.LOCKED
        if not self._known.is_contended(self._project_id):
            outcome = await self._run_without_lock(link, schedules)
            if outcome in {GroupOutcome.CHANGED, GroupOutcome.LOCKED}:
                self._known.note_contention(self._project_id)
        if outcome in {GroupOutcome.CHANGED, GroupOutcome.LOCKED}:
            outcome = await self._run_under_lock(link, schedules)
        if outcome is not GroupOutcome.WRITTEN:
            self._reset()
            self.for_lock = list(self._jobs)
        return outcome

    async def _run_without_lock(self, link: Link, schedules: LatestSchedules) -> GroupOutcome:
        """Decide and write the group, again if another writer was faster."""
        for _ in range(CONFLICTS):
            outcome = await self._run_at_one_version(link, schedules)
            if outcome is not GroupOutcome.CHANGED:
                break
        return outcome

    async def _run_under_lock(self, link: Link, schedules: LatestSchedules) -> GroupOutcome:
        """Lock the project, decide and write the group, and commit it."""
        if not await self._lock(link):
            return GroupOutcome.LOCKED
        self._has_lock = True
        self._known.forget(self._project_id)
        outcome = await self._run_at_one_version(link, schedules)
        if outcome is GroupOutcome.WRITTEN:
            await commit(link)
        else:
            await link.run(ROLLBACK)
        return outcome

    async def _lock(self, link: Link) -> bool:
        """Begin a transaction with the lock; return False if the first job cannot wait any longer.

        Raises:
            Fault.
        """
        wait_ms, id_hex = self._jobs[0].wait_ms, self._project_id.encode().hex()
        try:
            await link.run(LOCK_IN_TRANSACTION.format(wait_ms=wait_ms, id_hex=id_hex))
        except Fault as fault:
            if not fault.is_lock_timeout:
                raise
            await link.run(ROLLBACK)
            return False
        return True

    async def _run_at_one_version(self, link: Link, schedules: LatestSchedules) -> GroupOutcome:
        """Decide and write the group, again if a row exists that was assumed to be missing."""
        self._knowledge.clear()
        known = self._known.get(self._project_id) or await self._read_state(link, schedules)
        if known is None:
            return GroupOutcome.REJECTED
        await self._clean_up(link, schedules, known)
        for _ in range(ATTEMPTS):
            self._reset()
            outcome = await self._attempt(link, known)
            if outcome is not GroupOutcome.UNEXPECTED:
                break
        if outcome is not GroupOutcome.WRITTEN:
            self._known.forget(self._project_id)
        return outcome

    async def _read_state(self, link: Link, schedules: LatestSchedules) -> KnownProject | None:
        """Read the state of the project; return None if there is no such project.

        Raises:
            Fault, Unavailable.
        """
        known = await read_known(link, self._project_id, schedules.get(self._project_id), clock=self._clock)
        if known is not None:
            self._known.put(self._project_id, known)
        return known

    async def _clean_up(self, link: Link, schedules: LatestSchedules, known: KnownProject) -> None:
        """Delete old rows once per minute, which needs no lock.

        Raises:
            Fault.
        """
        now_ms = self._time_of(known)
        if schedules.is_cleanup_due(self._project_id, now_ms):
            run_many = link.run_many
            await clean_up(
                WritableSnapshot(fetch=link.fetch, run_many=run_many, project_id=self._project_id, now_ms=now_ms)
            )

    def _time_of(self, known: KnownProject) -> int:
        return known.now_ms() if self._clock is None else self._clock.now_ms()

    async def _attempt(self, link: Link, known: KnownProject) -> GroupOutcome:
        """Decide all jobs, and write what they decided."""
        if not await self._decide_all(link, known):
            return GroupOutcome.CHANGED
        if not self.results:
            return GroupOutcome.WRITTEN
        outcome = await self._write(link, known)
        if outcome is GroupOutcome.UNEXPECTED and not await self._learn(link, known, self._assumed):
            return GroupOutcome.CHANGED
        return outcome

    async def _decide_all(self, link: Link, known: KnownProject) -> bool:
        """Decide the jobs in order, after reading what they need; return False if the project has changed."""
        self._state, jobs = known.state, list(self._jobs)
        for _ in range(READS):
            needed = [(job, key) for job in jobs if (key := await self._try(link, job, known))]
            if not needed:
                return True
            if not await self._learn(link, known, {key for _, key in needed}):
                return False
            jobs = [job for job, _ in needed]
        self.for_lock += jobs
        return True

    async def _try(self, link: Link, job: Job[Any], known: KnownProject) -> ReadKey | None:
        """Decide a job, or put it aside; return what it needs to read."""
        try:
            if not self._decide(job, known):
                await self._read_schedule(link, known)
                if not self._decide(job, known):
                    self.for_lock.append(job)
        except ReadNeeded as signal:
            return signal.key
        except NextGroupNeeded:
            self.next_group.append(job)
        except LockNeeded:
            self.for_lock.append(job)
        return None

    async def _read_schedule(self, link: Link, known: KnownProject) -> None:
        """Read what the schedule lacks, unless the group has already changed it.

        The statements need no common snapshot: if the project changes meanwhile, the group is not written.

        Raises:
            NextGroupNeeded: the group has changed it.
            Fault.
        """
        if self._state.revision != known.state.revision:
            raise NextGroupNeeded
        snapshot = Snapshot(fetch=link.fetch, project_id=self._project_id, now_ms=self._now_ms, pause=let_others_run)
        schedule = await read_schedule(snapshot, known.state.schedule, known.state.revision)
        self._state = replace(self._state, schedule=schedule)

    def _decide(self, job: Job[Any], known: KnownProject) -> bool:
        """Run a unit of work, and keep its result and its writes; return False if it needs the schedule.

        A unit that fails writes nothing.

        Raises:
            ReadNeeded, NextGroupNeeded, LockNeeded.
        """
        self._now_ms = self._time_of(known)
        draft = Draft(self._pending, self._knowledge)
        snapshot, result = self._snapshot(draft), JobResult(job)
        change_log = ChangeLog(snapshot, self._state)
        try:
            result.value = job.context.run(drive, run_unit(job, snapshot, change_log))
        except Exception as error:  # noqa: BLE001  the caller gets it
            result.error = error
            self._state = change_log.state_after_rollback
        except ScheduleNeeded:
            return False
        except (ReadNeeded, NextGroupNeeded, LockNeeded, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001  such as a cancellation: under the lock, the caller gets it
            raise LockNeeded from None
        else:
            self._state = change_log.state_after_commit
            self._pending.include(draft.pending)
        self._pending.include_assumptions(draft.pending)
        self._assumed |= draft.assumed
        self.results.append(result)
        return True

    async def _learn(self, link: Link, known: KnownProject, keys: Collection[ReadKey]) -> bool:
        """Read rows; return False if the project has changed."""
        version, found = await read_all(link, self._project_id, keys)
        self._knowledge |= found
        return version == known.version

    async def _write(self, link: Link, known: KnownProject) -> GroupOutcome:
        """Write the group in one statement.

        Raises:
            Fault: nothing was written.
            Unavailable: it is unknown if the group was written.
        """
        self._log_changes()
        try:
            ((text, revision, version, clock_ms),) = await link.fetch(
                WRITE_GROUP,
                project_id=self._project_id,
                version=known.version,
                schema=SCHEMA.newest,
                work=self._pending.as_json(clock_ms=None if self._clock else self._now_ms, cipher=link.cipher),
            )
        except Fault as fault:
            if fault.is_outcome_unknown and not self._has_lock:
                raise unknown_outcome() from fault
            raise
        except Exception:  # noqa: BLE001  a constraint, or a text that JSON cannot hold; under the lock, its unit gets it
            return GroupOutcome.REJECTED
        outcome = GroupOutcome(text)
        if outcome is GroupOutcome.WRITTEN:
            self._keep_state(revision, version, clock_ms)
        return outcome

    def _log_changes(self) -> None:
        """Add the change log of the group to its writes."""
        draft = Draft(PendingWrites(), {})
        drive(log_changes(self._snapshot(draft), self._state))
        self._pending.include(draft.pending)

    def _keep_state(self, revision: int, version: str, clock_ms: int) -> None:
        state = replace(self._state, revision=revision, logged_revision=revision, log=())
        known = KnownProject(state=state, version=version, clock_ms=clock_ms, read_at=time.monotonic())
        self._known.put(self._project_id, known)

    def _snapshot(self, draft: Draft) -> WritableSnapshot:
        return WritableSnapshot(
            fetch=draft.fetch, run_many=draft.run_many, project_id=self._project_id, now_ms=self._now_ms
        )
