"""A technician's hours: shifts, breaks, overrides and time off, as the domain has them."""

from slotmcp.domain.catalog import DateOverride, TimeOff, WallSpan, WeeklySpan
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.project_file.problems import Place
from slotmcp.project_file.references import check_repeated
from slotmcp.project_file.report import Report
from slotmcp.project_file.schema import OverrideEntry, ShiftEntry, TimeOffEntry, WindowEntry
from slotmcp.project_file.times import Almanac


def weekly_spans(entries: list[ShiftEntry], place: Place, report: Report) -> tuple[WeeklySpan, ...]:
    """Shifts, or breaks."""
    return tuple(_weekly_span(entry, (*place, index), report) for index, entry in enumerate(entries))


def date_overrides(
    entries: list[OverrideEntry], place: Place, almanac: Almanac, report: Report
) -> tuple[DateOverride, ...]:
    """Overrides, each of another date."""
    overrides = tuple(_date_override(entry, (*place, index), almanac, report) for index, entry in enumerate(entries))
    dates = [override.date for override in overrides]
    for index, day in enumerate(dates):
        if (first := dates.index(day)) != index:
            line = report.line((*place, first, "date"))
            sentence = f"{day} has an override on line {line} already; put all windows into one"
            report.problem((*place, index, "date"), sentence)
    return overrides


def absences(entries: list[TimeOffEntry], place: Place, almanac: Almanac, report: Report) -> tuple[TimeOff, ...]:
    """Time off."""
    return tuple(_absence(entry, (*place, index), almanac, report) for index, entry in enumerate(entries))


def _weekly_span(entry: ShiftEntry, place: Place, report: Report) -> WeeklySpan:
    check_repeated(entry.days, (*place, "days"), report)
    if entry.from_ is not None and entry.until is not None and entry.until < entry.from_:
        report.problem((*place, "until"), f"this is before from; write {entry.from_} or a later date")
    return WeeklySpan(
        days=frozenset(entry.days),
        span=_wall_span(entry, place, report),
        valid_from=entry.from_,
        valid_until=entry.until,
    )


def _wall_span(entry: WindowEntry, place: Place, report: Report) -> WallSpan:
    if entry.start == MINUTES_PER_DAY:
        report.problem((*place, "start"), 'nothing starts at 24:00; write "00:00" on the day after')
    elif entry.start == entry.end:
        sentence = 'this is the start again; write a later time, or for the whole day "00:00" to "24:00"'
        report.problem((*place, "end"), sentence)
    past_midnight = MINUTES_PER_DAY * (entry.end < entry.start)
    return WallSpan(start_minute=entry.start, end_minute=entry.end + past_midnight)


def _date_override(entry: OverrideEntry, place: Place, almanac: Almanac, report: Report) -> DateOverride:
    if entry.closed and entry.windows:
        report.problem((*place, "closed"), "a closed date has no windows; remove closed or windows")
    if not entry.closed and not entry.windows and not report.concerns(place):
        report.problem(place, 'write closed: true, or windows such as [{start: "09:00", end: "13:00"}]')
    windows = [_wall_span(one, (*place, "windows", index), report) for index, one in enumerate(entry.windows)]
    return DateOverride(date=almanac.date_of(entry.date), windows=tuple(windows))


def _absence(entry: TimeOffEntry, place: Place, almanac: Almanac, report: Report) -> TimeOff:
    start, end = almanac.minute_of(entry.start), almanac.minute_of(entry.end, is_end=True)
    if end <= start:
        report.problem((*place, "end"), f"this is not after the start; write a time after {almanac.reading(start)}")
    return TimeOff(start=start, end=end, reason=entry.reason or "")
