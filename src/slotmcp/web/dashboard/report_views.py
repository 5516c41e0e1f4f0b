"""A report, as the dashboard shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from slotmcp.domain.report import (
    AssignmentReason,
    Funnel,
    LossReason,
    Period,
    RefusedQuestions,
    Report,
    Share,
    Utilization,
)
from slotmcp.domain.schedule import Schedule
from slotmcp.services.named import technician_of
from slotmcp.services.reporting.reports import ReportAnswer
from slotmcp.web.dashboard.charts import Bar, HeatMap, Part, bars, heat_map, percent_of, stack
from slotmcp.web.dashboard.words import DECIDED, HELP, LOSSES, REASONS, hours_and_minutes

_US_PER_MS = 1000
_ALIKE_POINTS = 5
"""Shares of bookings and of open time that differ by no more are as good as equal, in percentage points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """Questions about a service to which nothing could be offered."""

    reason: str
    service: str
    questions: int
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedRow:
    """What one technician's open time was used for."""

    technician: str
    open: str
    percent_used: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """One technician's part of the bookings against their part of the open time."""

    technician: str
    bookings: int
    of_bookings: int
    """Percent."""
    of_open_time: int
    """Percent."""
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesRow:
    """How long one use case took, in milliseconds."""

    tool: str
    calls: int
    p50: str
    p95: str
    p99: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """All panels of a report. An empty one has nothing in it."""

    period: str
    timezone: str
    funnel: Sequence[Bar]
    lost: Sequence[Bar]
    collisions: int
    demand: HeatMap | None
    supply: HeatMap | None
    refused: Sequence[RefusedRow]
    utilization: Sequence[UsedRow]
    decided: Sequence[Bar]
    fairness: Sequence[ShareRow]
    times: Sequence[TimesRow]


def view_of(answer: ReportAnswer) -> ReportView:
    """The panels."""
    report, schedule = answer.report, answer.schedule
    return ReportView(
        period=_period(report.period),
        timezone=report.timezone,
        funnel=funnel_bars(report.funnel),
        lost=_lost(report.funnel),
        collisions=report.collisions,
        demand=heat_map(report.demand),
        supply=heat_map(report.supply),
        refused=_refused(report, schedule),
        utilization=[_used(one, schedule) for one in report.utilization],
        decided=_decided(report),
        fairness=[_share(one, schedule) for one in report.fairness],
        times=_times(report),
    )


def funnel_bars(funnel: Funnel) -> list[Bar]:
    """How far callers came; none where nobody asked."""
    if not funnel.asked:
        return []
    steps = bars(
        [
            ("Asked for a time", funnel.asked),
            ("Were offered one", funnel.offered),
            ("Held or booked one", funnel.held),
            ("Booked", funnel.booked),
        ],
        funnel.asked,
    )
    thinking = f"{funnel.thinking} still thinking" if funnel.thinking else ""
    return [*steps[:-1], replace(steps[-1], more=thinking)]


def _period(period: Period) -> str:
    last_day = period.end_day - timedelta(days=1)
    last = f"{last_day:%A} {last_day.day} {last_day:%B %Y}"
    first = f"{period.first_day:%A} {period.first_day.day} {period.first_day:%B}"
    return last if last_day == period.first_day else f"{first} to {last}"


def _lost(funnel: Funnel) -> list[Bar]:
    counts = [(LOSSES[loss], funnel.lost[loss]) for loss in LossReason if funnel.lost.get(loss)]
    return bars(counts, sum(funnel.lost.values()))


def _refused(report: Report, schedule: Schedule) -> list[RefusedRow]:
    return [_refused_row(one, schedule) for one in report.refused]


def _refused_row(one: RefusedQuestions, schedule: Schedule) -> RefusedRow:
    service = schedule.services.get(one.service_id)
    return RefusedRow(
        reason=REASONS[one.reason].capitalize() if one.reason else "Not known",
        service=service.name if service else one.service_id,
        questions=one.questions,
        help=HELP[one.reason] if one.reason else "",
    )


def _used(one: Utilization, schedule: Schedule) -> UsedRow:
    parts = {
        "booked": one.booked_minutes,
        "travel": one.travel_minutes,
        "busy": one.busy_minutes,
        "free": one.free_minutes,
    }
    return UsedRow(
        technician=technician_of(schedule, one.technician_id).name,
        open=hours_and_minutes(one.open_minutes),
        percent_used=percent_of(one.open_minutes - one.free_minutes, one.open_minutes),
        parts=stack([(name, minutes, hours_and_minutes(minutes)) for name, minutes in parts.items()]),
    )


def _decided(report: Report) -> list[Bar]:
    counts = [(DECIDED[one], report.decided[one]) for one in AssignmentReason if report.decided.get(one)]
    return bars(counts, sum(report.decided.values()))


def _share(one: Share, schedule: Schedule) -> ShareRow:
    of_bookings, of_open_time = percent_of(one.share_of_bookings, 1), percent_of(one.share_of_open_time, 1)
    return ShareRow(
        technician=technician_of(schedule, one.technician_id).name,
        bookings=one.bookings,
        of_bookings=of_bookings,
        of_open_time=of_open_time,
        verdict=_verdict(of_bookings - of_open_time),
    )


def _verdict(points: int) -> str:
    if abs(points) <= _ALIKE_POINTS:
        return "about their share"
    return "more than their share" if points > 0 else "less than their share"


def _times(report: Report) -> list[TimesRow]:
    return [
        TimesRow(
            tool=one.use.value,
            calls=one.calls,
            p50=_ms(one.p50_us),
            p95=_ms(one.p95_us),
            p99=_ms(one.p99_us),
        )
        for one in report.response_times
    ]


def _ms(us: int) -> str:
    return f"{us / _US_PER_MS:.1f}"
