"""What callers wanted: by weekday and hour, and what was in the way of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute
from slotmcp.domain.report import DAYS_OF_WEEK, HOURS_OF_DAY, HourlyCounts, RefusedQuestions
from slotmcp.domain.trace import Question, Trace, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.day_parts import part_of_day
from slotmcp.services.reporting.conversations import OK, TAKEN, Conversation

Cell = tuple[int, int]
"""A weekday, Monday being 0, and an hour of it."""
_A_WEEK_AND_A_DAY: Final = 8 * MINUTES_PER_DAY
"""Longer questions want no other weekdays and hours."""
_STEP: Final = 15
"""No zone's clocks are set but by such steps: within one every start is of the same hour everywhere."""
_REMEMBERED: Final = 4096
"""Callers of the same quarter of an hour ask much the same."""


def is_wanted(question: Question, start: Minute) -> bool:
    """Whether a start in the window is on a wanted day and in the wanted part of it."""
    if question.days_of_week and utc_to_wall(question.timezone, start).weekday() not in question.days_of_week:
        return False
    return question.part_of_day is None or part_of_day(question.timezone, start) is question.part_of_day


def wanted_cells(question: Question, zone_key: str) -> frozenset[Cell]:
    """The hours of the week that a question would take, by the clocks of a zone."""
    end = min(question.start_to, question.start_from + _A_WEEK_AND_A_DAY)
    return _cells(
        zone_key,
        (question.start_from // _STEP, -(-end // _STEP)),
        replace(question, service_id="", duration_minutes=0, start_from=0, start_to=0, technician_id=None, area=None),
    )


def demand(found: Sequence[Conversation], zone_key: str) -> HourlyCounts:
    """How many conversations wanted each hour of the week, by their first questions."""
    alike = Counter(wanted_cells(first, zone_key) for one in found if (first := one.first_question))
    counts = Counter[Cell]()
    for cells, times in alike.items():
        counts.update(dict.fromkeys(cells, times))
    return hours_of(counts)


def hours_of(counts: Counter[Cell]) -> HourlyCounts:
    """A heat map of what was counted."""
    return tuple(tuple(counts[day, hour] for hour in range(HOURS_OF_DAY)) for day in range(DAYS_OF_WEEK))


def refused(traces: Sequence[Trace]) -> tuple[RefusedQuestions, ...]:
    """The questions to which nothing could be offered, or whose start could not be had, by what was in the way."""
    counts = Counter((trace.main_reason, question.service_id) for trace, question in _refusals(traces))
    found = [
        RefusedQuestions(reason=reason, service_id=service, questions=count)
        for (reason, service), count in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.questions, one.service_id, one.reason or "")))


@lru_cache(maxsize=_REMEMBERED)
def _cells(zone_key: str, quarters: Interval, wish: Question) -> frozenset[Cell]:
    """The hours of the week in some quarters of an hour since the epoch that suit a wish."""
    wanted = (start for quarter in range(*quarters) if is_wanted(wish, start := quarter * _STEP))
    walls = (utc_to_wall(zone_key, start) for start in wanted)
    return frozenset((wall.weekday(), wall.hour) for wall in walls)


def is_empty(trace: Trace) -> bool:
    """Whether it was asked what is free, and nothing was."""
    return trace.use is TracedUse.GET_SLOTS and trace.outcome == OK and not trace.offered


def _refusals(traces: Sequence[Trace]) -> Iterator[tuple[Trace, Question]]:
    for trace in traces:
        if trace.question is not None and (is_empty(trace) or trace.outcome in TAKEN):
            yield trace, trace.question
