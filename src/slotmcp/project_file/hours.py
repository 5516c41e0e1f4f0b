"""A technician's hours: shifts, breaks, overrides and time off, as the domain has them."""

from slotmcp.domain.catalog import DateOverride, TimeOff, WallSpan, WeeklySpan
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.project_file.collector import Problems
from slotmcp.project_file.problems import Place
from slotmcp.project_file.references import check_repeated
from slotmcp.project_file.schema import OverrideEntry, ShiftEntry, TimeOffEntry, WindowEntry
from slotmcp.project_file.times import TimeResolver


def weekly_spans(entries: list[ShiftEntry], place: Place, problems: Problems) -> tuple[WeeklySpan, ...]:
    """Shifts, or breaks."""
    return tuple(_weekly_span(entry, (*place, index), problems) for index, entry in enumerate(entries))


def date_overrides(
    entries: list[OverrideEntry], place: Place, resolver: TimeResolver, problems: Problems
) -> tuple[DateOverride, ...]:
    """Overrides, each of another date."""
    overrides = tuple(_date_override(entry, (*place, index), resolver, problems) for index, entry in enumerate(entries))
    dates = [override.date for override in overrides]
    for index, day in enumerate(dates):
        if (first := dates.index(day)) != index:
            line = problems.line_of((*place, first, "date"))
            sentence = f"{day} has an override on line {line} already; put all windows into one"
            problems.add((*place, index, "date"), sentence)
    return overrides


def absences(
    entries: list[TimeOffEntry], place: Place, resolver: TimeResolver, problems: Problems
) -> tuple[TimeOff, ...]:
    """Time off."""
    return tuple(_absence(entry, (*place, index), resolver, problems) for index, entry in enumerate(entries))


def _weekly_span(entry: ShiftEntry, place: Place, problems: Problems) -> WeeklySpan:
    check_repeated(entry.days, (*place, "days"), problems)
    if entry.from_ is not None and entry.until is not None and entry.until < entry.from_:
        problems.add((*place, "until"), f"this is before from; write {entry.from_} or a later date")
    return WeeklySpan(
        days=frozenset(entry.days),
        span=_wall_span(entry, place, problems),
        valid_from=entry.from_,
        valid_until=entry.until,
    )


def _wall_span(entry: WindowEntry, place: Place, problems: Problems) -> WallSpan:
    if entry.start == MINUTES_PER_DAY:
        problems.add((*place, "start"), 'nothing starts at 24:00; write "00:00" on the day after')
    elif entry.start == entry.end:
        sentence = 'this is the start again; write a later time, or for the whole day "00:00" to "24:00"'
        problems.add((*place, "end"), sentence)
    past_midnight = MINUTES_PER_DAY * (entry.end < entry.start)
    return WallSpan(start_minute=entry.start, end_minute=entry.end + past_midnight)


def _date_override(entry: OverrideEntry, place: Place, resolver: TimeResolver, problems: Problems) -> DateOverride:
    if entry.closed and entry.windows:
        problems.add((*place, "closed"), "a closed date has no windows; remove closed or windows")
    if not entry.closed and not entry.windows and not problems.has_problem_at(place):
        problems.add(place, 'write closed: true, or windows such as [{start: "09:00", end: "13:00"}]')
    windows = [_wall_span(one, (*place, "windows", index), problems) for index, one in enumerate(entry.windows)]
    return DateOverride(date=resolver.date_of(entry.date), windows=tuple(windows))


def _absence(entry: TimeOffEntry, place: Place, resolver: TimeResolver, problems: Problems) -> TimeOff:
    start, end = resolver.minute_of(entry.start), resolver.minute_of(entry.end, is_end=True)
    if end <= start:
        problems.add((*place, "end"), f"this is not after the start; write a time after {resolver.reading(start)}")
    return TimeOff(start=start, end=end, reason=entry.reason or "")
