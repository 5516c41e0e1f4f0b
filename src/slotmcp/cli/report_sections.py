"""Sections of a report as rows, for every output format."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.report import (
    DecidedBy,
    ExtraHour,
    ExtraSkills,
    ExtraTechnician,
    Gap,
    GapChange,
    Gaps,
    HourlyCounts,
    LossReason,
    RelaxedRule,
    Report,
)
from slotmcp.services.reporting.refusals import REASONS, REMEDIES
from slotmcp.services.reporting.reports import TITLES, SectionName

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Row = Mapping[str, str | int | float]
"""Values by column."""
NO_CALLS: Final = "No calls in this period. Try an earlier --from, or run `slotmcp demo` to see calls."


@dataclass(frozen=True, slots=True)
class ReportSection:
    """Section as a table, with the column names that JSON and CSV use."""

    name: SectionName
    title: str
    empty: str
    """Message for a section without rows."""
    rows: Sequence[Row]


def report_sections(report: Report, gaps: Gaps | None, names: Sequence[SectionName]) -> list[ReportSection]:
    """Return the named sections in the given order. `gaps` is required for the section of that name."""
    return [_gaps(gaps) if name is SectionName.GAPS and gaps else _BUILDERS[name](report) for name in names]


def _section(name: SectionName, empty: str, rows: Sequence[Row]) -> ReportSection:
    return ReportSection(name, TITLES[name], empty, rows)


def _funnel(report: Report) -> ReportSection:
    funnel = report.funnel
    steps = {
        "asked": funnel.conversations,
        "offered": funnel.offered,
        "held": funnel.held,
        "booked": funnel.booked,
        "thinking": funnel.thinking,
        **{f"lost: {loss.value}": funnel.lost.get(loss, 0) for loss in LossReason},
        "collisions": report.collisions,
    }
    rows: list[Row] = [{"step": step, "count": count} for step, count in steps.items()] if funnel.conversations else []
    return _section(SectionName.FUNNEL, NO_CALLS, rows)


def _heat_map(name: SectionName, empty: str) -> Callable[[Report], ReportSection]:
    def build(report: Report) -> ReportSection:
        hours: HourlyCounts = report.demand if name is SectionName.DEMAND else report.supply
        rows: list[Row] = [
            {"day": day, **{f"{hour:02}": count for hour, count in enumerate(row)}}
            for day, row in zip(WEEKDAYS, hours, strict=True)
        ]
        return ReportSection(name, f"{TITLES[name]} ({report.timezone})", empty, rows if any(map(any, hours)) else [])

    return build


def _refused(report: Report) -> ReportSection:
    rows: list[Row] = [
        {
            "reason": refused.reason or "unknown",
            "serviceId": refused.service_id,
            "questions": refused.questions,
            "meaning": REASONS[refused.reason] if refused.reason else "",
            "remedy": REMEDIES[refused.reason] if refused.reason else "",
        }
        for refused in report.refused
    ]
    return _section(SectionName.REFUSED, "Every request in this period was offered a time.", rows)


def _utilization(report: Report) -> ReportSection:
    rows: list[Row] = [
        {
            "technicianId": utilization.technician_id,
            "openMinutes": utilization.open_minutes,
            "bookedMinutes": utilization.booked_minutes,
            "travelMinutes": utilization.travel_minutes,
            "busyMinutes": utilization.busy_minutes,
            "freeMinutes": utilization.free_minutes,
        }
        for utilization in report.utilization
    ]
    return _section(SectionName.UTILIZATION, _NO_TECHNICIANS, rows)


def _assignment(report: Report) -> ReportSection:
    rows: list[Row] = [{"decidedBy": reason.value, "bookings": report.decided.get(reason, 0)} for reason in DecidedBy]
    empty = "No bookings in this period. Try a later --to."
    return _section(SectionName.ASSIGNMENT, empty, rows if report.decided else [])


def _fairness(report: Report) -> ReportSection:
    rows: list[Row] = [
        {
            "technicianId": share.technician_id,
            "bookings": share.bookings,
            "shareOfBookings": round(share.share_of_bookings, 4),
            "shareOfOpenTime": round(share.share_of_open_time, 4),
        }
        for share in report.fairness
    ]
    return _section(SectionName.FAIRNESS, _NO_TECHNICIANS, rows)


def _times(report: Report) -> ReportSection:
    rows: list[Row] = [
        {
            "use": times.use.value,
            "calls": times.calls,
            "p50Us": times.p50_us,
            "p95Us": times.p95_us,
            "p99Us": times.p99_us,
        }
        for times in report.response_times
    ]
    return ReportSection(SectionName.TIMES, f"{TITLES[SectionName.TIMES]}, in microseconds", NO_CALLS, rows)


def _gaps(gaps: Gaps) -> ReportSection:
    rows = [_gap(gap) for gap in gaps.gaps]
    empty = "No single change would have won a lost caller."
    title = f"{TITLES[SectionName.GAPS]}: {gaps.lost} lost, {gaps.had_alternatives} of them had times to choose from"
    title += f", the earliest {gaps.not_simulated} of the others left out" if gaps.not_simulated else ""
    return ReportSection(SectionName.GAPS, title, empty if gaps.lost else "No callers were lost in this period.", rows)


def _gap(gap: Gap) -> Row:
    return {"change": _change(gap.change), "won": gap.won}


def _change(change: GapChange) -> str:
    match change:
        case ExtraHour():
            day, hour = WEEKDAYS[change.weekday], change.hour
            return f"{change.technician_id} works {day} {hour:02}:00-{hour + 1:02}:00 too"
        case ExtraSkills():
            return f"{change.technician_id} learns {', '.join(change.skills)}"
        case ExtraTechnician():
            return f"one more technician for {change.service_id}, with the shifts of {change.like_technician_id}"
        case _:
            return _WITHOUT_RULE[change.rule].format(change.subject_id)


_WITHOUT_RULE: Final[Mapping[RelaxedRule, str]] = {
    RelaxedRule.RESERVE: "no reserve of {}",
    RelaxedRule.BOOKABLE_HOURS: "{} starts whenever a technician works",
    RelaxedRule.NOTICE: "no minimum notice of {}",
    RelaxedRule.SERVICE_DAY_MAXIMUM: "no daily limit of {}",
    RelaxedRule.TECHNICIAN_DAY_MAXIMUM: "no daily limit of {}",
    RelaxedRule.BREAKS: "{} has no breaks",
    RelaxedRule.AREA_TECHNICIANS: "every technician serves the area {}",
    RelaxedRule.AREA_DAYS: "the area {} is served every day",
    RelaxedRule.OUTSIDE_AREAS: "postal codes outside the areas are accepted",
}


_NO_TECHNICIANS: Final = "No technicians yet. Add them to the project file, then run `slotmcp import FILE`."
_DEMAND: Final = _heat_map(SectionName.DEMAND, NO_CALLS)
_SUPPLY: Final = _heat_map(SectionName.SUPPLY, "No start times were left. See the gaps for what would help.")
_BUILDERS: Final[Mapping[SectionName, Callable[[Report], ReportSection]]] = {
    SectionName.FUNNEL: _funnel,
    SectionName.DEMAND: _DEMAND,
    SectionName.SUPPLY: _SUPPLY,
    SectionName.REFUSED: _refused,
    SectionName.UTILIZATION: _utilization,
    SectionName.ASSIGNMENT: _assignment,
    SectionName.FAIRNESS: _fairness,
    SectionName.TIMES: _times,
}
