"""Gaps: single changes of hours, skills, technicians or rules that would have won lost callers."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from typing import Final, assert_never

from starlette.responses import Response

from slotmcp.domain.report import (
    ExtraHour,
    ExtraSkills,
    ExtraTechnician,
    Gap,
    GapChange,
    Gaps,
    RelaxedRule,
    WithoutRule,
)
from slotmcp.domain.schedule import Schedule
from slotmcp.services.lookups import technician_of
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.web.dashboard.charts import percent_of
from slotmcp.web.dashboard.labels import WEEKDAYS, join_words, plural
from slotmcp.web.dashboard.reports import SECTION_TITLES, requested_days
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute

GapRow = Mapping[str, str | int]
"""Change, and the number of callers that it would have won, also in percent of the best change."""


async def gaps(request: DashboardRequest) -> Response:
    """Show the gaps as a fragment of the reports, or as a page of their own."""
    days = requested_days(request)
    answer = await request.app.reports.gaps(ReportRequest(project_id=request.project_id, days=days))
    is_fragment = request.http.headers.get("hx-request") == "true"
    template = "gaps.html" if is_fragment else "gaps_page.html"
    rows = gap_rows(answer.gaps, answer.schedule)
    return request.page(
        template, lost=answer.gaps.lost, summary=_summary(answer.gaps), rows=rows, titles=SECTION_TITLES
    )


ROUTES: Final = (PageRoute(path="/gaps", handler=gaps),)


def gap_rows(report: Gaps, schedule: Schedule) -> list[GapRow]:
    """Describe the ranked changes, with consecutive equal hours combined."""
    most = max((gap.won for gap in report.gaps), default=0)
    runs = groupby(enumerate(report.gaps), key=_run_key)
    return [_row([gap for _, gap in run], schedule, most) for _, run in runs]


def _summary(report: Gaps) -> str:
    summary = f"{plural(report.lost, 'caller')} left without a booking"
    if report.had_alternatives:
        summary += f"; {report.had_alternatives} of them had times to choose from"
    if report.not_simulated:
        summary += f"; the earliest {report.not_simulated} of the others are left out"
    return summary


def _run_key(ranked: tuple[int, Gap]) -> Hashable:
    """Return the same key for consecutive hours of a technician's day that would have won equally many callers."""
    rank, gap = ranked
    change = gap.change
    if not isinstance(change, ExtraHour):
        return change
    return change.technician_id, change.weekday, gap.won, change.hour - rank


def _row(run: Sequence[Gap], schedule: Schedule, most: int) -> GapRow:
    change, won = run[0].change, run[0].won
    return {
        "change": _describe(change, len(run), schedule),
        "won": f"{plural(won, 'more caller')} would have booked",
        "percent": percent_of(won, most),
    }


def _describe(change: GapChange, hours: int, schedule: Schedule) -> str:
    match change:
        case ExtraHour():
            name, day = technician_of(schedule, change.technician_id).name, WEEKDAYS[change.weekday]
            begin, end = f"{change.hour:02}:00", f"{change.hour + hours:02}:00"
            when = f"{day}s {begin}-{end}" if hours == 1 else f"one hour on {day}s between {begin} and {end}"
            return f"If {name} also worked {when}"
        case ExtraSkills():
            return f"If {technician_of(schedule, change.technician_id).name} learned {join_words(change.skills)}"
        case ExtraTechnician():
            colleague = technician_of(schedule, change.like_technician_id).name
            return f"With one more technician for {_service_name(schedule, change.service_id)}, on {colleague}'s shifts"
        case _:
            return _describe_without_rule(change, schedule)


def _describe_without_rule(change: WithoutRule, schedule: Schedule) -> str:  # noqa: PLR0911  one sentence per rule
    id_ = change.subject_id
    match change.rule:
        case RelaxedRule.RESERVE:
            return f"Without the reserve of {_service_name(schedule, id_)} for emergencies"
        case RelaxedRule.BOOKABLE_HOURS:
            return f"If {_service_name(schedule, id_)} could start whenever a technician works"
        case RelaxedRule.NOTICE:
            return f"If {_service_name(schedule, id_)} could be booked without notice"
        case RelaxedRule.SERVICE_DAY_MAXIMUM:
            return f"Without the daily limit of {_service_name(schedule, id_)}"
        case RelaxedRule.TECHNICIAN_DAY_MAXIMUM:
            return f"Without {technician_of(schedule, id_).name}'s daily limit"
        case RelaxedRule.BREAKS:
            return f"Without {technician_of(schedule, id_).name}'s breaks"
        case RelaxedRule.AREA_TECHNICIANS:
            return f"If every technician served the area {id_}"
        case RelaxedRule.AREA_DAYS:
            return f"If the area {id_} were served every day"
        case RelaxedRule.OUTSIDE_AREAS:
            return "If addresses outside the areas were accepted"
        case _:
            assert_never(change.rule)


def _service_name(schedule: Schedule, service_id: str) -> str:
    service = schedule.services.get(service_id)
    return service.name if service else service_id
