"""Recent refusals, and the details of one call."""

from typing import Final

from starlette.responses import Response

from slotmcp.domain.interval import MINUTES_PER_DAY, US_PER_MS
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question, Trace
from slotmcp.services.lookups import technician_of
from slotmcp.services.reporting.conversations import OK, TOTAL
from slotmcp.services.reporting.demand import is_empty
from slotmcp.services.traces import REFUSAL_DAYS, summarize_trace
from slotmcp.web.dashboard.charts import percent_of
from slotmcp.web.dashboard.labels import format_minute, format_ms, format_utc, refusal_label, use_label
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute

MAX_REFUSALS: Final = 50


async def refusals(request: DashboardRequest) -> Response:
    """Show the recent refusals."""
    answer = await request.app.traces.refusals(request.project_id, limit=MAX_REFUSALS)
    zone_key = answer.schedule.project.timezone
    rows = [
        {
            "call": _call_row(trace, zone_key),
            "question": _question(trace.question, answer.schedule) if trace.question else "",
            "alternatives": len(trace.offered),
        }
        for trace in answer.refusals
    ]
    return request.page("refusals.html", refusals=rows, days=REFUSAL_DAYS)


async def trace(request: DashboardRequest) -> Response:
    """Show the details of one call."""
    trace_id = str(request.http.path_params["trace"])
    answer = await request.app.traces.find(trace_id)
    if answer.trace.project_id != request.project_id:
        raise request.app.traces.unknown(trace_id)
    zone_key = answer.schedule.project.timezone
    conversation = await request.app.traces.conversation_of(answer.trace)
    return request.page(
        "trace.html",
        call=_call_row(answer.trace, zone_key),
        details=summarize_trace(answer),
        spans=_span_rows(answer.trace),
        booking_id=answer.trace.booking_id,
        conversation=[_call_row(other, zone_key) for other in conversation],
    )


async def find(request: DashboardRequest) -> Response:
    """Redirect to the call with the entered trace id."""
    trace_id = request.query("traceId")
    if trace_id and not trace_id.isalnum():
        raise request.app.traces.unknown(trace_id)
    return request.redirect(request.url("traces", trace_id) if trace_id else request.url("refusals"))


ROUTES: Final = (
    PageRoute(path="/refusals", handler=refusals),
    PageRoute(path="/traces", handler=find),
    PageRoute(path="/traces/{trace}", handler=trace),
)


def _call_row(trace: Trace, zone_key: str) -> dict[str, str]:
    succeeded = trace.outcome == OK and not is_empty(trace)
    return {
        "trace_id": trace.id,
        "at": format_ms(zone_key, trace.at_ms),
        "at_utc": format_utc(trace.at_ms),
        "use": use_label(trace.use),
        "outcome": "Succeeded" if succeeded else refusal_label(trace),
    }


def _span_rows(trace: Trace) -> list[dict[str, str | int]]:
    """Return the spans, longest first."""
    total = trace.hops.get(TOTAL, 0)
    spans = sorted(((name, us) for name, us in trace.hops.items() if name != TOTAL), key=lambda span: -span[1])
    return [
        {"name": name, "milliseconds": f"{us / US_PER_MS:.1f}", "percent": percent_of(us, total)} for name, us in spans
    ]


def _question(question: Question, schedule: Schedule) -> str:
    """Describe the request: service, part of day, time and technician."""
    service = schedule.services.get(question.service_id)
    name = service.name if service else question.service_id
    part = f"in the {question.part_of_day}" if question.part_of_day else ""
    technician = f"with {technician_of(schedule, question.technician_id).name}" if question.technician_id else ""
    return ", ".join(filter(None, [name, part, _window(question, schedule.project.timezone), technician]))


def _window(question: Question, zone_key: str) -> str:
    start, end = question.start_from, question.start_to
    if end == start + 1:
        return format_minute(zone_key, start)
    begin = "" if end - start > MINUTES_PER_DAY else f"from {format_minute(zone_key, start)} "
    return f"{begin}until {format_minute(zone_key, end)}"
