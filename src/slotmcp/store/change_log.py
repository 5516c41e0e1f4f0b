"""Change log of a transaction, and the newest schedules that the store has read."""

import threading
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ProjectMemory
from slotmcp.store.columns import CHANGES
from slotmcp.store.project_state import PROJECT_STATE, ProjectState
from slotmcp.store.schedules import (
    REVISIONS_LOGGED,
    Change,
    WritableSnapshot,
    patched,
    project_not_found,
    read_schedule,
    reread,
    summarize,
)
from slotmcp.store.schema_guard import check_schema, check_schema_in_use
from slotmcp.store.statement import Statement, insert

CLEANUP_INTERVAL_MS: Final = MS_PER_MINUTE
"""Time after which a process deletes a project's old rows again, together with a write."""

# Set a project's revision. PostgreSQL also deletes changes that are no longer read.
SET_REVISION = Statement(
    "UPDATE projects SET revision = :revision WHERE id = :project_id",
    postgres="""
WITH forgotten AS (DELETE FROM changes WHERE project_id = :project_id AND revision <= :forgotten)
UPDATE projects SET revision = :revision WHERE id = :project_id
""",
)

# Log a change: a claim of a technician, all of a technician's time, or the catalog.
ADD_CHANGE = Statement(insert(CHANGES))


class ChangeLog:
    """Revision, changes and schedule of one project within one transaction."""

    def __init__(self, snapshot: WritableSnapshot, state: ProjectState) -> None:
        self._snapshot = snapshot
        self._state = state
        self._revision = state.revision
        self._changed: set[Change] = set()
        self._unread: set[Change] = set(state.unread)
        """Changes since the schedule was last read that have to be read."""
        self._patches: dict[Change, Claim | None] = {}
        """Claims that this transaction wrote since then; None: the claim takes no time any more."""
        self._schedule: Schedule | None = None
        self.salt = state.salt
        self.expiries = state.expiries
        self.has_open_entries = state.has_open_entries

    @property
    def revision(self) -> int:
        """Project's revision, as this transaction leaves it so far."""
        return self._revision

    @property
    def has_moved(self) -> bool:
        """Return whether this transaction incremented the revision."""
        return self._revision > self._state.revision

    @property
    def state_after_rollback(self) -> ProjectState:
        """State without the changes of this transaction, with what it read before them."""
        return self._state

    @property
    def state_after_commit(self) -> ProjectState:
        """State that this transaction leaves. Its schedule is as new as possible without reading."""
        state = replace(
            self._state,
            salt=self.salt,
            expiries=self.expiries,
            has_open_entries=self.has_open_entries,
        )
        if not self.has_moved:
            return state
        known = self._schedule or (state.schedule if state.has_current_schedule else None)
        unread = frozenset(self._unread if known else self._unread | self._patches.keys())
        if known is not None and self._patches:
            known = patched(self._snapshot, known, self._patches, self._revision)
        log = (*state.log, (self._revision, frozenset(self._changed)))
        return replace(state, revision=self._revision, schedule=known or state.schedule, unread=unread, log=log)

    def record(self, *changes: Change) -> None:
        """Record changes that the next schedule has to read. The first change increments the revision."""
        self._add(changes)
        self._unread.update(changes)

    def put(self, claim: Claim, *, owner: str) -> None:
        """Record that a claim, which was that of the technician `owner` or is new, is now as it is passed."""
        changes: list[Change] = [(claim.technician_id, claim.id)]
        if owner != claim.technician_id:
            changes.append((owner, claim.id))
        self._add(changes)
        self._patches.update(dict.fromkeys(changes))
        self._patches[claim.technician_id, claim.id] = claim

    def remove(self, technician_id: str, claim_id: str) -> None:
        """Record that a claim of a technician takes no time any more."""
        self._add([(technician_id, claim_id)])
        self._patches[technician_id, claim_id] = None

    def _add(self, changes: Collection[Change]) -> None:
        self._revision = self._state.revision + 1
        self._changed.update(changes)

    async def schedule(self) -> Schedule:
        """Return the schedule with all writes of this transaction."""
        if self._schedule is None:
            state = self._state
            self._schedule = state.schedule if state.has_current_schedule else None
            if self._schedule is None:
                self._schedule = await read_schedule(self._snapshot, state.schedule, state.logged_revision)
        if self._patches:  # before what is read, which is newer
            self._schedule = patched(self._snapshot, self._schedule, self._patches, self._revision)
            self._patches.clear()
        if self._unread:
            self._schedule = await reread(self._snapshot, self._schedule, self._unread, self._revision)
            self._unread.clear()
        if not self.has_moved and self._state.schedule is not self._schedule:
            self._state = replace(self._state, schedule=self._schedule, unread=frozenset())
        return self._schedule


async def begin(snapshot: WritableSnapshot, known: Schedule | None, *, create: bool) -> ProjectState:
    """Return the state of a project at the start of a group. A project to be created has an empty one.

    `known` is the newest schedule that this process has read.

    Raises:
        NotFound: there is no such project (without `create`).
        DatabaseUnusable: the database is encrypted, and this process has no key.
        Unavailable: the database has another schema.
    """
    rows = await snapshot.fetch(PROJECT_STATE, project_id=snapshot.project_id)
    if rows:
        *columns, version = rows[0]
        check_schema(version)
        return ProjectState.of(tuple(columns), known)
    if not create:
        raise await project_not_found(snapshot)
    await check_schema_in_use(snapshot.fetch)
    return ProjectState()


async def log_changes(snapshot: WritableSnapshot, state: ProjectState) -> None:
    """Log the changes of a group before its commit, so that other processes reload only those."""
    if not state.log:
        return
    project_id, revision = snapshot.project_id, state.revision
    forgotten = revision - REVISIONS_LOGGED
    await snapshot.fetch(SET_REVISION, project_id=project_id, revision=revision, forgotten=forgotten)
    logged = [
        {"project_id": project_id, "revision": number, "technician_id": technician_id, "claim_id": claim_id}
        for number, changes in state.log
        for technician_id, claim_id in summarize(changes)
    ]
    await snapshot.run_many(ADD_CHANGE, logged)


class LatestSchedules:
    """Newest committed schedule of each project that was read. Reading and writing threads share it."""

    def __init__(self, memory: ProjectMemory) -> None:
        self._memory = memory
        self._schedules: dict[str, Schedule] = memory.table()
        self._cleaned_up_at_ms: dict[str, int] = memory.table()
        self._lock = threading.Lock()

    def get(self, project_id: str) -> Schedule | None:
        """Return the newest schedule of a project, or None if none was read."""
        return self._schedules.get(project_id)

    def offer(self, schedules: Iterable[Schedule]) -> None:
        """Store schedules, except those of which a newer one is stored."""
        with self._lock:
            for schedule in schedules:
                latest = self._schedules.get(schedule.project.id)
                if latest is None or latest.revision <= schedule.revision:
                    self._schedules[schedule.project.id] = schedule
                    self._memory.note(schedule.project.id, schedule.estimated_bytes)

    def is_cleanup_due(self, project_id: str, now_ms: int) -> bool:
        """Return whether a writer has to delete a project's old rows now, which is once per minute."""
        cleaned_up_at_ms = self._cleaned_up_at_ms.get(project_id)
        is_due = cleaned_up_at_ms is None or abs(now_ms - cleaned_up_at_ms) >= CLEANUP_INTERVAL_MS
        if is_due:
            self._cleaned_up_at_ms[project_id] = now_ms
            self._memory.note(project_id)
        return is_due
