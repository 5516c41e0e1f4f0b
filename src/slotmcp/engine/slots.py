"""What is free: every start of a range, or one point. Both follow docs/reference/availability.md."""

from collections.abc import Iterator, Mapping, Sequence

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


def find_slots(
    availability: Availability, need: Need, start_from: Minute, start_to: Minute, *, best: int | None = None
) -> list[Slot]:
    """Every start in [start_from, start_to) that can be had, in order of time.

    Args:
        availability: the book at an instant.
        need: what the job needs.
        start_from: first start, UTC minutes.
        start_to: starts lie before it.
        best: how many candidates to name for each start; None names all.
    """
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    width = frame.number(start_to) - low
    if width <= 0:
        return []
    free = _free(availability, need, low, width)
    capacities = count_columns(free.values(), width)
    rows = _with_room_made(availability, need, low, free, capacities)
    candidates = _candidates(availability, rows, low, width, best)
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


def _free(availability: Availability, need: Need, low: int, width: int) -> dict[Timeline, int]:
    mask = (1 << width) - 1
    return {line: line.starts(need) >> low & mask for line in availability.index.eligible(need)}


def _with_room_made(
    availability: Availability, need: Need, low: int, free: Rows, capacities: Sequence[int]
) -> dict[Timeline, int]:
    """The rows, and where nobody is free, who could be if a hold moved."""
    relocation = availability.index.relocation
    rows = dict(free)
    if relocation.movable:
        nobody = sum(1 << bit for bit, count in enumerate(capacities) if not count)
        for line in free:
            for freed, _ in relocation.rooms(line):
                rows[line] |= freed.starts(need) >> low & nobody
    return rows


def _candidates(
    availability: Availability, rows: Rows, low: int, width: int, best: int | None
) -> list[list[Candidate]]:
    """Per start of the window its candidates, best first: technicians are walked in order, day by day."""
    found: list[list[Candidate]] = [[] for _ in range(width)]
    policy = availability.book.project.candidate_ranking
    for day, first, last in _days(availability.frame, low, width):
        mask = (1 << last - first) - 1
        ranked = sorted(
            ((line.candidate(day), row) for line, row in rows.items()), key=lambda one: rank(one[0], policy)
        )
        _fill(found, first, [(candidate, row >> first & mask) for candidate, row in ranked], best)
    return found


def _fill(found: list[list[Candidate]], first: int, ranked: list[tuple[Candidate, int]], best: int | None) -> None:
    """Append each candidate to the starts of its row, until a start has the best so many."""
    closed = 0
    for candidate, row in ranked:
        for bit in bits_of(row & ~closed):
            chosen = found[first + bit]
            chosen.append(candidate)
            if len(chosen) == best:
                closed |= 1 << bit


def _days(frame: Frame, low: int, width: int) -> Iterator[tuple[int, int, int]]:
    """The days of a window: number in the frame, first position in the window, the one after its last."""
    for day in range(frame.days):
        first = max(frame.number(frame.midnights[day]) - low, 0)
        last = min(frame.number(frame.midnights[day + 1]) - low, width)
        if first < last:
            yield day, first, last
