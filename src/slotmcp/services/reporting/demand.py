"""Demand: the hours that callers requested, and the requests that could not be met."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import chain, islice, takewhile
from operator import itemgetter
from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute, merge
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.domain.report import DAYS_OF_WEEK, HOURS_OF_DAY, HourlyCounts, RefusedQuestions
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question, Trace, TracedUse
from slotmcp.engine.opening_hours import dates_of, opening_hours
from slotmcp.engine.zones import local_date, utc_to_wall
from slotmcp.services.day_parts import part_of_day
from slotmcp.services.reporting.conversations import OK, TAKEN_OUTCOMES, Conversation

HourOfWeek = tuple[int, int]
"""Weekday (Monday is 0) and hour of the day."""
MAX_MINUTES: Final = 8 * MINUTES_PER_DAY
"""Length of a period that includes every hour of the week: a week, and a day for clock changes."""
_STEP_MINUTES: Final = 15
"""Step in which offsets of time zones change, so that all minutes of a step are in the same local hour."""
_CACHE_SIZE: Final = 4096
_MARGIN: Final = timedelta(days=2)
"""Dates around a range whose shifts may overlap it, because of time zones or midnight."""


def is_wanted(question: Question, start: Minute, parts: PartsOfDay) -> bool:
    """Return whether a start is on a requested day of the week and in the requested part of the day."""
    if question.days_of_week and utc_to_wall(question.timezone, start).weekday() not in question.days_of_week:
        return False
    return question.part_of_day is None or part_of_day(question.timezone, start, parts) is question.part_of_day


def wanted_hours(question: Question, zone_key: str, parts: PartsOfDay) -> frozenset[HourOfWeek]:
    """Return the hours of the week that a question includes, in a time zone."""
    return _hours(
        zone_key,
        (question.start_from // _STEP_MINUTES, -(-_end_of(question) // _STEP_MINUTES)),
        replace(question, service_id="", duration_minutes=0, start_from=0, start_to=0, technician_id=None, area=None),
        parts,
    )


def count_demand(conversations: Sequence[Conversation], schedule: Schedule) -> HourlyCounts:
    """Count each conversation once, in the hour of the week of the start that the caller would have taken."""
    parts, zone_key = schedule.project.parts_of_day, schedule.project.timezone
    starts = [start for each in conversations if (start := each.taken_start) is not None]
    unmet = [each.first_question for each in conversations if each.taken_start is None]
    questions = Counter(question for question in unmet if question is not None)
    open_hours = hours_of_team(schedule, list(questions))
    local_starts = Counter(utc_to_wall(zone_key, start) for start in starts)
    for question, count in questions.items():
        local_starts[utc_to_wall(zone_key, first_wanted(question, open_hours, parts))] += count
    counts = Counter[HourOfWeek]()
    for local, count in local_starts.items():
        counts[local.weekday(), local.hour] += count
    return hourly_counts(counts)


def first_wanted(question: Question, open_hours: Sequence[Interval], parts: PartsOfDay) -> Minute:
    """Return the first requested minute within open hours, else the first requested one, else the start of the range.

    Only the first minutes of spans and of steps are tried. Ranges of any length take the time of one week.

    Args:
        question: request of a range.
        open_hours: merged intervals.
        parts: hours of the parts of the day.
    """
    asked = question.start_from, _end_of(question)
    first = bisect_right(open_hours, question.start_from, key=itemgetter(1))
    within = (
        (max(start, asked[0]), min(end, asked[1]))
        for start, end in takewhile(lambda span: span[0] < asked[1], islice(open_hours, first, None))
    )
    minutes = chain.from_iterable(_minutes_to_try(span) for span in chain(within, [asked]))
    return next((minute for minute in minutes if is_wanted(question, minute, parts)), question.start_from)


def hours_of_team(schedule: Schedule, questions: Sequence[Question]) -> list[Interval]:
    """Return the time in which a technician works, in the ranges of questions; on-call time is left out."""
    if not questions:
        return []
    first, last = min(question.start_from for question in questions), max(map(_end_of, questions))
    hours: list[Interval] = []
    for technician_schedule in schedule.technician_schedules.values():
        technician = technician_schedule.technician
        first_day, last_day = (local_date(technician.timezone, minute) for minute in (first, last))
        dates = dates_of(schedule.project, first_day - _MARGIN, last_day + _MARGIN)
        hours.extend(opening_hours(technician, dates))
    return merge(hours)


def hourly_counts(counts: Counter[HourOfWeek]) -> HourlyCounts:
    """Arrange counts by weekday and hour."""
    return tuple(tuple(counts[day, hour] for hour in range(HOURS_OF_DAY)) for day in range(DAYS_OF_WEEK))


def count_refused(traces: Sequence[Trace]) -> tuple[RefusedQuestions, ...]:
    """Count the questions that could not be met, by main reason and service."""
    counts = Counter((trace.main_reason, question.service_id) for trace, question in _refusals(traces))
    refused = [
        RefusedQuestions(reason=reason, service_id=service_id, questions=count)
        for (reason, service_id), count in counts.items()
    ]
    return tuple(sorted(refused, key=lambda row: (-row.questions, row.service_id, row.reason or "")))


def is_empty(trace: Trace) -> bool:
    """Return whether a trace is of a get_slots call that succeeded without offering a time."""
    return trace.use is TracedUse.GET_SLOTS and trace.outcome == OK and not trace.offered


def _end_of(question: Question) -> Minute:
    """Return the end of a question's range, of which a week is considered."""
    return min(question.start_to, question.start_from + MAX_MINUTES)


def _minutes_to_try(span: Interval) -> Iterator[Minute]:
    """Yield the first minute of a span and of each step in it."""
    start, end = span
    yield start
    yield from range(start - start % _STEP_MINUTES + _STEP_MINUTES, end, _STEP_MINUTES)


@lru_cache(maxsize=_CACHE_SIZE)
def _hours(zone_key: str, steps: Interval, conditions: Question, parts: PartsOfDay) -> frozenset[HourOfWeek]:
    """Return the hours of the week within steps since the epoch that meet a question's conditions.

    Cached, because many callers request the same hours.
    """
    wanted = (start for step in range(*steps) if is_wanted(conditions, start := step * _STEP_MINUTES, parts))
    local_times = (utc_to_wall(zone_key, start) for start in wanted)
    return frozenset((local.weekday(), local.hour) for local in local_times)


def _refusals(traces: Sequence[Trace]) -> Iterator[tuple[Trace, Question]]:
    for trace in traces:
        if trace.question is not None and (is_empty(trace) or trace.outcome in TAKEN_OUTCOMES):
            yield trace, trace.question
