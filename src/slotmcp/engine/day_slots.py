"""A day's slots, in order of time, with their starts beside them to be searched."""

from bisect import bisect_left
from collections.abc import Sequence

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Slot


class DaySlots:
    """Every start of a day that can be had, with all candidates, whatever the notice."""

    __slots__ = ("_slots", "_starts")

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        self._starts = [slot.start for slot in slots]

    def starts(self, start_from: Minute, start_to: Minute) -> list[Minute]:
        """The starts in [start_from, start_to)."""
        return self._starts[self._cut(start_from, start_to)]

    def slots(self, start_from: Minute, start_to: Minute) -> Sequence[Slot]:
        """The slots of those starts."""
        return self._slots[self._cut(start_from, start_to)]

    def at(self, start: Minute) -> Sequence[Slot]:
        """The slot of one start, or none."""
        place = bisect_left(self._starts, start)
        return self._slots[place : place + 1] if self._starts[place : place + 1] == [start] else ()

    def _cut(self, start_from: Minute, start_to: Minute) -> slice:
        return slice(bisect_left(self._starts, start_from), bisect_left(self._starts, start_to))
