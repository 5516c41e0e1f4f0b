"""Which starts to offer first: different days and parts of the day, not ten starts of one morning."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.offer import Slot
from slotmcp.engine.zones import utc_to_wall

T = TypeVar("T")
_NOON, _EVENING = 12, 17


def part_of_day(zone_key: str, minute: Minute) -> PartOfDay:
    """The part of the day at an instant, by the clocks of a zone."""
    hour = utc_to_wall(zone_key, minute).hour
    if hour < _NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < _EVENING else PartOfDay.EVENING


def spread(slots: Sequence[Slot], limit: int, zone_key: str) -> list[Slot]:
    """At most `limit` slots, in order of time: days take turns, in a day its parts, in a part far ones."""
    if len(slots) <= limit:
        return list(slots)
    days = _grouped(slots, lambda slot: utc_to_wall(zone_key, slot.start).date())
    turns = _in_turn(_day_in_turn(day, zone_key) for day in days)
    return sorted(slot for slot, _ in zip(turns, range(limit), strict=False))


def _day_in_turn(day: Sequence[Slot], zone_key: str) -> Iterator[Slot]:
    parts = _grouped(day, lambda slot: part_of_day(zone_key, slot.start))
    return _in_turn(_far_apart(part) for part in parts)


def _far_apart(items: Sequence[T]) -> Iterator[T]:
    """All items: the first, then the one in the middle, then those between, and so on."""
    width = max(len(items) - 1, 1).bit_length()
    order = (int(format(number, f"0{width}b")[::-1], 2) for number in range(1 << width))
    return (items[index] for index in order if index < len(items))


def _in_turn(queues: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each queue, then the second of each, and so on."""
    return (item for turn in zip_longest(*queues) for item in turn if item is not None)


def _grouped(slots: Sequence[Slot], key: Callable[[Slot], object]) -> list[list[Slot]]:
    groups: dict[object, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(key(slot), []).append(slot)
    return list(groups.values())
