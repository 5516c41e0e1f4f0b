"""What is free: every start of a range, or one point. Both follow docs/reference/availability.md."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain, compress
from operator import itemgetter, or_

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import Availability
from slotmcp.engine.columns import bits_of, columns
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.timeline import Timeline

Rows = Mapping[Timeline, int]
"""Per technician starts as bits: the positions of the frame."""

_MOST_DAYS = 512
"""So many days of needs are remembered: sixteen needs over the default horizon."""


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
    if need.site is not None:
        return slots_at(availability, need, list_starts(availability, need, start_from, start_to), best=best)
    frame = availability.frame
    start_from, start_to = max(start_from, availability.earliest_start), min(start_to, frame.midnights[-1])
    if start_to <= start_from:
        return []
    found = [
        slot
        for day in range(frame.day_number(start_from), frame.day_number(start_to - 1) + 1)
        for slot in _between(_slots_of_day(availability, need, day), start_from, start_to)
    ]
    return found if best is None else [slot.with_best(best) for slot in found]


def list_starts(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> list[Minute]:
    """The starts of `find_slots` alone; where the way counts, that is far less work."""
    if need.site is None:
        return [slot.start for slot in find_slots(availability, need, start_from, start_to)]
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    within = (1 << max(low, frame.number(start_to))) - (1 << low)
    index = availability.index
    lines = index.eligible(need)
    rooms = (freed for line in lines for freed, _ in index.relocation.rooms(line))
    anybody = reduce(or_, (line.starts(need, within) for line in chain(lines, rooms)), 0)
    return [frame.positions[low + bit] for bit in bits_of(anybody >> low)]


def slots_at(
    availability: Availability, need: Need, starts: Iterable[Minute], *, best: int | None = None
) -> list[Slot]:
    """The slots of starts that `list_starts` gave, in their order."""
    slots = (_slot_at(availability, need, start) for start in starts)
    return [slot if best is None else slot.with_best(best) for slot in slots if slot is not None]


def _slot_at(availability: Availability, need: Need, start: Minute) -> Slot | None:
    if need.site is not None:
        return check_start(availability, need, start)
    day = _slots_of_day(availability, need, availability.frame.day_number(start))
    return next(iter(_between(day, start, start + 1)), None)


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
    policy = availability.book.project.candidate_ranking
    candidates = sorted((line.candidate_at(need, start) for line in lines), key=rank(policy))
    return Slot(start, start + need.duration_minutes, capacity, tuple(candidates))


def _between(slots: Sequence[Slot], start_from: Minute, start_to: Minute) -> Sequence[Slot]:
    first, last = (bisect_left(slots, one, key=itemgetter(0)) for one in (start_from, start_to))
    return slots[first:last]


def _slots_of_day(availability: Availability, need: Need, day: int) -> Sequence[Slot]:
    """Every start of a day of the frame that can be had, with all candidates; remembered with the index."""
    known = availability.index.slots_by_day
    key = need, day, availability.book.project.candidate_ranking
    if key not in known:
        if len(known) >= _MOST_DAYS:
            known.clear()
        known[key] = _find_slots_of_day(availability, need, day)
    return known[key]


def _find_slots_of_day(availability: Availability, need: Need, day: int) -> Sequence[Slot]:
    index, bits = availability.index, availability.frame.day_bits(day)
    free = {line: row for line in index.eligible(need) if (row := line.starts(need) & bits)}
    slots = _slots(availability, need, day, free)
    if not index.relocation.movable:
        return slots
    nobody = bits & ~reduce(or_, free.values(), 0)
    made = _slots(availability, need, day, _with_room_made(availability, need, nobody))
    return sorted([*slots, *(slot._replace(capacity=1) for slot in made)])


def _with_room_made(availability: Availability, need: Need, nobody: int) -> Rows:
    """Where nobody is free: who could start if a hold moved (rule 18)."""
    index = availability.index
    rows: dict[Timeline, int] = {}
    for line in index.eligible(need):
        for freed, _ in index.relocation.rooms(line):
            rows[line] = rows.get(line, 0) | freed.starts(need) & nobody
    return rows


def _slots(availability: Availability, need: Need, day: int, rows: Rows) -> list[Slot]:
    """The starts that some technicians have on a day, each with all of those who have it."""
    frame = availability.frame
    first = frame.day_starts[day]
    by_rank = rank(availability.book.project.candidate_ranking)
    ranked = sorted([(line.candidate(day), row) for line, row in rows.items()], key=lambda one: by_rank(one[0]))
    everybody = [candidate for candidate, _ in ranked]
    slots: list[Slot] = []
    for bit, column in columns([row >> first for _, row in ranked]):
        start = frame.positions[first + bit]
        candidates = tuple(compress(everybody, column))
        slots.append(Slot(start, start + need.duration_minutes, len(candidates), candidates))
    return slots
