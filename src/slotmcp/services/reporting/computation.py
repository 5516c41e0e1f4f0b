"""Computation of reports from a project's traces and bookings."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol, TypeVar, assert_never

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval
from slotmcp.domain.report import DecidedBy, Gaps, Period, Report, ResponseTimes
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.engine.availability import longest_horizon_days
from slotmcp.ports import Store
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

T = TypeVar("T")

MARGIN_DAYS: Final = 3
"""Days around the searched time whose bookings are read. A shift lasts two days at most and zones differ by one, so
earlier and later bookings neither take time of a start, nor share a shift or a date with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJob:
    """Project and period of a report."""

    project_id: str
    period: Period
    now_ms: int
    """Time of the request, by the store's clock."""
    with_horizon: bool = False
    """True: the facts include the bookings that the period's callers could have been offered."""


@dataclass(frozen=True, slots=True)
class Facts:
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


class ReportRunner(Protocol):
    """Runs computations of reports, which take long."""

    async def run(self, job: ReportJob, compute: Callable[[Facts], T], *, known: Schedule | None = None) -> T:
        """Read the facts of a job, and return what a module-level function computes from them.

        `known` is an earlier schedule of the project, of which a runner in this process reads only the changes.

        Raises:
            NotFound, Unavailable.
        """
        ...


class ThreadRunner:
    """Implementation of ReportRunner: a thread, so that this process handles other requests meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, job: ReportJob, compute: Callable[[Facts], T], *, known: Schedule | None = None) -> T:
        """Run a computation."""
        return await asyncio.to_thread(compute, await self._facts(job, known))

    async def _facts(self, job: ReportJob, known: Schedule | None) -> Facts:
        schedule, period, now_ms = await self._store.schedule(job.project_id, known), job.period, job.now_ms
        traces = await self._store.traces(schedule.project.id, period.start * MS_PER_MINUTE, period.end * MS_PER_MINUTE)
        live_hold_ids = frozenset(
            claim.id
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
            if claim.is_hold and claim.is_live(now_ms)
        )
        span = _span_around(period, longest_horizon_days(schedule) if job.with_horizon else 0)
        bookings = await self._store.bookings(schedule.project.id, span)
        conversations = await asyncio.to_thread(group_conversations, traces)
        return Facts(schedule, now_ms, period, bookings, traces, conversations, live_hold_ids)


def _span_around(period: Period, days_after: int) -> Interval:
    """Return the time whose bookings can affect the starts of a period and of some days after it."""
    margin = MARGIN_DAYS * MINUTES_PER_DAY
    return period.start - margin, period.end + days_after * MINUTES_PER_DAY + margin


def compute_report(facts: Facts) -> Report:
    """Return the report, without the gaps."""
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


def compute_report_with_gaps(facts: Facts) -> tuple[Report, Gaps]:
    """Return the report and the gaps."""
    return compute_report(facts), compute_gaps(facts)


def compute_gaps(facts: Facts) -> Gaps:
    """Return the single changes that would have won the most lost conversations."""
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
