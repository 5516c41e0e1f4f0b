"""Which starts to offer first: different days and parts of the day, not ten starts of one morning."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.engine.zones import utc_to_wall

T = TypeVar("T")
_NOON, _EVENING = 12, 17


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
    days = _grouped(starts, lambda start: utc_to_wall(zone_key, start).date())
    turns = _in_turn(_day_in_turn(day, zone_key) for day in days)
    return sorted(start for start, _ in zip(turns, range(limit), strict=False))


def _day_in_turn(day: Sequence[Minute], zone_key: str) -> Iterator[Minute]:
    parts = _grouped(day, lambda start: part_of_day(zone_key, start))
    return _in_turn(_far_apart(part) for part in parts)


def _far_apart(items: Sequence[T]) -> Iterator[T]:
    """All items: the first, then the one in the middle, then those between, and so on."""
    width = max(len(items) - 1, 1).bit_length()
    order = (int(format(number, f"0{width}b")[::-1], 2) for number in range(1 << width))
    return (items[index] for index in order if index < len(items))


def _in_turn(queues: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each queue, then the second of each, and so on."""
    return (item for turn in zip_longest(*queues) for item in turn if item is not None)


def _grouped(starts: Sequence[Minute], key: Callable[[Minute], object]) -> list[list[Minute]]:
    groups: dict[object, list[Minute]] = {}
    for start in starts:
        groups.setdefault(key(start), []).append(start)
    return list(groups.values())
