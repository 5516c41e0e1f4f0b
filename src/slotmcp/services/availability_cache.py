"""The shelf: the availability of each project that this process has asked about, kept up to date."""

from typing import Final

from slotmcp.domain.access import only_project
from slotmcp.domain.catalog import Project
from slotmcp.domain.trace import ScheduleSource
from slotmcp.engine.availability import Availability
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Head, ScheduleReader, Store, Transaction, Travel
from slotmcp.services.tracing import current_trace, span

CLOCKS_DIFFER_MS: Final = 1_000
"""Of two trips at once the later may tell the earlier now. By so much at most, the later now holds."""


class AvailabilityCache:
    """Reads a book only where it changed, and indexes only what was read.

    What a transaction sees is kept apart from what readers see: it may yet be rolled back.
    """

    def __init__(self, store: Store, travel: Travel | None = None, *, schedules: ScheduleReader | None = None) -> None:
        self._store = store
        self._schedules = schedules or store
        self._travel = travel
        self._committed: dict[str, Availability] = {}
        self._locked: dict[str, Availability] = {}

    async def project_id(self, asked: str | None) -> str:
        """The project that is meant: the one asked for, or the only one there is.

        Raises:
            InvalidArgument: none was named, and there is not exactly one.
        """
        return only_project(await self._store.project_ids()) if asked is None else asked

    def known_project(self, asked: str | None) -> Project | None:
        """The project that is meant, as far as it can be told without asking the store."""
        known = self._committed | self._locked
        if asked is None and len(known) == 1:
            (asked,) = known
        return known[asked].schedule.project if asked in known else None

    def remembered(self, project_id: str) -> Availability | None:
        """What was free when this process last looked; it may be old, or part of what was never committed."""
        known = [one[project_id] for one in (self._committed, self._locked) if project_id in one]
        return max(known, key=lambda one: one.schedule.revision, default=None)

    async def availability(self, asked: str | None) -> Availability:
        """What is free by the newest committed revision, at the store's now; the project as in `project_id`.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        with span("store"):
            if asked is not None:
                return await self._brought_to(asked, await self._schedules.head(asked))
            heads = await self._schedules.heads()
            project_id = only_project(list(heads))
            return await self._brought_to(project_id, heads[project_id])

    async def _brought_to(self, project_id: str, head: Head) -> Availability:
        known = self._committed.get(project_id)
        if known is not None and known.schedule.revision == head.revision:
            schedule = known.schedule
        else:
            schedule = await self._schedules.schedule(project_id, known.schedule if known else None)
        told = self._told(schedule.project)
        self._committed[project_id] = availability = Availability.of(schedule, _now_ms(head, known), known, told)
        if noted := current_trace():
            noted.availability = availability
            if known is not None and known.schedule is schedule:
                noted.book_from = ScheduleSource.MEMORY
        return availability

    async def locked(self, transaction: Transaction) -> Availability:
        """What is free as a transaction sees it, its own writes included, at its now."""
        schedule = await transaction.schedule()
        previous = self._locked.get(schedule.project.id)
        self._locked[schedule.project.id] = Availability.of(
            schedule, transaction.now_ms, previous, self._told(schedule.project)
        )
        if (noted := current_trace()) and noted.availability is None:
            noted.availability = self._locked[schedule.project.id]
        return self._locked[schedule.project.id]

    def _told(self, project: Project) -> TravelTimes | None:
        return self._travel.cached_times(project) if self._travel else None


def _now_ms(head: Head, known: Availability | None) -> int:
    is_hair_ago = known is not None and 0 < known.now_ms - head.now_ms <= CLOCKS_DIFFER_MS
    return known.now_ms if known is not None and is_hair_ago else head.now_ms
