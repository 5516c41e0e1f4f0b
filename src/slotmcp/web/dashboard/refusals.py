"""Latest refusals: which calls were told no, and why."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question, Trace
from slotmcp.services.named import technician_of
from slotmcp.services.traces import REFUSAL_DAYS
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.when import utc_ms, written, written_ms
from slotmcp.web.dashboard.words import asked, why_refused

MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """One call."""

    trace_id: str
    at: str
    at_utc: str
    why: str
    use: str
    wanted: str
    """The service, when, and with whom; "" where that was never clear."""
    instead: int
    """Other times that were offered."""


async def refusals(visit: DashboardRequest) -> Response:
    """The page."""
    answer = await visit.app.traces.refusals(visit.project_id, most=MOST)
    rows = [_row(trace, answer.schedule) for trace in answer.refusals]
    return visit.page("refusals.html", refusals=rows, days=REFUSAL_DAYS)


PANELS: Final = (Panel(path="/refusals", handler=refusals),)


def _row(trace: Trace, schedule: Schedule) -> RefusalRow:
    zone_key = schedule.project.timezone
    return RefusalRow(
        trace_id=trace.id,
        at=written_ms(zone_key, trace.at_ms),
        at_utc=utc_ms(trace.at_ms),
        why=why_refused(trace),
        use=asked(trace.use),
        wanted=_wanted(trace.question, schedule) if trace.question else "",
        instead=len(trace.offered),
    )


def _wanted(question: Question, schedule: Schedule) -> str:
    service = schedule.services.get(question.service_id)
    name = service.name if service else question.service_id
    part = f"in the {question.part_of_day}" if question.part_of_day else ""
    wish = f"with {technician_of(schedule, question.technician_id).name}" if question.technician_id else ""
    return ", ".join(filter(None, [name, part, _window(question, schedule.project.timezone), wish]))


def _window(question: Question, zone_key: str) -> str:
    start, end = question.start_from, question.start_to
    if end == start + 1:
        return written(zone_key, start)
    begin = "" if end - start > MINUTES_PER_DAY else f"from {written(zone_key, start)} "
    return f"{begin}until {written(zone_key, end)}"
