"""What is free: every start of a range, or one point. Both follow docs/reference/availability.md."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Candidate, Slot
from slotmcp.engine.availability import Availability
from slotmcp.engine.columns import bits_at, bits_of, count_columns
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

    def number(self, minute: Minute) -> int:
        """The number in the window of a position of the frame."""
        return self.frame.number(minute) - self.low

    def days(self) -> Iterator[tuple[int, int, int]]:
        """The days in it: number in the frame, first position in the window, the one after its last."""
        for day in range(self.frame.days):
            first = max(self.frame.day_starts[day] - self.low, 0)
            last = min(self.frame.day_starts[day + 1] - self.low, self.width)
            if first < last:
                yield day, first, last


@dataclass(frozen=True, slots=True)
class Listing:
    """The starts of a range that can be had. Candidates are looked up for those that are shown."""

    availability: Availability
    need: Need
    window: _Window
    capacities: Mapping[Minute, int]
    """How many more callers each start can serve, in order of time."""
    rows: Rows

    def slots(self, starts: Collection[Minute] | None = None, *, best: int | None = None) -> list[Slot]:
        """Slots in order of time.

        Args:
            starts: which of the listing's; None gives all.
            best: how many candidates to name for each, at least one; None names all.
        """
        wanted = self.capacities if starts is None else sorted(starts)
        bits = [self.window.number(start) for start in wanted]
        found = _candidates_at(self, bits, best) if self.need.site else _candidates(self, bits, best)
        duration = self.need.duration_minutes
        return [
            Slot(start, start + duration, self.capacities[start], tuple(found[bit]))
            for start, bit in zip(wanted, bits, strict=True)
        ]


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
    return list_starts(availability, need, start_from, start_to).slots(best=best)


def list_starts(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Listing:
    """The same, without looking candidates up yet."""
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    window = _Window(frame, low, max(frame.number(start_to) - low, 0))
    free = {line: window.cut(line.starts(need)) for line in availability.index.eligible(need)}
    counts = count_columns(free.values(), window.width) if window.width else []
    rows = _with_room_made(availability, need, window, free, counts)
    open_ = reduce(or_, rows.values(), 0)
    capacities = {frame.positions[low + bit]: counts[bit] or 1 for bit in bits_of(open_)}
    return Listing(availability, need, window, capacities, rows)


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
    candidates = _ranked_at(availability, need, start, lines)
    return Slot(start, start + need.duration_minutes, capacity, tuple(candidates))


def _with_room_made(availability: Availability, need: Need, window: _Window, free: Rows, counts: Sequence[int]) -> Rows:
    """The rows, and where nobody is free, who could be if a hold moved."""
    relocation = availability.index.relocation
    if not relocation.movable or not window.width:
        return free
    nobody = sum(1 << bit for bit, count in enumerate(counts) if not count)
    rows = dict(free)
    for line in free:
        for freed, _ in relocation.rooms(line):
            rows[line] |= window.cut(freed.starts(need)) & nobody
    return rows


def _candidates(listing: Listing, wanted: Sequence[int], best: int | None) -> list[list[Candidate]]:
    """Per position of the window its candidates, best first: technicians are walked in order, day by day."""
    window, rows = listing.window, listing.rows
    found: list[list[Candidate]] = [[] for _ in range(window.width)]
    policy = listing.availability.book.project.candidate_ranking
    open_ = reduce(or_, rows.values(), 0) & bits_at(wanted)
    for day, first, last in window.days():
        waiting = open_ >> first & (1 << last - first) - 1
        for candidate, line in listing.availability.index.ranked(listing.need, day, policy):
            if not waiting:
                break
            for bit in bits_of(rows.get(line, 0) >> first & waiting):
                chosen = found[first + bit]
                chosen.append(candidate)
                if len(chosen) == best:
                    waiting ^= 1 << bit
    return found


def _candidates_at(listing: Listing, wanted: Sequence[int], best: int | None) -> Mapping[int, list[Candidate]]:
    """The same where the way counts: who is near differs from start to start."""
    positions, low = listing.window.frame.positions, listing.window.low
    return {
        bit: _ranked_at(listing.availability, listing.need, positions[low + bit], lines)[:best]
        for bit in wanted
        for lines in ([line for line, row in listing.rows.items() if row >> bit & 1],)
    }


def _ranked_at(availability: Availability, need: Need, start: Minute, lines: Iterable[Timeline]) -> list[Candidate]:
    policy = availability.book.project.candidate_ranking
    return sorted((line.candidate_at(need, start) for line in lines), key=lambda one: rank(one, policy))
