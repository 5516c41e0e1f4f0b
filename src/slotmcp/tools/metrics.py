"""What came of a project's calls, for whoever runs the business."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.report import RefusedQuestions, ResponseTimes
from slotmcp.services.app import App
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.tools.arguments import DAY, LOCALE, ProjectArguments
from slotmcp.tools.speech import operators
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, show_clock

_TODAY: Final = 1
_A_DAY: Final = timedelta(days=1)
_US_PER_MS: Final = 1000
_MOST_REFUSALS: Final = 10


class GetMetrics(ProjectArguments):
    """What get_metrics is asked."""

    from_: Annotated[date, DAY] | None = Field(None, alias="from", description="First date. Default today")
    to: Annotated[date, DAY] | None = Field(None, description="Last date. Default the first, or today")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class RefusalView(TypedDict):
    """Questions to which nothing could be offered, by what was mostly in the way."""

    reason: str
    serviceType: str
    questions: int


class ResponseTimeView(TypedDict):
    """How long one tool took."""

    tool: str
    calls: int
    p50Ms: float
    p95Ms: float


class MetricsResponse(ClockedResponse):
    """What get_metrics answers."""

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
    refusals: list[RefusalView]
    responseTimes: list[ResponseTimeView]


@tool("See what came of calls", READ_ONLY, Scope.OPERATOR)
async def get_metrics(app: App, args: GetMetrics) -> MetricsResponse:
    """See how many callers asked, were offered a time, held and booked; who was lost and why; how fast answers were."""
    answer = await app.reports.get_metrics(_request(args))
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    report, funnel = answer.report, answer.report.funnel
    return {
        "result": operators.came_of_calls(funnel, view),
        "note": view.note,
        "projectId": report.project_id,
        "firstDate": report.period.first_day.isoformat(),
        "lastDate": (report.period.end_day - _A_DAY).isoformat(),
        "asked": funnel.asked,
        "offered": funnel.offered,
        "held": funnel.held,
        "booked": funnel.booked,
        "thinking": funnel.thinking,
        "lost": sum(funnel.lost.values()),
        "collisions": report.collisions,
        "refusals": _show_refusals(report.refused),
        "responseTimes": [_show_times(one) for one in report.response_times],
        "clock": show_clock(view),
    }


def _request(args: GetMetrics) -> ReportRequest:
    last = args.to or args.from_
    return ReportRequest(
        project_id=args.project_id,
        first_day=args.from_,
        end_day=last + _A_DAY if last else None,
        days=_TODAY,
    )


def _show_refusals(refused: Sequence[RefusedQuestions]) -> list[RefusalView]:
    return [
        {"reason": one.reason or "", "serviceType": one.service_id, "questions": one.questions}
        for one in refused[:_MOST_REFUSALS]
    ]


def _show_times(times: ResponseTimes) -> ResponseTimeView:
    return {
        "tool": times.use.value,
        "calls": times.calls,
        "p50Ms": times.p50_us / _US_PER_MS,
        "p95Ms": times.p95_us / _US_PER_MS,
    }
