"""Change log of a transaction, and the newest schedules that the store has read."""

import threading
from collections.abc import Collection, Iterable

from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule
from slotmcp.store.catalog import PROJECT_STATE
from slotmcp.store.columns import CHANGES
from slotmcp.store.encryption import readable_salt
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
from slotmcp.store.statement import CoveredBy, Statement, insert

# Increment a project's revision; the row stays locked until the transaction ends. PostgreSQL also deletes changes
# that are no longer read.
NEXT_REVISION = Statement(
    "UPDATE projects SET revision = revision + 1 WHERE id = :project_id RETURNING revision",
    postgres="""
WITH forgotten AS (
    DELETE FROM changes WHERE project_id = :project_id
    AND revision <= (SELECT p.revision + 1 - :revisions_logged FROM projects AS p WHERE id = :project_id)
)
UPDATE projects SET revision = revision + 1 WHERE id = :project_id RETURNING revision
""",
)

# Log a change: a claim of a technician, all of a technician's time, or the catalog.
ADD_CHANGE = Statement(insert(CHANGES))

# Delete changes that are no longer read.
DELETE_OLD_CHANGES = Statement(
    "DELETE FROM changes WHERE project_id = :project_id AND revision <= :revision", postgres=CoveredBy(NEXT_REVISION)
)


class ChangeLog:
    """Revision, changes and schedule of one project within one transaction."""

    def __init__(self, snapshot: WritableSnapshot, known: Schedule | None) -> None:
        self._snapshot = snapshot
        self._revision = self._begun_at = 0
        self._has_moved = False
        self._changed: set[Change] = set()
        self._unread: set[Change] = set()
        """Changes since the schedule was last read that have to be read."""
        self._patches: dict[Change, Claim | None] = {}
        """Claims that this transaction wrote since then; None: the claim takes no time any more."""
        self._schedule: Schedule | None = None
        self._untouched = known

    @property
    def revision(self) -> int:
        """Project's revision, as this transaction leaves it so far."""
        return self._revision

    @property
    def has_moved(self) -> bool:
        """Return whether this transaction incremented the revision."""
        return self._has_moved

    @property
    def schedule_after_rollback(self) -> Schedule | None:
        """Newest schedule that was read and holds no change of this transaction."""
        return self._untouched

    @property
    def schedule_after_commit(self) -> Schedule | None:
        """Newest schedule that is known without reading and valid once this transaction is committed."""
        known = self._schedule
        if known is None and self._untouched is not None and self._untouched.revision == self._begun_at:
            known = self._untouched
        if known is None or self._unread:
            return self._untouched
        return patched(self._snapshot, known, self._patches, self._revision) if self._patches else known

    def begin_at(self, revision: int) -> None:
        """Begin at a revision that the caller has read."""
        self._revision = self._begun_at = revision

    async def begin(self, *, create: bool) -> bytes:
        """Begin at the project's revision, and return its salt. A project to be created has an empty one.

        Raises:
            NotFound: there is no such project (without `create`).
            DatabaseUnusable: the database is encrypted, and this process has no key.
            Unavailable: the database has another schema.
        """
        rows = await self._snapshot.fetch(PROJECT_STATE, project_id=self._snapshot.project_id)
        if rows:
            revision, salt, version = rows[0]
            self.begin_at(revision)
            check_schema(version)
            return readable_salt(bytes(salt))
        if not create:
            raise await project_not_found(self._snapshot)
        await check_schema_in_use(self._snapshot.fetch)
        return b""

    async def record(self, *changes: Change) -> None:
        """Record changes that the next schedule has to read. The first change increments the revision."""
        await self._add(changes)
        self._unread.update(changes)

    async def put(self, claim: Claim, *, owner: str) -> None:
        """Record that a claim, which was that of the technician `owner` or is new, is now as it is passed."""
        changes: list[Change] = [(claim.technician_id, claim.id)]
        if owner != claim.technician_id:
            changes.append((owner, claim.id))
        await self._add(changes)
        self._patches.update(dict.fromkeys(changes))
        self._patches[claim.technician_id, claim.id] = claim

    async def remove(self, technician_id: str, claim_id: str) -> None:
        """Record that a claim of a technician takes no time any more."""
        await self._add([(technician_id, claim_id)])
        self._patches[technician_id, claim_id] = None

    async def _add(self, changes: Collection[Change]) -> None:
        if not self._has_moved:
            ((self._revision,),) = await self._snapshot.fetch(
                NEXT_REVISION, project_id=self._snapshot.project_id, revisions_logged=REVISIONS_LOGGED
            )
            self._has_moved = True
        self._changed.update(changes)

    async def schedule(self) -> Schedule:
        """Return the schedule with all writes of this transaction."""
        if self._schedule is None:
            self._schedule = await read_schedule(self._snapshot, self._untouched, self._begun_at)
        if self._patches:  # before what is read, which is newer
            self._schedule = patched(self._snapshot, self._schedule, self._patches, self._revision)
            self._patches.clear()
        if self._unread:
            self._schedule = await reread(self._snapshot, self._schedule, self._unread, self._revision)
            self._unread.clear()
        if not self._has_moved:
            self._untouched = self._schedule
        return self._schedule

    async def finish(self) -> None:
        """Log the changes, so that other processes reload only those."""
        snapshot, revision = self._snapshot, self._revision
        if not self._has_moved:
            return
        changes = (dict(zip(("technician_id", "claim_id"), change, strict=True)) for change in summarize(self._changed))
        key = {"project_id": snapshot.project_id, "revision": revision}
        await snapshot.run_many(ADD_CHANGE, [key | change for change in changes])
        await snapshot.fetch(DELETE_OLD_CHANGES, project_id=snapshot.project_id, revision=revision - REVISIONS_LOGGED)


class LatestSchedules:
    """Newest committed schedule of each project that was read. Reading and writing threads share it."""

    def __init__(self) -> None:
        self._schedules: dict[str, Schedule] = {}
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
