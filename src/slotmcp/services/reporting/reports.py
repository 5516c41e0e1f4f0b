"""Reports on a period of a project, computed from its traces and bookings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Self

from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.report import Gaps, Period, Report
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.zones import local_date, midnight
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.reporting.computation import (
    ReportJob,
    ReportRunner,
    compute_gaps,
    compute_report,
    compute_report_with_gaps,
)

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 92


class SectionName(StrEnum):
    """Section of a report, as accepted by --section."""

    FUNNEL = "funnel"
    DEMAND = "demand"
    SUPPLY = "supply"
    REFUSED = "refused"
    UTILIZATION = "utilisation"
    ASSIGNMENT = "assignment"
    FAIRNESS = "fairness"
    TIMES = "times"
    GAPS = "gaps"


TITLES: Final[Mapping[SectionName, str]] = {
    SectionName.FUNNEL: "Booking funnel",
    SectionName.DEMAND: "Requested times",
    SectionName.SUPPLY: "Unbooked start times",
    SectionName.REFUSED: "Requests without an offer",
    SectionName.UTILIZATION: "Use of working time",
    SectionName.ASSIGNMENT: "How technicians were chosen",
    SectionName.FAIRNESS: "Bookings compared with working time",
    SectionName.TIMES: "Response times",
    SectionName.GAPS: "Changes that would win lost callers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """Project and period of a report."""

    project_id: str | None = None
    first_day: date | None = None
    """Default: `days` before `end_day`."""
    end_day: date | None = None
    """First date after the period, in the project's time zone. Default: tomorrow."""
    days: int = DEFAULT_DAYS
    """Length of the period in days if `first_day` is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """Report, and the current schedule to which its ids refer."""

    schedule: Schedule
    report: Report
    now_ms: int

    @property
    def project(self) -> Project:
        """Project of the schedule."""
        return self.schedule.project


@dataclass(frozen=True, slots=True, kw_only=True)
class GapsAnswer:
    """Gaps with the current schedule."""

    schedule: Schedule
    gaps: Gaps


class ReportService:
    """Use cases of reports."""

    def __init__(self, *, availability_cache: AvailabilityCache, runner: ReportRunner) -> None:
        self._availability_cache = availability_cache
        self._runner = runner

    def computed_by(self, runner: ReportRunner) -> Self:
        """Return these use cases with another runner."""
        return type(self)(availability_cache=self._availability_cache, runner=runner)

    async def get_metrics(self, request: ReportRequest) -> ReportAnswer:
        """Return the report on a period, without its gaps.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        job, schedule = await self._job(request)
        report = await self._runner.run(job, compute_report, known=schedule)
        return ReportAnswer(schedule=schedule, report=report, now_ms=job.now_ms)

    async def gaps(self, request: ReportRequest) -> GapsAnswer:
        """Return the single changes that would have won the most lost conversations of a period.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        job, schedule = await self._job(request, with_horizon=True)
        return GapsAnswer(schedule=schedule, gaps=await self._runner.run(job, compute_gaps, known=schedule))

    async def report_with_gaps(self, request: ReportRequest) -> tuple[ReportAnswer, GapsAnswer]:
        """Return the report on a period and its gaps, from the same facts.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        job, schedule = await self._job(request, with_horizon=True)
        report, gaps = await self._runner.run(job, compute_report_with_gaps, known=schedule)
        answer = ReportAnswer(schedule=schedule, report=report, now_ms=job.now_ms)
        return answer, GapsAnswer(schedule=schedule, gaps=gaps)

    async def _job(self, request: ReportRequest, *, with_horizon: bool = False) -> tuple[ReportJob, Schedule]:
        availability = await self._availability_cache.availability(request.project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        period = _period(request, schedule.project.timezone, now_ms)
        job = ReportJob(project_id=schedule.project.id, period=period, now_ms=now_ms, with_horizon=with_horizon)
        return job, schedule


def _period(request: ReportRequest, zone_key: str, now_ms: int) -> Period:
    end_day = request.end_day or local_date(zone_key, now_ms // MS_PER_MINUTE) + timedelta(days=1)
    first_day = request.first_day or end_day - timedelta(days=request.days)
    if end_day <= first_day:
        raise InvalidArgument("to", f"give a date after {first_day}, the first of the period.")
    if (end_day - first_day).days > MAX_DAYS:
        raise InvalidArgument("from", f"ask for {MAX_DAYS} dates at most.")
    return Period(
        first_day=first_day, end_day=end_day, start=midnight(zone_key, first_day), end=midnight(zone_key, end_day)
    )
