"""Projects: import, export, and the catalog that callers see."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import TypeVar

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.ports import BookingPages
from slotmcp.services.appointments import find_service
from slotmcp.services.imports import ImportReport, ProjectPlan, all_busy
from slotmcp.services.name_lookup import CatalogIds
from slotmcp.services.opening_days import OpeningDay, opening_days
from slotmcp.services.places import PlaceLookup
from slotmcp.services.project_import import ImportRequest, Progress, ProjectImporter
from slotmcp.services.relative_moments import LocalClock
from slotmcp.services.unit_of_work import ProjectWriter
from slotmcp.services.waitlist_sweep import WaitlistSweeper

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogAnswer:
    """Services and opening hours of a project."""

    project: Project
    services: tuple[ServiceType, ...]
    days: tuple[OpeningDay, ...]
    """Today and the dates after it."""
    now_ms: int
    is_of_one: bool = False
    """True if the only service is the requested one."""


class ProjectService:
    """Use cases of projects."""

    def __init__(self, writer: ProjectWriter, sweeper: WaitlistSweeper, places: PlaceLookup) -> None:
        self._writer = writer
        self._places = places
        self._importer = ProjectImporter(writer, sweeper)
        self._store = writer.store
        self._availability_cache = writer.availability_cache

    async def list_services(self, project_id: str | None, service_id: str | None = None) -> CatalogAnswer:
        """Return the services that a caller can choose from, or the requested one, and the opening hours.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule = availability.schedule
        services = tuple(schedule.services.values()) if service_id is None else (find_service(schedule, service_id),)
        return CatalogAnswer(
            project=schedule.project,
            services=services,
            days=opening_days(schedule, availability.now_ms, services[0] if service_id is not None else None),
            now_ms=availability.now_ms,
            is_of_one=service_id is not None,
        )

    async def ids(self) -> tuple[str, ...]:
        """Return the ids of all projects.

        Raises:
            Unavailable.
        """
        return await self._store.project_ids()

    async def project(self, project_id: str | None) -> Project:
        """Return a project.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        return (await self._availability_cache.availability(project_id)).schedule.project

    async def find_ids(self, project_id: str | None, *, service: str | None, technician: str | None) -> CatalogIds:
        """Return the ids of a service and a technician that are given by id or by name. Unknown texts are kept.

        Known ids take no query.

        Raises:
            NotFound (several have the name), InvalidArgument (no project given and several exist), Unavailable.
        """
        ids = CatalogIds(service, technician)
        project = self._availability_cache.cached_project(project_id)
        cached = self._availability_cache.cached(project.id) if project else None
        if cached is not None and ids.are_in(cached.schedule):
            return ids
        return ids.resolved(schedule=(await self._availability_cache.availability(project_id)).schedule)

    async def clock(self, project_id: str | None, zone_key: str | None = None) -> LocalClock:
        """Return the current time in a zone; the default is the project's.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        project = availability.schedule.project
        return LocalClock(zone_key or project.timezone, availability.now_ms, project.parts_of_day)

    async def busiest_ids(self, limit: int) -> list[str]:
        """Return the ids of the projects that changed most often, the busiest first.

        Raises:
            Unavailable.
        """
        heads = await self._store.heads()
        return nlargest(limit, heads, key=lambda project_id: heads[project_id].revision)

    def usual_timezone(self, project_id: str | None) -> str:
        """Return a project's time zone, or "" if it is not cached. This never waits or raises."""
        project = self._availability_cache.cached_project(project_id)
        return "" if project is None else project.timezone

    def usual_locale(self, project_id: str | None) -> str:
        """Return a project's locale, or "" if it is not cached. This never waits or raises."""
        project = self._availability_cache.cached_project(project_id)
        return "" if project is None else project.locale

    async def import_project(
        self, plan: ProjectPlan, *, prune: bool, dry_run: bool = False, progress: Progress = lambda _: None
    ) -> ImportReport:
        """Create or update a project from its file. Existing bookings and holds do not change.

        The catalog is written first, then the bookings in batches. With `dry_run`, only report the changes.

        Raises:
            InvalidArgument: a booking of the file overlaps an existing claim, or pruning would remove a technician
                with future claims.
            Unavailable.
        """
        plan = await self._places.with_homes(plan)
        request = ImportRequest(plan=plan, prune=prune, progress=progress)
        return await self._importer.run(request, dry_run=dry_run)

    async def export_project(self, project_id: str | None) -> ProjectPlan:
        """Return the content of a project file for the project as it is now.

        Bookings whose service or technician left the catalog are not exported, because a file cannot name them.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        plan = await self.export_catalog(project_id)
        bookings = await self._store.bookings(plan.project.id)
        return replace(plan, bookings=tuple(filter(_catalog_filter(plan), bookings)))

    async def export_catalog(self, project_id: str | None) -> ProjectPlan:
        """Return the content of a project file without bookings.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        schedule = await self._store.schedule(await self._availability_cache.project_id(project_id))
        return ProjectPlan(
            project=schedule.project,
            services=tuple(schedule.services.values()),
            technicians=tuple(one.technician for one in schedule.technician_schedules.values()),
            busy=all_busy(schedule),
        )

    async def export_bookings(self, plan: ProjectPlan, write: Callable[[BookingPages], Awaitable[T]]) -> T:
        """Pass the bookings of an exported catalog to `write`, as `Store.scan_bookings` does, and return its result.

        Raises:
            Unavailable.
        """
        return await self._store.scan_bookings(plan.project.id, lambda pages: write(_in_catalog(pages, plan)))


async def _in_catalog(pages: BookingPages, plan: ProjectPlan) -> BookingPages:
    is_in_catalog = _catalog_filter(plan)
    async for page in pages:
        yield tuple(filter(is_in_catalog, page))


def _catalog_filter(plan: ProjectPlan) -> Callable[[Booking], bool]:
    """Return a filter of the bookings whose service and technician a plan has."""
    services = {service.id for service in plan.services}
    technicians = {technician.id for technician in plan.technicians}
    return lambda booking: booking.claim.service_id in services and booking.claim.technician_id in technicians
