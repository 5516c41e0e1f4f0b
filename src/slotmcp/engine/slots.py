"""What is free: every start of a range, or one point. Both follow docs/reference/availability.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Candidate, Slot
from slotmcp.engine.availability import Availability
from slotmcp.engine.columns import bits_of, count_columns
from slotmcp.engine.frame import Frame
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.timeline import Timeline

Rows = Mapping[Timeline, int]
"""Per technician the starts of a window as bits; bit 0 is the window's first position."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A run of the frame's positions."""

    frame: Frame
    low: int
    width: int

    def cut(self, bits: int) -> int:
        """The window's part of bits that count from the frame's first position."""
        return bits >> self.low & (1 << self.width) - 1

    def days(self) -> Iterator[tuple[int, int, int]]:
        """The days in it: number in the frame, first position in the window, the one after its last."""
        for day in range(self.frame.days):
            first = max(self.frame.day_starts[day] - self.low, 0)
            last = min(self.frame.day_starts[day + 1] - self.low, self.width)
            if first < last:
                yield day, first, last


def find_slots(
    availability: Availability, need: Need, start_from: Minute, start_to: Minute, *, best: int | None = None
) -> list[Slot]:
    """Every start in [start_from, start_to) that can be had, in order of time.

    Args:
        availability: the book at an instant.
        need: what the job needs.
        start_from: first start, UTC minutes.
        start_to: starts lie before it.
        best: how many candidates to name for each start, at least one; None names all.
    """
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    window = _Window(frame, low, frame.number(start_to) - low)
    if window.width <= 0:
        return []
    free = {line: window.cut(line.starts(need)) for line in availability.index.eligible(need)}
    capacities = count_columns(free.values(), window.width)
    rows = _with_room_made(availability, need, window, free, capacities)
    candidates = _candidates(availability, need, window, rows, best)
    return [
        Slot(start, start + need.duration_minutes, capacities[bit] or 1, tuple(found))
        for bit, found in enumerate(candidates)
        if found
        for start in (frame.positions[low + bit],)
    ]


def check_start(availability: Availability, need: Need, start: Minute) -> Slot | None:
    """One start: what `find_slots` says of it, with all candidates, or None if it cannot be had."""
    if not availability.is_open_for(start):
        return None
    index = availability.index
    lines = [line for line in index.eligible(need) if line.can_start(need, start)]
    capacity = len(lines) or 1
    lines = lines or [line for line in index.eligible(need) if index.relocation.room_for(line, need, start)]
    if not lines:
        return None
    day = availability.frame.day_number(start)
    policy = availability.book.project.candidate_ranking
    candidates = sorted((line.candidate(day) for line in lines), key=lambda one: rank(one, policy))
    return Slot(start, start + need.duration_minutes, capacity, tuple(candidates))


def _with_room_made(
    availability: Availability, need: Need, window: _Window, free: Rows, capacities: Sequence[int]
) -> Rows:
    """The rows, and where nobody is free, who could be if a hold moved."""
    relocation = availability.index.relocation
    if not relocation.movable:
        return free
    nobody = sum(1 << bit for bit, count in enumerate(capacities) if not count)
    rows = dict(free)
    for line in free:
        for freed, _ in relocation.rooms(line):
            rows[line] |= window.cut(freed.starts(need)) & nobody
    return rows


def _candidates(
    availability: Availability, need: Need, window: _Window, rows: Rows, best: int | None
) -> list[list[Candidate]]:
    """Per start of the window its candidates, best first: technicians are walked in order, day by day."""
    found: list[list[Candidate]] = [[] for _ in range(window.width)]
    policy = availability.book.project.candidate_ranking
    anybody = reduce(or_, rows.values(), 0)
    for day, first, last in window.days():
        mask = (1 << last - first) - 1
        waiting = anybody >> first & mask
        for candidate, line in availability.index.ranked(need, day, policy):
            if not waiting:
                break
            for bit in bits_of(rows.get(line, 0) >> first & waiting):
                chosen = found[first + bit]
                chosen.append(candidate)
                if len(chosen) == best:
                    waiting ^= 1 << bit
    return found
