"""What a transaction keeps count of: the revision it moves, the diaries it changes, the books it reads."""

from slotmcp.domain.schedule import Schedule
from slotmcp.store import statements
from slotmcp.store.reading import REVISIONS_LOGGED, Change, Snapshot, no_project, read_book, reread


class ChangeLog:
    """One project's revision, change log and book within one transaction."""

    def __init__(self, snapshot: Snapshot, known: Schedule | None) -> None:
        self._snapshot = snapshot
        self._revision = 0
        self._moved = False
        self._changed: set[Change] = set()
        self._unread: set[Change] = set()
        """What changed since the book was last given."""
        self._schedule: Schedule | None = None
        self._untouched = known

    @property
    def revision(self) -> int:
        """The project's revision, as this transaction leaves it so far."""
        return self._revision

    @property
    def has_moved(self) -> bool:
        """Return whether this transaction moved the revision."""
        return self._moved

    @property
    def untouched_book(self) -> Schedule | None:
        """The newest book that was read and holds nothing of this transaction: it survives a rollback."""
        return self._untouched

    @property
    def finished_book(self) -> Schedule | None:
        """The newest book that was read and is true once this transaction is committed."""
        return self._untouched if self._unread or self._schedule is None else self._schedule

    def begin_at(self, revision: int) -> None:
        """Begin where the project is known to stand."""
        self._revision = revision

    async def begin(self, *, create: bool) -> bytes:
        """Find the project and give its salt; a project to be created has none yet.

        Raises:
            NotFound: there is no such project (without `create`).
        """
        rows = await self._snapshot.fetch(statements.PROJECT_STATE, project=self._snapshot.project_id)
        if rows:
            self._revision, salt = rows[0]
            return bytes(salt)
        if not create:
            raise await no_project(self._snapshot)
        return b""

    async def change(self, *changes: Change) -> None:
        """Note what changed. The first change moves the revision."""
        fetch, project = self._snapshot.fetch, self._snapshot.project_id
        if not self._moved:
            self._revision = (await fetch(statements.NEXT_REVISION, project=project, logged=REVISIONS_LOGGED))[0][0]
            self._moved = True
        self._changed.update(changes)
        self._unread.update(changes)

    async def schedule(self) -> Schedule:
        """The book with all of this transaction's writes."""
        if self._schedule is None:
            self._schedule = await read_book(self._snapshot, self._untouched, self._revision)
        if self._unread:
            self._schedule = await reread(self._snapshot, self._schedule, self._unread, self._revision)
            self._unread.clear()
        if not self._moved:
            self._untouched = self._schedule
        return self._schedule

    async def finish(self) -> None:
        """Log what changed, so that other processes reload just that."""
        fetch, project = self._snapshot.fetch, self._snapshot.project_id
        if not self._moved:
            return
        for technician, claim in self._changed:
            await fetch(
                statements.ADD_CHANGE, project=project, revision=self._revision, technician=technician, claim=claim
            )
        await fetch(statements.FORGET_CHANGES, project=project, revision=self._revision - REVISIONS_LOGGED)
