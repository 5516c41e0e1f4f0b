"""Schedule reader of a fleet, which shares the schedules and revisions that its servers read or write."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import ScheduleSource
from slotmcp.ports import ChangeNotice, Clock, Fleet, Head, ProjectMemory, ScheduleReader, Store
from slotmcp.services.concurrency import Notifier, SingleFlight
from slotmcp.services.tracing import current_trace

CATALOG_SECONDS: Final = 1.0
"""Time after a query in which its only project is assumed to be the only one."""
MAX_KNOWN_REVISIONS: Final = 10_000
"""Maximum number of projects whose newest revision is kept. Those of other projects are read again."""
SAMPLE_SECONDS: Final = 1.0
"""Validity of a sample of the store's clock. Within it, a change to either clock goes unnoticed."""


class StoreClock:
    """Estimate of the store's clock between round trips.

    Each round trip is a sample: the store read its clock between this server's times before and after the trip. The
    offset moves no further than a sample requires, so its error is at most one round trip. If both clocks are the
    same, it stays constant.
    """

    def __init__(self, clock: Clock, seconds: Callable[[], float]) -> None:
        """Start without a sample.

        Args:
            clock: clock of this server.
            seconds: monotonic clock.
        """
        self._clock = clock
        self._seconds = seconds
        self._offset_ms = 0
        self._valid_until = float("-inf")

    @property
    def is_known(self) -> bool:
        """Return whether the last sample is still valid."""
        return self._seconds() < self._valid_until

    def now_ms(self) -> int:
        """Return the estimate of the store's time in milliseconds. Call this only while it is known."""
        return self._clock.now_ms() + self._offset_ms

    def add_sample(self, store_now_ms: int, *, sent_ms: int) -> None:
        """Adjust the offset by a round trip: the store's time, and this server's time before the trip."""
        min_offset_ms, max_offset_ms = store_now_ms - self._clock.now_ms(), store_now_ms - sent_ms
        self._offset_ms = min(max(self._offset_ms, min_offset_ms), max_offset_ms)
        self._valid_until = self._seconds() + SAMPLE_SECONDS


class KnownRevisions:
    """Newest known revision of each project. It decreases only when the database itself reports a lower one."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._known: dict[str, tuple[int, float]] = {}

    def raise_to(self, project_id: str, revision: int) -> int:
        """Record a revision that a server reported or committed, and return the newest."""
        newest, _ = self._known.get(project_id, (0, 0.0))
        if revision <= newest:
            return newest
        self._record(project_id, revision, self._seconds())
        return revision

    def record_read(self, project_id: str, revision: int, *, sent_at: float) -> int:
        """Record the result of a query that was sent at a monotonic second, and return the newest revision.

        A higher revision that was known before the query is dropped: it belongs to another database, or the database
        was restored from a backup.
        """
        if self._known.get(project_id, (0, 0.0))[1] < sent_at:
            self._record(project_id, revision, sent_at)
        return self.raise_to(project_id, revision)

    def _record(self, project_id: str, revision: int, at: float) -> None:
        """Record a revision, and drop the one that was recorded longest ago if there are too many."""
        self._known.pop(project_id, None)
        self._known[project_id] = revision, at
        if len(self._known) > MAX_KNOWN_REVISIONS:
            del self._known[next(iter(self._known))]


class FleetScheduleReader:
    """Implementation of the port ScheduleReader on a fleet, with the store as the fallback.

    It shares the schedules that it reads, and the notices of commits. Transactions never use data from the fleet.
    """

    def __init__(self, store: ScheduleReader, fleet: Fleet, *, clock: Clock, memory: ProjectMemory) -> None:
        self._store = store
        self._fleet = fleet
        self._clock = clock
        self.notifier = Notifier()
        """Notified of every event of a project, on any server."""
        self._seconds = asyncio.get_running_loop().time
        self._store_clock = StoreClock(clock, self._seconds)
        self._revisions = KnownRevisions(self._seconds)
        self._single_flight = SingleFlight()
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._borrowed: dict[str, Schedule] = memory.table()
        """Schedules from the fleet, by project. They are never passed to the store as known schedules."""
        self._only_project: tuple[str, float] | None = None
        """Id of the only project, and the monotonic second until which it is assumed to be the only one."""

    @classmethod
    @asynccontextmanager
    async def open(cls, store: Store, fleet: Fleet, *, clock: Clock) -> AsyncIterator[Self]:
        """Join a fleet with a store.

        Args:
            store: store whose commits are published to the fleet from now on.
            fleet: memory that the servers share.
            clock: clock of this server.
        """
        reader = cls(store, fleet, clock=clock, memory=store.project_memory)
        fleet.subscribe(reader._receive)
        store.subscribe(reader._publish)
        try:
            yield reader
        finally:
            await reader._single_flight.settle()
            await asyncio.gather(*reader._background_tasks)

    async def only_head(self) -> tuple[str, Head]:
        if self._only_project is not None and self._seconds() < self._only_project[1]:
            project_id, _ = self._only_project
            return project_id, await self.head(project_id)
        self._only_project = None
        sent_ms, sent_at = self._clock.now_ms(), self._seconds()
        project_id, head = await self._store.only_head()
        self._only_project = (project_id, sent_at + CATALOG_SECONDS)
        return project_id, self._record_head(project_id, head, sent_ms=sent_ms, sent_at=sent_at)

    async def head(self, project_id: str) -> Head:
        """Return a project's head. Its revision was current in the database at most a second ago."""
        if self._store_clock.is_known:
            revision = await self._fleet.revision(project_id)
            if revision is not None:
                return Head(self._revisions.raise_to(project_id, revision), self._store_clock.now_ms())
        return await self._single_flight.run(("head", project_id), lambda: self._read_head(project_id))

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        """Return the newest schedule. A server that has read none takes the newest one from the fleet, if possible."""
        borrowed = self._borrowed.get(project_id)
        if known is None or known is borrowed:
            revision = (await self.head(project_id)).revision
            if known is not None and known.revision == revision:
                return known
            schedule = await self._fleet.snapshot(project_id, revision)
            if schedule is not None:
                self._borrowed[project_id] = schedule
                if builder := current_trace():
                    builder.schedule_source = ScheduleSource.SHARED
                return schedule
            known = None
        self._borrowed.pop(project_id, None)
        return await self._single_flight.run(("schedule", project_id), lambda: self._read_schedule(project_id, known))

    async def drop_snapshots(self, project_id: str) -> bool:
        """Delete the shared schedules of a project; return False if they could not be deleted."""
        return await self._fleet.drop_snapshots(project_id)

    async def _read_head(self, project_id: str) -> Head:
        sent_ms, sent_at = self._clock.now_ms(), self._seconds()
        head = await self._store.head(project_id)
        newest = self._record_head(project_id, head, sent_ms=sent_ms, sent_at=sent_at)
        age_ms = round((self._seconds() - sent_at) * MS_PER_SECOND)
        self._start(self._fleet.report_revision(project_id, head.revision, age_ms=age_ms))
        return newest

    async def _read_schedule(self, project_id: str, known: Schedule | None) -> Schedule:
        sent_at = self._seconds()
        schedule = await self._store.schedule(project_id, known)
        self._revisions.record_read(project_id, schedule.revision, sent_at=sent_at)
        self._start(self._fleet.save_snapshot(schedule))
        return schedule

    def _record_head(self, project_id: str, head: Head, *, sent_ms: int, sent_at: float) -> Head:
        self._store_clock.add_sample(head.now_ms, sent_ms=sent_ms)
        return Head(self._revisions.record_read(project_id, head.revision, sent_at=sent_at), head.now_ms)

    async def _publish(self, notice: ChangeNotice) -> None:
        self._receive(notice)
        await self._fleet.publish(notice)

    def _receive(self, notice: ChangeNotice) -> None:
        self._revisions.raise_to(notice.project_id, notice.revision)
        if self._only_project is not None and self._only_project[0] != notice.project_id:
            self._only_project = None
        if notice.newest_event:
            self.notifier.notify()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background."""
        task = asyncio.ensure_future(work)
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)
