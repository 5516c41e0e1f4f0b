"""Floating breaks (rule 35), placed minute by minute."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from oracle.opening import wall_minutes
from oracle.recurrences import starts_on
from oracle.wall_clock import calendar_date
from slotmcp.domain.catalog import Technician

DueBreak: TypeAlias = tuple[range, int]
"""Window and length of a break."""


def due_on(technician: Technician, day: int, open_minutes: frozenset[int]) -> list[DueBreak]:
    """Return the breaks of a date that fit into the opening hours, each together with those before it in the file."""
    due: list[DueBreak] = []
    for floating in technician.floating_breaks:
        if starts_on(floating.window, calendar_date(day)):
            wanted = (wall_minutes(technician, day, floating.window.span), floating.minutes)
            if fit_together([*due, wanted], open_minutes):
                due.append(wanted)
    return due


def grouped(breaks: Sequence[DueBreak]) -> list[list[DueBreak]]:
    """Put breaks together whose windows overlap, directly or through others."""
    groups: list[list[DueBreak]] = []
    for one in breaks:
        touching = [group for group in groups if any(set(one[0]) & set(window) for window, _ in group)]
        merged = [one, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups


def fit_together(breaks: Sequence[DueBreak], free: frozenset[int]) -> bool:
    """Return whether all breaks can be placed in free minutes without an overlap."""
    within = frozenset(minute for window, _ in breaks for minute in window if minute in free)
    return _fit(tuple(breaks), within)


@lru_cache(maxsize=65536)
def _fit(breaks: tuple[DueBreak, ...], free: frozenset[int]) -> bool:
    """Try every minute for the first break, then place the others."""
    if not breaks:
        return True
    (window, minutes), *others = breaks
    places = (frozenset(range(start, start + minutes)) for start in range(window.start, window.stop - minutes + 1))
    return any(_fit(tuple(others), free - place) for place in places if place <= free)
