"""Mapping from a file's shifts, breaks and time off to the domain, with their checks."""

from collections.abc import Sequence
from datetime import date

from slotmcp.domain.catalog import TimeOff
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.recurrence import WHOLE_DAY, FloatingBreak, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.project_file.checks import Problems, check_repeated
from slotmcp.project_file.recurrence_schema import MAX_FLOATING_BREAKS, BreakEntry, ShiftEntry, TimeOffEntry
from slotmcp.project_file.rule_mapping import span_between, wall_span_of
from slotmcp.project_file.times import TimeExpression, TimeResolver

_ANY_DATE = date(2000, 1, 1)
"""Replacement of a missing date. The file is rejected anyway."""
_ANY_MOMENT = TimeExpression(_ANY_DATE)


def shifts_of(entries: Sequence[ShiftEntry], problems: Problems) -> tuple[WeeklySpan, ...]:
    """Return shifts or on-call spans, and report wrong recurrences."""
    return tuple(_shift(entry, problems.at(index)) for index, entry in enumerate(entries))


def _shift(entry: ShiftEntry, problems: Problems) -> WeeklySpan:
    return _recurring(entry, wall_span_of(entry, problems), problems)


def breaks_of(
    entries: Sequence[BreakEntry], problems: Problems
) -> tuple[tuple[WeeklySpan, ...], tuple[FloatingBreak, ...]]:
    """Return fixed and floating breaks, and report wrong ones."""
    fixed: list[WeeklySpan] = []
    floating: list[FloatingBreak] = []
    for index, entry in enumerate(entries):
        if _is_floating(entry, problems.at(index)):
            floating.append(_floating_break(entry, problems.at(index)))
        else:
            fixed.append(_fixed_break(entry, problems.at(index)))
        if len(floating) > MAX_FLOATING_BREAKS:
            problems.at(index).add(f"a technician has at most {MAX_FLOATING_BREAKS} floating breaks; remove one")
    return tuple(fixed), tuple(floating)


def _is_floating(entry: BreakEntry, problems: Problems) -> bool:
    return any(
        value is not None or problems.at(key).exist
        for key, value in {"earliest": entry.earliest, "latest": entry.latest, "minutes": entry.minutes}.items()
    )


def _fixed_break(entry: BreakEntry, problems: Problems) -> WeeklySpan:
    start = _required("start", entry.start, '"12:00"', problems)
    end = _required("end", entry.end, '"12:30"', problems)
    span = WHOLE_DAY if start is None or end is None else span_between(start, end, problems)
    return _recurring(entry, span, problems)


def _floating_break(entry: BreakEntry, problems: Problems) -> FloatingBreak:
    for key, value in {"start": entry.start, "end": entry.end}.items():
        if value is not None:
            problems.at(key).add(f"a floating break has no {key}; remove it, or earliest, latest and minutes")
    earliest = _required("earliest", entry.earliest, '"11:30"', problems)
    latest = _required("latest", entry.latest, '"14:00"', problems)
    minutes = _required("minutes", entry.minutes, "30", problems)
    if earliest is None or latest is None or minutes is None:
        earliest, latest, minutes = 0, MINUTES_PER_DAY, 1
    elif latest <= earliest:
        problems.at("latest").add("this is not after earliest; write a later time of the same day")
    elif minutes > latest - earliest:
        problems.at("minutes").add(f"the window has {latest - earliest} minutes; write at most that")
    window = _recurring(entry, WallSpan(start_minute=earliest, end_minute=latest), problems)
    return FloatingBreak(window=window, minutes=minutes)


def _required(key: str, value: int | None, example: str, problems: Problems) -> int | None:
    if value is None and not problems.at(key).exist:
        problems.at(key).add(f"{key} is missing; add it, such as {key}: {example}")
    return value


def _recurring(entry: ShiftEntry | BreakEntry, span: WallSpan, problems: Problems) -> WeeklySpan:
    check_repeated(entry.days, problems.at("days"))
    if entry.rrule:
        _check_rule(entry, problems)
    elif not entry.days and not problems.at("days").exist and not problems.at("rrule").exist:
        is_there = "days" in entry.model_fields_set
        example = "days: [mon, tue, wed, thu, fri]"
        problems.at("days").add("add at least one here" if is_there else f"days is missing; add it, such as {example}")
    elif entry.every_weeks > 1 and entry.valid_from is None and not problems.at("from").exist:
        problems.at("every").add("every needs from, whose week is the first; add it, such as from: 2026-11-28")
    if entry.valid_from is not None and entry.valid_until is not None and entry.valid_until < entry.valid_from:
        problems.at("until").add(f"this is before from; write {entry.valid_from} or a later date")
    return entry.to(WeeklySpan, days=frozenset(entry.days), span=span)


def _check_rule(entry: ShiftEntry | BreakEntry, problems: Problems) -> None:
    _check_first(entry.valid_from, problems)
    if entry.days:
        problems.at("days").add("days cannot be combined with rrule; write BYDAY in the rule, or remove rrule")
    if entry.every_weeks > 1:
        problems.at("every").add("every cannot be combined with rrule; write INTERVAL in the rule, or remove rrule")
    if entry.valid_until is not None:
        problems.at("until").add("until cannot be combined with rrule; write UNTIL in the rule, or remove rrule")


def _check_first(first: date | None, problems: Problems) -> None:
    if first is None and not problems.at("from").exist:
        problems.at("rrule").add("rrule needs from, the first possible date; add it, such as from: 2026-12-01")


def absences_of(
    entries: Sequence[TimeOffEntry], resolver: TimeResolver, problems: Problems
) -> tuple[tuple[TimeOff, ...], tuple[RecurringTimeOff, ...]]:
    """Return single and recurring absences, and report wrong ones."""
    single: list[TimeOff] = []
    recurring: list[RecurringTimeOff] = []
    for index, entry in enumerate(entries):
        if entry.rrule or problems.at(index, "rrule").exist:
            recurring.append(_recurring_absence(entry, problems.at(index)))
        else:
            single.append(_absence(entry, resolver, problems.at(index)))
    return tuple(single), tuple(recurring)


def _absence(entry: TimeOffEntry, resolver: TimeResolver, problems: Problems) -> TimeOff:
    if entry.first is not None:
        problems.at("from").add("from needs rrule; write start and end instead, or add rrule")
    start = _moment("start", entry.start, "2026-12-24", problems)
    end = _moment("end", entry.end, "2026-12-26", problems)
    first, last = resolver.minute_of(start), resolver.minute_of(end, is_end=True)
    if last <= first and not problems.at("start").exist:
        problems.at("end").add(f"this is not after the start; write a time after {resolver.local(first)}")
    return entry.to(TimeOff, start=first, end=last, reason=entry.reason or "")


def _moment(key: str, value: TimeExpression | int | None, example: str, problems: Problems) -> TimeExpression:
    if isinstance(value, TimeExpression):
        return value
    if value is not None:
        problems.at(key).add(f"a time without a date needs rrule; write a date before it, such as {example}T09:00")
    elif not problems.at(key).exist:
        problems.at(key).add(f"{key} is missing; add it, such as {key}: {example}")
    return _ANY_MOMENT


def _recurring_absence(entry: TimeOffEntry, problems: Problems) -> RecurringTimeOff:
    _check_first(entry.first, problems)
    start, end = _clock("start", entry.start, problems), _clock("end", entry.end, problems)
    if (start is None) != (end is None):
        missing, there = ("start", "end") if start is None else ("end", "start")
        if not problems.at(missing).exist:
            problems.at(missing).add(f'{missing} is missing; add it, such as "12:00", or remove {there} for whole days')
    span = WHOLE_DAY if start is None or end is None else span_between(start, end, problems)
    return entry.to(RecurringTimeOff, first=entry.first or _ANY_DATE, span=span, reason=entry.reason or "")


def _clock(key: str, value: TimeExpression | int | None, problems: Problems) -> int | None:
    if isinstance(value, TimeExpression):
        problems.at(key).add('time off with rrule has times without dates; write a time such as "12:00"')
        return None
    return value
