"""Parts of the day in local time, and a filter of starts by weekday and part of the day."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.engine.zones import local_date, utc_to_wall, wall_minute_to_utc

_MINUTES_PER_HOUR: Final = 60
_ONE_DAY: Final = timedelta(days=1)


@lru_cache(maxsize=64)
def spans_of_day(parts: PartsOfDay) -> tuple[tuple[PartOfDay, Interval], ...]:
    """Return the parts of a date in order, in minutes of the wall clock; the gaps between them are night."""
    named = (
        (PartOfDay.MORNING, parts.morning),
        (PartOfDay.AFTERNOON, parts.afternoon),
        (PartOfDay.EVENING, parts.evening),
    )
    spans = [(part, (span.start_minute, span.end_minute)) for part, span in named]
    edges = [0, *(edge for _, span in spans for edge in span), MINUTES_PER_DAY]
    nights = [(PartOfDay.NIGHT, gap) for gap in list(pairwise(edges))[::2] if gap[0] < gap[1]]
    return tuple(sorted([*spans, *nights], key=lambda part: part[1]))


def part_of_day(zone_key: str, minute: Minute, parts: PartsOfDay) -> PartOfDay:
    """Return the part of the day at an instant."""
    local = utc_to_wall(zone_key, minute)
    minute_of_day = local.hour * _MINUTES_PER_HOUR + local.minute
    return next(part for part, (start, end) in spans_of_day(parts) if start <= minute_of_day < end)


@lru_cache(maxsize=4096)
def day_boundaries(zone_key: str, day: date, parts: PartsOfDay) -> tuple[Minute, ...]:
    """Return the instants at which the parts of a date begin, and that at which the next date begins."""
    starts = (start for _, (start, _) in spans_of_day(parts))
    return tuple(wall_minute_to_utc(zone_key, day, minute) for minute in (*starts, MINUTES_PER_DAY))


def dates_between(zone_key: str, first: Minute, last: Minute) -> Iterator[date]:
    """Yield the local dates from one instant to another, both included."""
    day, last_day = local_date(zone_key, first), local_date(zone_key, last)
    while day <= last_day:
        yield day
        day += _ONE_DAY


@dataclass(frozen=True, slots=True)
class StartFilter:
    """Filter of starts by intervals, whose boundaries are sorted: start, end, start, end."""

    boundaries: tuple[Minute, ...]

    def __call__(self, start: Minute) -> bool:
        """Return whether one of the intervals contains a start."""
        return bisect_right(self.boundaries, start) % 2 == 1


@lru_cache(maxsize=256)
def start_filter(
    zone_key: str, days: frozenset[int] | None, part: PartOfDay | None, within: Interval, parts: PartsOfDay
) -> StartFilter:
    """Return the filter for weekdays (Monday is 0) and a part of the day within a range. None: any."""
    wanted = [(0, MINUTES_PER_DAY)] if part is None else [span for other, span in spans_of_day(parts) if other is part]
    edges = [edge for span in wanted for edge in span]
    boundaries: list[Minute] = []
    for day in dates_between(zone_key, *within):
        if days is None or day.weekday() in days:
            boundaries += [wall_minute_to_utc(zone_key, day, edge) for edge in edges]
    return StartFilter(tuple(boundaries))
