"""Reports of a project's period, from its traces and its book; and what would have won who was lost.

What is told of a long period takes a while to work out. That is done beside the calls, in a thread.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, assert_never

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, RankingKey
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.report import DecidedBy, Gaps, Period, Report
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Trace
from slotmcp.engine.zones import local_date, midnight
from slotmcp.ports import Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.reporting.conversations import Conversation, conversations, funnel, lost
from slotmcp.services.reporting.demand import demand, refused
from slotmcp.services.reporting.gaps import LostQuestion, find_gaps
from slotmcp.services.reporting.open_time import fairness, period_availability, supply, utilization
from slotmcp.services.reporting.response_times import response_times

DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """Which period of which project. None: not asked."""

    project_id: str | None = None
    first_day: date | None = None
    """Default: `days` dates before `end_day`."""
    end_day: date | None = None
    """The first date after the period, by the project's clocks. Default: tomorrow."""
    days: int = DEFAULT_DAYS
    """How many dates, where `first_day` is not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """A report, when it was told, and the book as it is now: what its ids stand for."""

    schedule: Schedule
    report: Report
    now_ms: int

    @property
    def project(self) -> Project:
        """Whose it is."""
        return self.schedule.project


@dataclass(frozen=True, slots=True, kw_only=True)
class GapsAnswer:
    """What would have won who was lost, and the book as it is now."""

    schedule: Schedule
    gaps: Gaps


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a period."""

    schedule: Schedule
    now_ms: int
    period: Period
    bookings: Sequence[Booking]
    """Of any time."""
    traces: Sequence[Trace]
    conversations: Sequence[Conversation]
    live: frozenset[str]

    @property
    def of_period(self) -> list[Booking]:
        """The bookings that start in the period."""
        return [one for one in self.bookings if self.period.start <= one.claim.start < self.period.end]


class ReportService:
    """Tells what came of a period."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache) -> None:
        self._store = store
        self._availability_cache = availability_cache

    async def report(self, request: ReportRequest) -> Report:
        """All that is told of a period but its gaps.

        Raises:
            InvalidArgument: the period is empty, or longer than MOST_DAYS.
            NotFound, Unavailable.
        """
        return (await self.get_metrics(request)).report

    async def get_metrics(self, request: ReportRequest) -> ReportAnswer:
        """The same, with what its ids stand for and when it was told.

        Raises:
            As `report`.
        """
        facts = await self._facts(request)
        report = await asyncio.to_thread(_report, facts)
        return ReportAnswer(schedule=facts.schedule, report=report, now_ms=facts.now_ms)

    async def gaps(self, request: ReportRequest) -> GapsAnswer:
        """Which one change would have won the most of those who were lost in a period.

        Raises:
            As `report`.
        """
        facts = await self._facts(request)
        return GapsAnswer(schedule=facts.schedule, gaps=await asyncio.to_thread(_gaps, facts))

    async def _facts(self, request: ReportRequest) -> _Facts:
        availability = await self._availability_cache.availability(request.project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        period = _period(request, schedule.project.timezone, now_ms)
        traces = await self._store.traces(schedule.project.id, period.start * MS_PER_MINUTE, period.end * MS_PER_MINUTE)
        holds = [
            claim
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
            if claim.is_hold
        ]
        live = frozenset(claim.id for claim in holds if claim.is_live(now_ms))
        bookings = await self._store.bookings(schedule.project.id)
        told_apart = await asyncio.to_thread(conversations, traces)
        return _Facts(schedule, now_ms, period, bookings, traces, told_apart, live)


def _period(request: ReportRequest, zone_key: str, now_ms: int) -> Period:
    end_day = request.end_day or local_date(zone_key, now_ms // MS_PER_MINUTE) + timedelta(days=1)
    first_day = request.first_day or end_day - timedelta(days=request.days)
    if end_day <= first_day:
        raise InvalidArgument("to", f"give a date after {first_day}, the first of the period.")
    if (end_day - first_day).days > MOST_DAYS:
        raise InvalidArgument("from", f"ask for {MOST_DAYS} dates at most.")
    return Period(
        first_day=first_day, end_day=end_day, start=midnight(zone_key, first_day), end=midnight(zone_key, end_day)
    )


def _report(facts: _Facts) -> Report:
    availability = period_availability(facts.schedule, [one.claim for one in facts.bookings], facts.period)
    used = utilization(availability, facts.period)
    zone_key = facts.schedule.project.timezone
    return Report(
        project_id=facts.schedule.project.id,
        timezone=zone_key,
        period=facts.period,
        funnel=funnel(facts.conversations, facts.live),
        demand=demand(facts.conversations, zone_key),
        supply=supply(availability),
        refused=refused(facts.traces),
        utilization=used,
        decided=Counter(_decided(one) for one in facts.of_period),
        fairness=fairness(used, [one.claim for one in facts.of_period]),
        response_times=response_times(facts.traces),
        collisions=sum(len(one.collisions()) for one in facts.conversations),
    )


def _gaps(facts: _Facts) -> Gaps:
    asked = [one.last_question for one in lost(facts.conversations, facts.live)]
    questions = [LostQuestion(at_ms, question) for at_ms, question in filter(None, asked)]
    return find_gaps(facts.schedule, [one.claim for one in facts.bookings], questions)


def _decided(booking: Booking) -> DecidedBy:
    reason = booking.reason
    if reason is None:
        return DecidedBy.OTHER
    if reason.wished:
        return DecidedBy.WISH
    if reason.kept:
        return DecidedBy.KEPT
    if reason.considered == 1:
        return DecidedBy.ONLY_ONE
    return _of_key(reason.decided_by) if reason.decided_by else DecidedBy.OTHER


def _of_key(key: RankingKey) -> DecidedBy:
    match key:
        case RankingKey.LOAD:
            return DecidedBy.LOAD
        case RankingKey.PRIORITY:
            return DecidedBy.PRIORITY
        case RankingKey.ETA:
            return DecidedBy.ETA
        case _:
            assert_never(key)
