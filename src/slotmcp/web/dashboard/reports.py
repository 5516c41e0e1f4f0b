"""Reports of a period: funnel, demand, supply, refusals, time use, assignment and response times."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.report import (
    DecidedBy,
    Funnel,
    LossReason,
    Period,
    RefusedQuestions,
    Report,
    Share,
    Utilization,
)
from slotmcp.domain.schedule import Schedule
from slotmcp.services.lookups import technician_of
from slotmcp.services.reporting.refusals import REASONS, REMEDIES
from slotmcp.services.reporting.reports import DEFAULT_DAYS, MAX_DAYS, TITLES, ReportRequest
from slotmcp.web.dashboard.charts import Bar, bars, heat_map, percent_of, stack
from slotmcp.web.dashboard.labels import LOSSES, decided_label, format_duration
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute

PERIODS: Final = ((1, "Today"), (7, "7 days"), (28, "28 days"), (MAX_DAYS, f"{MAX_DAYS} days"))
REFRESH_SECONDS: Final = 60
"""Refresh interval of a report of up to a week. Longer reports take longer and refresh less often."""
SECTION_TITLES: Final = {name.value: title for name, title in TITLES.items()}
_PROPORTIONAL_POINTS: Final = 5
"""Largest difference of two shares that counts as proportional, in percentage points."""

Row = Mapping[str, object]
"""Table row for a template."""


async def reports(request: DashboardRequest) -> Response:
    """Show the reports of the last days: ?days=28."""
    days = requested_days(request)
    answer = await request.app.reports.get_metrics(ReportRequest(project_id=request.project_id, days=days))
    report, schedule = answer.report, answer.schedule
    return request.page(
        "reports.html",
        titles=SECTION_TITLES,
        periods=PERIODS,
        days=days,
        refresh_seconds=REFRESH_SECONDS * max(1, days // DEFAULT_DAYS),
        period=_period(report.period),
        report=report,
        funnel=_funnel_bars(report.funnel),
        lost=_lost_bars(report.funnel),
        demand=heat_map(report.demand),
        supply=heat_map(report.supply),
        refused=[_refused_row(refused, schedule) for refused in report.refused],
        utilization=[_utilization_row(utilization, schedule) for utilization in report.utilization],
        decided=_decided_bars(report),
        fairness=[_share_row(share, schedule) for share in report.fairness],
    )


async def today(request: DashboardRequest) -> Response:
    """Show today's funnel, a fragment of the board."""
    answer = await request.app.reports.get_metrics(ReportRequest(project_id=request.project_id, days=1))
    return request.page("today.html", funnel=_funnel_bars(answer.report.funnel))


ROUTES: Final = (PageRoute(path="/reports", handler=reports), PageRoute(path="/today", handler=today))


def requested_days(request: DashboardRequest) -> int:
    """Return the query parameter `days`.

    Raises:
        InvalidArgument.
    """
    days = request.query("days") or str(DEFAULT_DAYS)
    if not (days.isascii() and days.isdigit() and 1 <= int(days) <= MAX_DAYS):
        raise InvalidArgument("days", f"give a number of days from 1 to {MAX_DAYS}.")
    return int(days)


def _funnel_bars(funnel: Funnel) -> list[Bar]:
    if not funnel.conversations:
        return []
    steps = bars(
        [
            ("Asked for a time", funnel.conversations),
            ("Were offered a time", funnel.offered),
            ("Held or booked", funnel.held),
            ("Booked", funnel.booked),
        ],
        funnel.conversations,
    )
    deciding = f"{funnel.thinking} still deciding" if funnel.thinking else ""
    return [*steps[:-1], replace(steps[-1], note=deciding)]


def _period(period: Period) -> str:
    last_day = period.end_day - timedelta(days=1)
    last = f"{last_day:%A, %B} {last_day.day}, {last_day.year}"
    first = f"{period.first_day:%A, %B} {period.first_day.day}"
    return last if last_day == period.first_day else f"{first} to {last}"


def _lost_bars(funnel: Funnel) -> list[Bar]:
    counts = [(LOSSES[loss], funnel.lost[loss]) for loss in LossReason if funnel.lost.get(loss)]
    return bars(counts, sum(funnel.lost.values()))


def _refused_row(refused: RefusedQuestions, schedule: Schedule) -> Row:
    service = schedule.services.get(refused.service_id)
    return {
        "reason": REASONS[refused.reason].capitalize() if refused.reason else "Unknown",
        "service": service.name if service else refused.service_id,
        "questions": refused.questions,
        "help": REMEDIES[refused.reason] if refused.reason else "",
    }


def _utilization_row(utilization: Utilization, schedule: Schedule) -> Row:
    open_minutes, free_minutes = utilization.open_minutes, utilization.free_minutes
    parts = (
        ("booked", utilization.booked_minutes),
        ("travel", utilization.travel_minutes),
        ("busy", utilization.busy_minutes),
        ("free", free_minutes),
    )
    return {
        "technician": technician_of(schedule, utilization.technician_id).name,
        "working_time": format_duration(open_minutes),
        "percent_used": percent_of(open_minutes - free_minutes, open_minutes),
        "segments": stack([(name, minutes, format_duration(minutes)) for name, minutes in parts]),
    }


def _decided_bars(report: Report) -> list[Bar]:
    counts = [(decided_label(decided), report.decided[decided]) for decided in DecidedBy if report.decided.get(decided)]
    return bars(counts, sum(report.decided.values()))


def _share_row(share: Share, schedule: Schedule) -> Row:
    """Compare one technician's shares of the bookings and of the working time."""
    of_bookings, of_time = percent_of(share.share_of_bookings, 1), percent_of(share.share_of_open_time, 1)
    return {
        "technician": technician_of(schedule, share.technician_id).name,
        "bookings": share.bookings,
        "percent_of_bookings": of_bookings,
        "percent_of_time": of_time,
        "verdict": _verdict(of_bookings - of_time),
    }


def _verdict(points: int) -> str:
    if abs(points) <= _PROPORTIONAL_POINTS:
        return "proportional"
    return "more than their share" if points > 0 else "less than their share"
