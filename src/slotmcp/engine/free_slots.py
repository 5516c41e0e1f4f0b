"""Slots of the technicians who are free, by day, and those that a change of a few schedules keeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from slotmcp.domain.offer import Slot
from slotmcp.engine.frame import Frame
from slotmcp.engine.timeline import Timeline

DaySlots = tuple[int, Sequence[Slot]]
"""Positions that were searched, as bits, and the slots among them."""


@dataclass(slots=True)
class FreeSlots:
    """Slots of one need that free technicians can take, before any rule about the whole team."""

    rows: Mapping[Timeline, int]
    """Possible starts of each eligible technician, as bits by position in the frame."""
    by_day: dict[int, DaySlots] = field(default_factory=dict)
    """Slots found so far, by number of the day in the frame."""
    any_row: int = field(init=False)
    """Starts that any of the technicians can take, as bits."""

    def __post_init__(self) -> None:
        """Join the rows."""
        self.any_row = reduce(or_, self.rows.values(), 0)

    def keep_days_of(self, earlier: "FreeSlots", frame: Frame) -> None:
        """Keep the days that were found before in the same frame, as far as no technician's starts or rank differ."""
        if [_id_of(timeline) for timeline in earlier.rows] == [_id_of(timeline) for timeline in self.rows]:
            self.by_day.update(self._unchanged(earlier, frame))

    def _unchanged(self, earlier: "FreeSlots", frame: Frame) -> Iterator[tuple[int, DaySlots]]:
        pairs = [(old, new) for old, new in zip(earlier.rows, self.rows, strict=True) if old is not new]
        changed_bits = reduce(or_, [earlier.rows[old] ^ self.rows[new] for old, new in pairs], 0)
        for day, slots in earlier.by_day.items():
            if not changed_bits & frame.day_bits(day) and all(
                old.candidate(day) == new.candidate(day) for old, new in pairs
            ):
                yield day, slots


def _id_of(timeline: Timeline) -> str:
    return timeline.technician_schedule.technician.id
