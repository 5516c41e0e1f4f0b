"""Projects: import, export, and the catalog that callers see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from slotmcp.domain.catalog import Project, ServiceType, Technician, TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, Minute, merge
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.imports import ImportReport, ProjectPlan, all_busy, import_plan
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import offer_freed_time

_DAYS_PER_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogAnswer:
    """Services and opening hours of a project."""

    project: Project
    services: tuple[ServiceType, ...]
    hours: Mapping[int, tuple[Interval, ...]]
    """Shifts of all active technicians by weekday (Monday is 0), merged, in minutes of the project's wall clock."""
    now_ms: int


class ProjectService:
    """Use cases of projects."""

    def __init__(self, writer: ProjectWriter) -> None:
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache

    async def list_services(self, project_id: str | None) -> CatalogAnswer:
        """Return the services that a caller can choose from, and the opening hours.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule = availability.schedule
        return CatalogAnswer(
            project=schedule.project,
            services=tuple(schedule.services.values()),
            hours=_weekly_hours(schedule, availability.now_ms),
            now_ms=availability.now_ms,
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

    async def warm_up(self) -> None:
        """Fill the caches of the first project, so that its first caller does not wait for them.

        Raises:
            Unavailable.
        """
        for project_id in (await self._store.project_ids())[:1]:
            await self.list_services(project_id)

    def usual_locale(self, project_id: str | None) -> str:
        """Return a project's locale, or "" if it is not cached. This never waits or raises."""
        project = self._availability_cache.cached_project(project_id)
        return "" if project is None else project.locale

    async def import_project(self, plan: ProjectPlan, *, prune: bool, dry_run: bool = False) -> ImportReport:
        """Create or update a project from its file. Existing bookings and holds do not change.

        With `dry_run`, report the changes without making them.

        Raises:
            InvalidArgument: a booking of the file overlaps an existing claim, or pruning would remove a technician
                with future claims.
            Unavailable.
        """
        is_new = plan.project.id not in await self._store.project_ids()

        async def work(unit: UnitOfWork) -> ImportReport:
            report = await import_plan(unit, plan, is_new=is_new, prune=prune)
            await offer_freed_time(unit)
            if dry_run:
                raise _RollBack(report)
            return report

        try:
            return await self._writer.write(plan.project.id, work, create=is_new)
        except _RollBack as rolled_back:
            return rolled_back.report

    async def export_project(self, project_id: str | None) -> ProjectPlan:
        """Return the content of a project file for the project as it is now.

        Bookings whose service or technician left the catalog are not exported, because a file cannot name them.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
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


class _RollBack(Exception):  # noqa: N818  control flow: rolls back the transaction of a dry run
    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


def _weekly_hours(schedule: Schedule, now_ms: int) -> dict[int, tuple[Interval, ...]]:
    """Return the merged shifts of active technicians by weekday, with today's offsets between time zones."""
    shifts: dict[int, list[Interval]] = {day: [] for day in range(_DAYS_PER_WEEK)}
    for technician_schedule in schedule.technician_schedules.values():
        if technician_schedule.technician.status is TechnicianStatus.ACTIVE:
            for day, span in _shifts(technician_schedule.technician, schedule.project, now_ms // MS_PER_MINUTE):
                shifts[day].append(span)
    return {day: tuple(merge(spans)) for day, spans in shifts.items()}


def _shifts(technician: Technician, project: Project, now: Minute) -> Iterator[tuple[int, Interval]]:
    """Yield the weekly shifts that are valid today, each with its weekday, on the project's clock."""
    here, there = utc_to_wall(project.timezone, now), utc_to_wall(technician.timezone, now)
    offset_minutes = int((here.replace(tzinfo=None) - there.replace(tzinfo=None)).total_seconds()) // 60
    for weekly in technician.shifts:
        if (weekly.valid_from or date.min) <= here.date() <= (weekly.valid_until or date.max):
            for day in weekly.days:
                start, end = weekly.span.start_minute + offset_minutes, weekly.span.end_minute + offset_minutes
                yield from _split_by_day(day, start, end)


def _split_by_day(day: int, start: int, end: int) -> Iterator[tuple[int, Interval]]:
    """Split a span at each midnight, and yield each part with its weekday."""
    for shift in range(start // MINUTES_PER_DAY, -(-end // MINUTES_PER_DAY)):
        midnight = shift * MINUTES_PER_DAY
        part = max(start, midnight) - midnight, min(end, midnight + MINUTES_PER_DAY) - midnight
        yield (day + shift) % _DAYS_PER_WEEK, part
