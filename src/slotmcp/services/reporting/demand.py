"""Demand: the hours that callers requested, and the requests that could not be met."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.domain.report import DAYS_OF_WEEK, HOURS_OF_DAY, HourlyCounts, RefusedQuestions
from slotmcp.domain.trace import Question, Trace, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.day_parts import part_of_day
from slotmcp.services.reporting.conversations import OK, TAKEN_OUTCOMES, Conversation

HourOfWeek = tuple[int, int]
"""Weekday (Monday is 0) and hour of the day."""
MAX_MINUTES: Final = 8 * MINUTES_PER_DAY
"""Length of a period that includes every hour of the week: a week, and a day for clock changes."""
_STEP_MINUTES: Final = 15
"""Step in which offsets of time zones change, so that all minutes of a step are in the same local hour."""
_CACHE_SIZE: Final = 4096


def is_wanted(question: Question, start: Minute, parts: PartsOfDay) -> bool:
    """Return whether a start is on a requested day of the week and in the requested part of the day."""
    if question.days_of_week and utc_to_wall(question.timezone, start).weekday() not in question.days_of_week:
        return False
    return question.part_of_day is None or part_of_day(question.timezone, start, parts) is question.part_of_day


def wanted_hours(question: Question, zone_key: str, parts: PartsOfDay) -> frozenset[HourOfWeek]:
    """Return the hours of the week that a question includes, in a time zone."""
    end = min(question.start_to, question.start_from + MAX_MINUTES)
    return _hours(
        zone_key,
        (question.start_from // _STEP_MINUTES, -(-end // _STEP_MINUTES)),
        replace(question, service_id="", duration_minutes=0, start_from=0, start_to=0, technician_id=None, area=None),
        parts,
    )


def count_demand(conversations: Sequence[Conversation], zone_key: str, parts: PartsOfDay) -> HourlyCounts:
    """Count the conversations whose first question included each hour of the week."""
    questions = filter(None, (conversation.first_question for conversation in conversations))
    counts = Counter[HourOfWeek]()
    for hours, count in Counter(wanted_hours(question, zone_key, parts) for question in questions).items():
        counts.update(dict.fromkeys(hours, count))
    return hourly_counts(counts)


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
