"""Which starts to offer first: different days and parts of the day, not ten starts of one morning."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import TypeVar

from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.engine.zones import local_date, utc_to_wall, wall_minute_to_utc

T = TypeVar("T")
_NOON, _EVENING = 12, 17
_PART_HOURS = (0, _NOON, _EVENING, 24)
_ONE_DAY = timedelta(days=1)


def part_of_day(zone_key: str, minute: Minute) -> PartOfDay:
    """The part of the day at an instant, by the clocks of a zone."""
    hour = utc_to_wall(zone_key, minute).hour
    if hour < _NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < _EVENING else PartOfDay.EVENING


def spread(starts: Sequence[Minute], limit: int, zone_key: str) -> list[Minute]:
    """At most `limit` starts, in order of time: days take turns, in a day its parts, in a part far ones."""
    if len(starts) <= limit:
        return list(starts)
    return list(_spread(tuple(starts), limit, zone_key))


@lru_cache(maxsize=64)
def _spread(starts: tuple[Minute, ...], limit: int, zone_key: str) -> tuple[Minute, ...]:
    """Kept: a booking takes one technician from a start, and seldom the start itself."""
    turns = _in_turn(_in_turn(_far_apart(part) for part in day) for day in _days(starts, zone_key))
    return tuple(sorted(start for start, _ in zip(turns, range(limit), strict=False)))


def _days(starts: Sequence[Minute], zone_key: str) -> Iterator[list[Sequence[Minute]]]:
    """The starts of each date, part by part. Cut where the clocks show a part's first minute, not read one by one."""
    day, last = (local_date(zone_key, start) for start in (starts[0], starts[-1]))
    while day <= last:
        cuts = [bisect_left(starts, minute) for minute in _cuts(zone_key, day)]
        yield [starts[first:end] for first, end in pairwise(cuts)]
        day += _ONE_DAY


@lru_cache(maxsize=4096)
def _cuts(zone_key: str, day: date) -> tuple[Minute, ...]:
    """When the parts of a date begin, and the next date."""
    return tuple(wall_minute_to_utc(zone_key, day, hour * 60) for hour in _PART_HOURS)


def _far_apart(items: Sequence[T]) -> Iterator[T]:
    """All items: the first, then the one in the middle, then those between, and so on."""
    return (items[index] for index in _order(max(len(items) - 1, 1).bit_length()) if index < len(items))


@lru_cache(maxsize=16)
def _order(width: int) -> tuple[int, ...]:
    """The numbers of so many bits, by their bits read backwards."""
    return tuple(int(format(number, f"0{width}b")[::-1], 2) for number in range(1 << width))


def _in_turn(queues: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each queue, then the second of each, and so on."""
    return (item for turn in zip_longest(*queues) for item in turn if item is not None)
