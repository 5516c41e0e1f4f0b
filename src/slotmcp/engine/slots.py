"""Free slots of a range, or of one start, as specified in docs/reference/availability.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, compress
from operator import or_

from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import Availability, DaySlots
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.timeline import Timeline

StartsByTimeline = Mapping[Timeline, int]
"""Possible starts of each technician, as bits by position in the frame."""

_MAX_CACHED_NEEDS = 16
"""Maximum number of needs whose days are cached."""

_DIGIT_TO_BIT = bytes.maketrans(b"01", b"\x00\x01")


def list_starts(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> list[Minute]:
    """Return every bookable start in [start_from, start_to), UTC minutes, ascending."""
    if need.site is None:
        part = _bookable_part(availability, start_from, start_to)
        return list(chain.from_iterable([day.starts(*part) for day in _days(availability, need, part)]))
    frame = availability.frame
    low = frame.number(max(start_from, availability.earliest_start))
    within = (1 << max(low, frame.number(start_to))) - (1 << low)
    index = availability.index
    timelines = index.eligible(need)
    freed_timelines = (freed for timeline in timelines for freed, _ in index.relocation.freed_timelines(timeline))
    startable = reduce(or_, (timeline.starts(need, within) for timeline in chain(timelines, freed_timelines)), 0)
    return [frame.positions[low + bit] for bit in bits_of(startable >> low)]


def slots_at(
    availability: Availability, need: Need, starts: Iterable[Minute], *, best: int | None = None
) -> list[Slot]:
    """Return the slots of starts from `list_starts`, in the same order."""
    if need.site is not None:
        slots = [slot for start in starts if (slot := check_start(availability, need, start)) is not None]
    else:
        known, day_number = _known_days(availability, need), availability.frame.day_number
        slots = [slot for start in starts for slot in _day(availability, need, known, day_number(start)).at(start)]
    return slots if best is None else [slot.with_best(best) for slot in slots]


def check_start(availability: Availability, need: Need, start: Minute) -> Slot | None:
    """Return the slot of one start with all candidates, or None when the start is not free."""
    if not availability.is_bookable_start(start):
        return None
    index = availability.index
    timelines = [timeline for timeline in index.eligible(need) if timeline.can_start(need, start)]
    capacity = len(timelines) or 1
    timelines = timelines or [
        timeline for timeline in index.eligible(need) if index.relocation.moves_for(timeline, need, start)
    ]
    if not timelines:
        return None
    policy = availability.schedule.project.candidate_ranking
    candidates = sorted((timeline.candidate_at(need, start) for timeline in timelines), key=rank(policy))
    return Slot(start, start + need.duration_minutes, capacity, tuple(candidates))


def bits_of(row: int) -> list[int]:
    """Return the numbers of the bits that are set, ascending."""
    return [bit for bit, digit in enumerate(reversed(format(row, "b"))) if digit == "1"]


def _bookable_part(availability: Availability, start_from: Minute, start_to: Minute) -> Interval:
    """Cut a range to notice and horizon (rules 15 and 16). The result may be empty or reversed."""
    return max(start_from, availability.earliest_start), min(start_to, availability.frame.midnights[-1])


def _days(availability: Availability, need: Need, part: Interval) -> list[DaySlots]:
    known, day_number = _known_days(availability, need), availability.frame.day_number
    return [_day(availability, need, known, day) for day in range(day_number(part[0]), day_number(part[1] - 1) + 1)]


def _known_days(availability: Availability, need: Need) -> dict[int, DaySlots]:
    """Return the days computed so far for a need; they are cached with the index."""
    known = availability.index.slots_by_need
    key = need, availability.schedule.project.candidate_ranking
    if key not in known:
        if len(known) >= _MAX_CACHED_NEEDS:
            known.clear()
        known[key] = {}
    return known[key]


def _day(availability: Availability, need: Need, known: dict[int, DaySlots], day: int) -> DaySlots:
    if day not in known:
        known[day] = DaySlots(_find_slots_of_day(availability, need, day))
    return known[day]


def _find_slots_of_day(availability: Availability, need: Need, day: int) -> Sequence[Slot]:
    index, bits = availability.index, availability.frame.day_bits(day)
    free = {timeline: row for timeline in index.eligible(need) if (row := timeline.starts(need) & bits)}
    slots = _slots(availability, need, day, free)
    if not index.relocation.movable:
        return slots
    not_free = bits & ~reduce(or_, free.values(), 0)
    relocated = _slots(availability, need, day, _starts_after_moves(availability, need, not_free))
    return sorted([*slots, *(slot._replace(capacity=1) for slot in relocated)])


def _starts_after_moves(availability: Availability, need: Need, not_free: int) -> StartsByTimeline:
    """Return the starts, among those without a free technician, that moving a hold makes possible (rule 18)."""
    index = availability.index
    rows: dict[Timeline, int] = {}
    for timeline in index.eligible(need):
        for freed, _ in index.relocation.freed_timelines(timeline):
            rows[timeline] = rows.get(timeline, 0) | freed.starts(need) & not_free
    return rows


def _slots(availability: Availability, need: Need, day: int, rows: StartsByTimeline) -> list[Slot]:
    """Return the slots of a day, each with all technicians who can take its start."""
    frame = availability.frame
    first = frame.day_starts[day]
    by_rank = rank(availability.schedule.project.candidate_ranking)
    ranked = sorted(
        [(timeline.candidate(day), row) for timeline, row in rows.items()], key=lambda pair: by_rank(pair[0])
    )
    all_candidates = [candidate for candidate, _ in ranked]
    slots: list[Slot] = []
    for bit, column in _columns([row >> first for _, row in ranked]):
        start = frame.positions[first + bit]
        candidates = tuple(compress(all_candidates, column))
        slots.append(Slot(start, start + need.duration_minutes, len(candidates), candidates))
    return slots


def _columns(rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield each bit number that any row has set, ascending, with one byte per row: its bit."""
    any_row = reduce(or_, rows, 0)
    if not any_row:
        return
    width = any_row.bit_length()
    table = "".join([format(row, f"0{width}b") for row in rows]).encode().translate(_DIGIT_TO_BIT)
    lowest = (any_row & -any_row).bit_length() - 1
    for bit in range(lowest, width):
        if any_row >> bit & 1:
            yield bit, table[width - 1 - bit :: width]
