"""Reports on a period of a project, computed from its traces and bookings.

Reports are computed in a thread, so that the server handles other requests meanwhile.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import Final, assert_never

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, RankingKey
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval
from slotmcp.domain.report import DecidedBy, Gaps, Period, Report, ResponseTimes
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.engine.availability import longest_horizon_days
from slotmcp.engine.zones import local_date, midnight
from slotmcp.ports import Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.reporting.conversations import (
    TOTAL,
    Conversation,
    count_funnel,
    group_conversations,
    lost_conversations,
)
from slotmcp.services.reporting.demand import count_demand, count_refused
from slotmcp.services.reporting.gaps import find_gaps
from slotmcp.services.reporting.questions import LostQuestion
from slotmcp.services.reporting.utilization import (
    count_supply,
    measure_fairness,
    measure_utilization,
    period_availability,
)

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 92
MARGIN_DAYS: Final = 3
"""Days around the searched time whose bookings are read. A shift lasts two days at most and zones differ by one, so
earlier and later bookings neither take time of a start, nor share a shift or a date with it."""


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


@dataclass(frozen=True, slots=True)
class _Facts:
    """Stored data from which the reports on a period are computed."""

    schedule: Schedule
    now_ms: int
    period: Period
    bookings: Sequence[Booking]
    """Bookings in the period, and in as much time around it as the report reads."""
    traces: Sequence[Trace]
    conversations: Sequence[Conversation]
    live_hold_ids: frozenset[str]

    @property
    def claims(self) -> list[Claim]:
        """Claims of these bookings."""
        return [booking.claim for booking in self.bookings]

    @property
    def bookings_of_period(self) -> list[Booking]:
        """Bookings that start in the period."""
        return [booking for booking in self.bookings if self.period.start <= booking.claim.start < self.period.end]


class ReportService:
    """Use cases of reports."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache) -> None:
        self._store = store
        self._availability_cache = availability_cache

    async def get_metrics(self, request: ReportRequest) -> ReportAnswer:
        """Return the report on a period, without its gaps.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        facts = await self._facts(request)
        return _report_answer(facts, await asyncio.to_thread(_report, facts))

    async def gaps(self, request: ReportRequest) -> GapsAnswer:
        """Return the single changes that would have won the most lost conversations of a period.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        facts = await self._facts(request, with_horizon=True)
        return GapsAnswer(schedule=facts.schedule, gaps=await asyncio.to_thread(_gaps, facts))

    async def report_with_gaps(self, request: ReportRequest) -> tuple[ReportAnswer, GapsAnswer]:
        """Return the report on a period and its gaps, from the same facts.

        Raises:
            InvalidArgument: the period is empty, or longer than MAX_DAYS.
            NotFound, Unavailable.
        """
        facts = await self._facts(request, with_horizon=True)
        report, gaps = await asyncio.to_thread(lambda: (_report(facts), _gaps(facts)))
        return _report_answer(facts, report), GapsAnswer(schedule=facts.schedule, gaps=gaps)

    async def _facts(self, request: ReportRequest, *, with_horizon: bool = False) -> _Facts:
        """Read the facts of a period; with the horizon, also the bookings that its callers could have been offered."""
        availability = await self._availability_cache.availability(request.project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        period = _period(request, schedule.project.timezone, now_ms)
        traces = await self._store.traces(schedule.project.id, period.start * MS_PER_MINUTE, period.end * MS_PER_MINUTE)
        live_hold_ids = frozenset(
            claim.id
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
            if claim.is_hold and claim.is_live(now_ms)
        )
        span = _span_around(period, longest_horizon_days(schedule) if with_horizon else 0)
        bookings = await self._store.bookings(schedule.project.id, span)
        conversations = await asyncio.to_thread(group_conversations, traces)
        return _Facts(schedule, now_ms, period, bookings, traces, conversations, live_hold_ids)


def _span_around(period: Period, days_after: int) -> Interval:
    """Return the time whose bookings can affect the starts of a period and of some days after it."""
    margin = MARGIN_DAYS * MINUTES_PER_DAY
    return period.start - margin, period.end + days_after * MINUTES_PER_DAY + margin


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


def _report_answer(facts: _Facts, report: Report) -> ReportAnswer:
    return ReportAnswer(schedule=facts.schedule, report=report, now_ms=facts.now_ms)


def _report(facts: _Facts) -> Report:
    availability = period_availability(facts.schedule, facts.claims, facts.period)
    utilization = measure_utilization(availability, facts.period)
    bookings, zone_key = facts.bookings_of_period, facts.schedule.project.timezone
    return Report(
        project_id=facts.schedule.project.id,
        timezone=zone_key,
        period=facts.period,
        funnel=count_funnel(facts.conversations, facts.live_hold_ids),
        demand=count_demand(facts.conversations, facts.schedule),
        supply=count_supply(availability, facts.period),
        refused=count_refused(facts.traces),
        utilization=utilization,
        decided=Counter(_decided_by(booking) for booking in bookings),
        fairness=measure_fairness(utilization, [booking.claim for booking in bookings]),
        response_times=_response_times(facts.traces),
        collisions=sum(len(conversation.collisions()) for conversation in facts.conversations),
    )


def _gaps(facts: _Facts) -> Gaps:
    questions = [
        conversation.last_question for conversation in lost_conversations(facts.conversations, facts.live_hold_ids)
    ]
    lost_questions = [LostQuestion(at_ms, question) for at_ms, question in filter(None, questions)]
    return find_gaps(facts.schedule, facts.claims, lost_questions)


def _decided_by(booking: Booking) -> DecidedBy:
    reason = booking.reason
    if reason is None:
        return DecidedBy.OTHER
    if reason.wished:
        return DecidedBy.REQUESTED
    if reason.kept:
        return DecidedBy.KEPT
    if reason.considered == 1:
        return DecidedBy.ONLY_ONE
    return _decided_by_key(reason.decided_by) if reason.decided_by else DecidedBy.OTHER


def _decided_by_key(key: RankingKey) -> DecidedBy:
    match key:
        case RankingKey.LOAD:
            return DecidedBy.LOAD
        case RankingKey.PRIORITY:
            return DecidedBy.PRIORITY
        case RankingKey.ETA:
            return DecidedBy.ETA
        case _:
            assert_never(key)


def _response_times(traces: Sequence[Trace]) -> tuple[ResponseTimes, ...]:
    """Return the response times of each use case, from the traces that contain a response time."""
    times_us: dict[TracedUse, list[int]] = defaultdict(list)
    for trace in traces:
        if TOTAL in trace.hops:
            times_us[trace.use].append(trace.hops[TOTAL])
    return tuple(_percentiles(use, sorted(times_us[use])) for use in TracedUse if use in times_us)


def _percentiles(use: TracedUse, sorted_us: Sequence[int]) -> ResponseTimes:
    p50, p95, p99 = (sorted_us[ceil(len(sorted_us) * percent / 100) - 1] for percent in (50, 95, 99))
    return ResponseTimes(use=use, calls=len(sorted_us), p50_us=p50, p95_us=p95, p99_us=p99)
