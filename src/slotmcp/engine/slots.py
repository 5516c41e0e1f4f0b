"""What is free: every start of a range, or one point. Both follow docs/reference/availability.md."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain, compress
from operator import or_

from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import Availability
from slotmcp.engine.columns import bits_of, columns
from slotmcp.engine.day_slots import DaySlots
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.timeline import Timeline

Rows = Mapping[Timeline, int]
"""Per technician starts as bits: the positions of the frame."""

_MOST_NEEDS = 16
"""So many needs are remembered, each for the days that were asked for."""


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
    part = _open_part(availability, start_from, start_to)
    found = chain.from_iterable([day.slots(*part) for day in _days(availability, need, part)])
    return list(found) if best is None else [slot.with_best(best) for slot in found]


def list_starts(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> list[Minute]:
    """The starts of `find_slots` alone; where the way counts, that is far less work."""
    if need.site is None:
        part = _open_part(availability, start_from, start_to)
        return list(chain.from_iterable([day.starts(*part) for day in _days(availability, need, part)]))
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    within = (1 << max(low, frame.number(start_to))) - (1 << low)
    index = availability.index
    lines = index.eligible(need)
    freed_timelines = (freed for line in lines for freed, _ in index.relocation.freed_timelines(line))
    anybody = reduce(or_, (line.starts(need, within) for line in chain(lines, freed_timelines)), 0)
    return [frame.positions[low + bit] for bit in bits_of(anybody >> low)]


def slots_at(
    availability: Availability, need: Need, starts: Iterable[Minute], *, best: int | None = None
) -> list[Slot]:
    """The slots of starts that `list_starts` gave, in their order."""
    if need.site is not None:
        slots = [slot for start in starts if (slot := check_start(availability, need, start)) is not None]
    else:
        known, day_number = _known_days(availability, need), availability.frame.day_number
        slots = [slot for start in starts for slot in _day(availability, need, known, day_number(start)).at(start)]
    return slots if best is None else [slot.with_best(best) for slot in slots]


def check_start(availability: Availability, need: Need, start: Minute) -> Slot | None:
    """One start: what `find_slots` says of it, with all candidates, or None if it cannot be had."""
    if not availability.is_bookable_start(start):
        return None
    index = availability.index
    lines = [line for line in index.eligible(need) if line.can_start(need, start)]
    capacity = len(lines) or 1
    lines = lines or [line for line in index.eligible(need) if index.relocation.moves_for(line, need, start)]
    if not lines:
        return None
    policy = availability.schedule.project.candidate_ranking
    candidates = sorted((line.candidate_at(need, start) for line in lines), key=rank(policy))
    return Slot(start, start + need.duration_minutes, capacity, tuple(candidates))


def _open_part(availability: Availability, start_from: Minute, start_to: Minute) -> Interval:
    """What may be booked of a range (rules 15 and 16); where that is nothing, its end is not after its start."""
    return max(start_from, availability.earliest_start), min(start_to, availability.frame.midnights[-1])


def _days(availability: Availability, need: Need, part: Interval) -> list[DaySlots]:
    """The days of a part that may be booked."""
    known, day_number = _known_days(availability, need), availability.frame.day_number
    return [_day(availability, need, known, day) for day in range(day_number(part[0]), day_number(part[1] - 1) + 1)]


def _known_days(availability: Availability, need: Need) -> dict[int, DaySlots]:
    """What has been worked out for a need; remembered with the index."""
    known = availability.index.slots_by_need
    key = need, availability.schedule.project.candidate_ranking
    if key not in known:
        if len(known) >= _MOST_NEEDS:
            known.clear()
        known[key] = {}
    return known[key]


def _day(availability: Availability, need: Need, known: dict[int, DaySlots], day: int) -> DaySlots:
    if day not in known:
        known[day] = DaySlots(_find_slots_of_day(availability, need, day))
    return known[day]


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
        for freed, _ in index.relocation.freed_timelines(line):
            rows[line] = rows.get(line, 0) | freed.starts(need) & nobody
    return rows


def _slots(availability: Availability, need: Need, day: int, rows: Rows) -> list[Slot]:
    """The starts that some technicians have on a day, each with all of those who have it."""
    frame = availability.frame
    first = frame.day_starts[day]
    by_rank = rank(availability.schedule.project.candidate_ranking)
    ranked = sorted([(line.candidate(day), row) for line, row in rows.items()], key=lambda one: by_rank(one[0]))
    everybody = [candidate for candidate, _ in ranked]
    slots: list[Slot] = []
    for bit, column in columns([row >> first for _, row in ranked]):
        start = frame.positions[first + bit]
        candidates = tuple(compress(everybody, column))
        slots.append(Slot(start, start + need.duration_minutes, len(candidates), candidates))
    return slots
