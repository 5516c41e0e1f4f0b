"""Tool that reports the outcome of a project's calls to operators."""

from datetime import timedelta
from typing import Final

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.interval import US_PER_MS
from slotmcp.services.app import App
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.tools import arguments
from slotmcp.tools.speech import operators
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, show_clock

_DEFAULT_DAYS: Final = 1
_ONE_DAY: Final = timedelta(days=1)
_MAX_REFUSALS: Final = 10


class GetMetrics(arguments.ProjectArguments):
    """Arguments of get_metrics."""

    from_: arguments.Day | None = Field(None, alias="from", description="First date. Default today")
    to: arguments.Day | None = Field(None, description="Last date. Default the first, or today")
    locale: arguments.Locale = ""


class RefusalView(TypedDict):
    """Number of requests that got no offer, by main reason."""

    reason: str
    serviceType: str
    questions: int


class ResponseTimeView(TypedDict):
    """Response time of one tool."""

    tool: str
    calls: int
    p50Ms: float
    p95Ms: float


class MetricsResponse(ClockedResponse):
    """Response of get_metrics."""

    projectId: str
    firstDate: str
    lastDate: str
    asked: int
    offered: int
    held: int
    booked: int
    thinking: int
    lost: int
    collisions: int
    needsAttention: int
    refusals: list[RefusalView]
    responseTimes: list[ResponseTimeView]


@tool("Get call statistics", READ_ONLY, Scope.OPERATOR, search_hint="call and booking statistics")
async def get_metrics(app: App, args: GetMetrics) -> MetricsResponse:
    """Get statistics of calls: how many callers asked, were offered a time, held one and ended in a booking.

    Use it for the results of a day or of a range of dates, such as last week. Returns also who was lost and why,
    and how fast answers were. Read only. For the bookings of each technician, use list_technicians.
    """
    last_day = args.to or args.from_
    end_day = last_day + _ONE_DAY if last_day else None
    request = ReportRequest(project_id=args.project_id, first_day=args.from_, end_day=end_day, days=_DEFAULT_DAYS)
    answer = await app.reports.get_metrics(request)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    report, funnel = answer.report, answer.report.funnel
    needing_attention = await app.attention.count_attention(args.project_id)
    return {
        "result": operators.funnel(funnel, needing_attention, view),
        "note": view.note,
        "projectId": report.project_id,
        "firstDate": report.period.first_day.isoformat(),
        "lastDate": (report.period.end_day - _ONE_DAY).isoformat(),
        "asked": funnel.conversations,
        "offered": funnel.offered,
        "held": funnel.held,
        "booked": funnel.booked,
        "thinking": funnel.thinking,
        "lost": sum(funnel.lost.values()),
        "collisions": report.collisions,
        "needsAttention": needing_attention,
        "refusals": [
            {"reason": refused.reason or "", "serviceType": refused.service_id, "questions": refused.questions}
            for refused in report.refused[:_MAX_REFUSALS]
        ],
        "responseTimes": [
            {
                "tool": times.use.value,
                "calls": times.calls,
                "p50Ms": times.p50_us / US_PER_MS,
                "p95Ms": times.p95_us / US_PER_MS,
            }
            for times in report.response_times
        ],
        "clock": show_clock(view),
    }
