"""A report as sections of rows: what every way of printing it has in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.report import (
    DecidedBy,
    ExtraHour,
    ExtraSkills,
    Gap,
    GapChange,
    Gaps,
    HourlyCounts,
    LossReason,
    Report,
)
from slotmcp.services.reporting.reports import TITLES, SectionName

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Row = Mapping[str, str | int | float]
NOBODY: Final = "Nobody has asked in this period. Try an earlier --from, or `slotmcp demo` to see calls."


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its rows have the same columns, named as in JSON."""

    name: SectionName
    title: str
    empty: str
    """What to say, and to do, where there are no rows."""
    rows: Sequence[Row]


def sections_of(report: Report, gaps: Gaps | None, wanted: Sequence[SectionName]) -> list[Section]:
    """The wanted sections, in their order; `gaps` are needed where they are wanted."""
    return [_gaps(gaps) if name is SectionName.GAPS and gaps else _MAKERS[name](report) for name in wanted]


def _section(name: SectionName, empty: str, rows: Sequence[Row]) -> Section:
    return Section(name, TITLES[name], empty, rows)


def _funnel(report: Report) -> Section:
    funnel = report.funnel
    steps = {
        "asked": funnel.asked,
        "offered": funnel.offered,
        "held": funnel.held,
        "booked": funnel.booked,
        "thinking": funnel.thinking,
        **{f"lost: {loss.value}": funnel.lost.get(loss, 0) for loss in LossReason},
        "collisions": report.collisions,
    }
    rows: list[Row] = [{"step": step, "count": count} for step, count in steps.items()] if funnel.asked else []
    return _section(SectionName.FUNNEL, NOBODY, rows)


def _heat_map(name: SectionName, empty: str) -> Callable[[Report], Section]:
    def made(report: Report) -> Section:
        hours: HourlyCounts = report.demand if name is SectionName.DEMAND else report.supply
        rows: list[Row] = [
            {"day": day, **{f"{hour:02}": count for hour, count in enumerate(row)}}
            for day, row in zip(WEEKDAYS, hours, strict=True)
        ]
        return Section(name, f"{TITLES[name]} ({report.timezone})", empty, rows if any(map(any, hours)) else [])

    return made


def _refused(report: Report) -> Section:
    rows: list[Row] = [
        {"reason": one.reason or "unknown", "serviceId": one.service_id, "questions": one.questions}
        for one in report.refused
    ]
    return _section(SectionName.REFUSED, "Nobody was refused in this period.", rows)


def _utilization(report: Report) -> Section:
    rows: list[Row] = [
        {
            "technicianId": one.technician_id,
            "openMinutes": one.open_minutes,
            "bookedMinutes": one.booked_minutes,
            "travelMinutes": one.travel_minutes,
            "busyMinutes": one.busy_minutes,
            "freeMinutes": one.free_minutes,
        }
        for one in report.utilization
    ]
    return _section(SectionName.UTILIZATION, _NO_TECHNICIANS, rows)


def _assignment(report: Report) -> Section:
    rows: list[Row] = [{"decidedBy": one.value, "bookings": report.decided.get(one, 0)} for one in DecidedBy]
    empty = "No booking starts in this period. Try a later --to."
    return _section(SectionName.ASSIGNMENT, empty, rows if report.decided else [])


def _fairness(report: Report) -> Section:
    rows: list[Row] = [
        {
            "technicianId": one.technician_id,
            "bookings": one.bookings,
            "shareOfBookings": round(one.share_of_bookings, 4),
            "shareOfOpenTime": round(one.share_of_open_time, 4),
        }
        for one in report.fairness
    ]
    return _section(SectionName.FAIRNESS, _NO_TECHNICIANS, rows)


def _times(report: Report) -> Section:
    rows: list[Row] = [
        {"use": one.use.value, "calls": one.calls, "p50Us": one.p50_us, "p95Us": one.p95_us, "p99Us": one.p99_us}
        for one in report.response_times
    ]
    return Section(SectionName.TIMES, f"{TITLES[SectionName.TIMES]}, in microseconds", NOBODY, rows)


def _gaps(gaps: Gaps) -> Section:
    rows = [_gap(one) for one in gaps.gaps]
    empty = "No single change would have won a lost caller."
    title = f"{TITLES[SectionName.GAPS]}: {gaps.lost} lost, {gaps.had_alternatives} of them had a choice"
    return Section(SectionName.GAPS, title, empty if gaps.lost else "Nobody was lost in this period.", rows)


def _gap(gap: Gap) -> Row:
    return {"change": _change(gap.change), "won": gap.won}


def _change(change: GapChange) -> str:
    match change:
        case ExtraHour():
            day, hour = WEEKDAYS[change.weekday], change.hour
            return f"{change.technician_id} works {day} {hour:02}:00-{hour + 1:02}:00 too"
        case ExtraSkills():
            return f"{change.technician_id} learns {', '.join(change.skills)}"
        case _:
            return f"one more technician for {change.service_id}, with the shifts of {change.like_technician_id}"


_NO_TECHNICIANS: Final = "There are no technicians yet. Bring them in with `slotmcp import FILE`."
_DEMAND: Final = _heat_map(SectionName.DEMAND, NOBODY)
_SUPPLY: Final = _heat_map(SectionName.SUPPLY, "No start was left free. Look at the gaps for what would help.")
_MAKERS: Final[Mapping[SectionName, Callable[[Report], Section]]] = {
    SectionName.FUNNEL: _funnel,
    SectionName.DEMAND: _DEMAND,
    SectionName.SUPPLY: _SUPPLY,
    SectionName.REFUSED: _refused,
    SectionName.UTILIZATION: _utilization,
    SectionName.ASSIGNMENT: _assignment,
    SectionName.FAIRNESS: _fairness,
    SectionName.TIMES: _times,
}
