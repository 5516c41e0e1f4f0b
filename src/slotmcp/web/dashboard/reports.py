"""Reports: what came of a period's calls, how time was used, and what would have won who was lost."""

from typing import Final

from starlette.responses import Response

from slotmcp.domain.errors import InvalidArgument
from slotmcp.services.reporting.reports import DEFAULT_DAYS, MOST_DAYS, ReportRequest
from slotmcp.services.reporting.sections import TITLES
from slotmcp.web.dashboard.gap_views import gaps_view
from slotmcp.web.dashboard.report_views import funnel_bars, view_of
from slotmcp.web.dashboard.request import DashboardRequest, Panel

PERIODS: Final = ((1, "Today"), (7, "7 days"), (28, "28 days"), (MOST_DAYS, f"{MOST_DAYS} days"))
EVERY_SECONDS: Final = 60
"""How often a report of up to a week is worked out anew; a longer one takes longer, and is the more seldom."""
_TITLES: Final = {name.value: title for name, title in TITLES.items()}


async def reports(visit: DashboardRequest) -> Response:
    """The page."""
    days = _days(visit)
    answer = await visit.app.reports.get_metrics(ReportRequest(project_id=visit.project_id, days=days))
    return visit.page(
        "reports.html",
        report=view_of(answer),
        titles=_TITLES,
        periods=PERIODS,
        asked_days=days,
        every_seconds=EVERY_SECONDS * max(1, days // DEFAULT_DAYS),
    )


async def gaps(visit: DashboardRequest) -> Response:
    """A part of it that takes longer, or a page of its own where there are no scripts."""
    answer = await visit.app.reports.gaps(ReportRequest(project_id=visit.project_id, days=_days(visit)))
    is_part = visit.request.headers.get("hx-request") == "true"
    return visit.page("gaps.html" if is_part else "gaps_alone.html", gaps=gaps_view(answer), titles=_TITLES)


async def today(visit: DashboardRequest) -> Response:
    """A part of the board: how far today's callers came."""
    answer = await visit.app.reports.get_metrics(ReportRequest(project_id=visit.project_id, days=1))
    return visit.page("today.html", funnel=funnel_bars(answer.report.funnel))


PANELS: Final = (
    Panel(path="/reports", handler=reports),
    Panel(path="/gaps", handler=gaps),
    Panel(path="/today", handler=today),
)


def _days(visit: DashboardRequest) -> int:
    asked = visit.asked("days") or str(DEFAULT_DAYS)
    if not (asked.isascii() and asked.isdigit() and 1 <= int(asked) <= MOST_DAYS):
        raise InvalidArgument("days", f"give a number of days from 1 to {MOST_DAYS}.")
    return int(asked)
