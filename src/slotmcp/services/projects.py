"""Projects: what a business is, brought in from a file, given back, and told to callers."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Interval
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.hours import weekly_hours
from slotmcp.services.imports import ImportReport, ProjectPlan, all_busy, import_plan
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import offer_freed_time


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogAnswer:
    """What a caller may ask for."""

    project: Project
    services: tuple[ServiceType, ...]
    hours: Mapping[int, tuple[Interval, ...]]
    """Per weekday (Monday is 0) when anybody works, in minutes of the project's wall clock, merged."""
    now_ms: int


class ProjectService:
    """Knows what each business is."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache, ids: Ids) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids

    async def list_services(self, project_id: str | None) -> CatalogAnswer:
        """What a caller may ask for.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule = availability.schedule
        return CatalogAnswer(
            project=schedule.project,
            services=tuple(schedule.services.values()),
            hours=weekly_hours(schedule, availability.now_ms),
            now_ms=availability.now_ms,
        )

    async def ids(self) -> tuple[str, ...]:
        """Every project's.

        Raises:
            Unavailable.
        """
        return await self._store.project_ids()

    async def project(self, project_id: str | None) -> Project:
        """What a business is.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        return (await self._availability_cache.availability(project_id)).schedule.project

    async def warm_up(self) -> None:
        """Have ready what the first caller would wait for, who hangs up after a few seconds.

        Raises:
            Unavailable.
        """
        for project_id in (await self._store.project_ids())[:1]:
            await self.list_services(project_id)

    def usual_locale(self, project_id: str | None) -> str:
        """A project's language, or "" where it cannot be told at once: for an answer that must not wait or fail."""
        project = self._availability_cache.known_project(project_id)
        return "" if project is None else project.locale

    async def import_project(self, plan: ProjectPlan, *, prune: bool, dry_run: bool = False) -> ImportReport:
        """Create or update a project from its file. Bookings and holds are never touched by the rest.

        With `dry_run` the report says what would be done, and nothing is.

        Raises:
            InvalidArgument: a booking of the file overlaps what is in the book, or a technician with claims to come
                would be pruned.
            Unavailable.
        """
        is_new = plan.project.id not in await self._store.project_ids()

        async def unit(transaction: Transaction) -> ImportReport:
            report = await import_plan(transaction, plan, is_new=is_new, prune=prune)
            await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            if dry_run:
                raise _RollBack(report)
            return report

        try:
            return await self._store.write(plan.project.id, unit, create=is_new)
        except _RollBack as rolled_back:
            return rolled_back.report

    async def export_project(self, project_id: str | None) -> ProjectPlan:
        """All that a project file says of the project now.

        Bookings whose service or technician left the catalog stay in the store; a file could not name them.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        schedule = await self._store.schedule(await self._availability_cache.project_id(project_id))
        bookings = await self._store.bookings(schedule.project.id)
        return ProjectPlan(
            project=schedule.project,
            services=tuple(schedule.services.values()),
            technicians=tuple(
                technician_schedule.technician for technician_schedule in schedule.technician_schedules.values()
            ),
            bookings=tuple(booking for booking in bookings if _is_in_catalog(booking.claim, schedule)),
            busy=all_busy(schedule),
        )


def _is_in_catalog(claim: Claim, schedule: Schedule) -> bool:
    return claim.service_id in schedule.services and claim.technician_id in schedule.technician_schedules


class _RollBack(Exception):  # noqa: N818  leaves a transaction without a trace
    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report
