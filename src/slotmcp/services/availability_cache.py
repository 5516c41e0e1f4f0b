"""Cache of each project's availability in this process, kept up to date by revision."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from slotmcp.domain.catalog import Project
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import ScheduleSource
from slotmcp.engine.availability import Availability, new_timelines
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Head, ScheduleReader, Store, Transaction, Travel
from slotmcp.services.concurrency import SingleFlight, collect_in_turns
from slotmcp.services.tracing import current_trace, span

MAX_CLOCK_REGRESSION_MS: Final = 1_000
"""Tolerated clock regression between two concurrent reads. Within it, the later time is used."""

FOUND_SLOT_BYTES: Final = 120
"""Estimated memory of a start that was found for a need, and is kept with the index."""

INDEXED_AT_ONCE: Final = 64
"""Number of technicians who are indexed at once, which takes 20 ms when all of them are new."""


class AvailabilityCache:
    """Cache of availability by project. It reloads and indexes only the technician schedules that changed.

    Availability read in transactions is kept apart from committed availability, because it may be rolled back.
    """

    def __init__(self, store: Store, travel: Travel | None = None, *, schedules: ScheduleReader | None = None) -> None:
        self._store = store
        self._schedules = schedules or store
        self._travel = travel
        self._memory = store.project_memory
        self._committed: dict[str, Availability] = self._memory.table()
        self._locked: dict[str, Availability] = self._memory.table()
        self._latest: Availability | None = None
        """Availability of the latest call, whose index grew in it."""
        self._updates = SingleFlight()

    async def project_id(self, requested_id: str | None) -> str:
        """Return the requested project's id, or that of the only project.

        Raises:
            InvalidArgument: none was requested, and there is not exactly one.
        """
        return (await self._schedules.only_head())[0] if requested_id is None else requested_id

    async def pseudonyms(self, project_id: str) -> Callable[[str], str]:
        """Return the function that hashes references of a project. Only the first call reads the store.

        Raises:
            NotFound, Unavailable.
        """
        return await self._store.pseudonyms(project_id)

    def cached_project(self, requested_id: str | None) -> Project | None:
        """Return the requested project, or the only cached one, without reading the store."""
        cached = self._committed | self._locked
        if requested_id is None and len(cached) == 1:
            (requested_id,) = cached
        return cached[requested_id].schedule.project if requested_id in cached else None

    def cached(self, project_id: str) -> Availability | None:
        """Return the newest cached availability. It may be outdated, or contain writes that were rolled back."""
        committed, locked = self._committed.get(project_id), self._locked.get(project_id)
        if committed is None or (locked is not None and locked.schedule.revision > committed.schedule.revision):
            return locked
        return committed

    async def availability(self, requested_id: str | None) -> Availability:
        """Return the availability at the newest committed revision and the store's current time.

        The project is resolved as in `project_id`.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        with span("store"):
            if requested_id is not None:
                return await self._refreshed(requested_id, await self._schedules.head(requested_id))
            return await self._refreshed(*await self._schedules.only_head())

    async def _refreshed(self, project_id: str, head: Head) -> Availability:
        cached = self._committed.get(project_id)
        now_ms = head.now_ms
        if cached is not None and 0 < cached.now_ms - now_ms <= MAX_CLOCK_REGRESSION_MS:
            now_ms = cached.now_ms
        if cached is not None and cached.schedule.revision == head.revision and cached.is_usable_at(now_ms):
            newest = cached
        else:
            newest = await self._updated(project_id, head.revision, now_ms)
            now_ms = max(now_ms, newest.now_ms)
        schedule = newest.schedule
        availability = Availability.of(schedule, now_ms, newest, self._cached_times(schedule.project))
        self._committed[project_id] = availability
        self._record_use(availability)
        if builder := current_trace():
            builder.availability = availability
            if cached is not None and cached.schedule is schedule:
                builder.schedule_source = ScheduleSource.MEMORY
        return availability

    def _record_use(self, availability: Availability) -> None:
        project_id, latest = availability.schedule.project.id, self._latest
        if latest is not None and latest.index is not availability.index:
            self._memory.resize(latest.schedule.project.id, self._estimate(latest))
        self._latest = availability
        self._memory.use(project_id, self._estimate(availability))

    def _estimate(self, availability: Availability) -> int:
        """Return the estimated memory of a project, with the slots that were found for reads and for writes."""
        schedule = availability.schedule
        locked = self._locked.get(schedule.project.id)
        found = availability.index.count_found() + (locked.index.count_found() if locked else 0)
        return schedule.estimated_bytes + found * FOUND_SLOT_BYTES

    async def _updated(self, project_id: str, revision: int, now_ms: int) -> Availability:
        """Return the availability at a revision or a later one. Concurrent calls share the work of a large project."""
        cached = self._committed.get(project_id)
        update: Callable[[], Awaitable[Availability]] = partial(self._update, project_id, now_ms)
        if cached is None or not _is_small(cached.schedule):
            update = partial(self._updates.run, project_id, update)
        newest = await update()
        if newest.schedule.revision < revision:  # it shared a read that had begun before this revision
            newest = await update()
        return newest

    async def _update(self, project_id: str, now_ms: int) -> Availability:
        """Read what changed. Index a large project a few technicians at a time, so that other calls continue."""
        cached = self._committed.get(project_id)
        schedule = await self._schedules.schedule(project_id, cached.schedule if cached else None)
        built = None
        if not _is_small(schedule):
            built = dict(await collect_in_turns(new_timelines(schedule, now_ms, cached)))
        availability = Availability.of(schedule, now_ms, cached, self._cached_times(schedule.project), built)
        self._committed[project_id] = availability
        return availability

    async def locked(self, transaction: Transaction) -> Availability:
        """Return the availability at the current time of a transaction, with the writes of the transaction."""
        schedule = await transaction.schedule()
        project = schedule.project
        previous = self._previous(project.id, transaction.now_ms)
        availability = Availability.of(schedule, transaction.now_ms, previous, self._cached_times(project))
        self._locked[project.id] = availability
        self._memory.note(project.id, schedule.estimated_bytes)
        if (builder := current_trace()) and builder.availability is None:
            builder.availability = availability
        return availability

    def _previous(self, project_id: str, now_ms: int) -> Availability | None:
        """Return the newest cached availability of the past as a source of timelines for the writer's thread."""
        locked, committed = self._locked.get(project_id), self._committed.get(project_id)
        if committed is None or committed.now_ms > now_ms:
            return locked
        if locked is not None and locked.schedule.revision >= committed.schedule.revision:
            return locked
        return committed.detached()

    def _cached_times(self, project: Project) -> TravelTimes | None:
        return self._travel.cached_times(project) if self._travel else None


def _is_small(schedule: Schedule) -> bool:
    return len(schedule.technician_schedules) <= INDEXED_AT_ONCE
