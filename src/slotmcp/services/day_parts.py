"""Parts of the day in local time, and a filter of starts by weekday and part of the day."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.engine.zones import local_date, utc_to_wall, wall_minute_to_utc

_NOON, _EVENING = 12, 17
_BOUNDARY_HOURS: Final = (0, _NOON, _EVENING, 24)
_PARTS: Final = (PartOfDay.MORNING, PartOfDay.AFTERNOON, PartOfDay.EVENING)
_ONE_DAY: Final = timedelta(days=1)


def part_of_day(zone_key: str, minute: Minute) -> PartOfDay:
    """Return the part of the day at an instant."""
    return _PARTS[bisect_right(_BOUNDARY_HOURS, utc_to_wall(zone_key, minute).hour) - 1]


@lru_cache(maxsize=4096)
def day_boundaries(zone_key: str, day: date) -> tuple[Minute, Minute, Minute, Minute]:
    """Return the instants at which a date, its afternoon, its evening and the next date begin."""
    midnight, noon, evening, end = (wall_minute_to_utc(zone_key, day, hour * 60) for hour in _BOUNDARY_HOURS)
    return midnight, noon, evening, end


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
def start_filter(zone_key: str, days: frozenset[int] | None, part: PartOfDay | None, within: Interval) -> StartFilter:
    """Return the filter for weekdays (Monday is 0) and a part of the day within a range. None: any."""
    first, last = (0, len(_PARTS)) if part is None else (_PARTS.index(part), _PARTS.index(part) + 1)
    boundaries: list[Minute] = []
    for day in dates_between(zone_key, *within):
        if days is None or day.weekday() in days:
            edges = day_boundaries(zone_key, day)
            boundaries += edges[first], edges[last]
    return StartFilter(tuple(boundaries))
