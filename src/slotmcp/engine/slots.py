"""Free slots of a range, or of one start, as specified in docs/reference/availability.md."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, compress
from operator import or_

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import MAX_CACHED_NEEDS, Availability, NeedSlots
from slotmcp.engine.frame import bits_of
from slotmcp.engine.free_slots import FreeSlots
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.reserve import limits_of
from slotmcp.engine.rules import allowed_starts, bookings_left, depends_on_team, obstacle_of_rules
from slotmcp.engine.timeline import Timeline

StartsByTimeline = Mapping[Timeline, int]
"""Possible starts of each technician, as bits by position in the frame."""

FOUND_AT_ONCE = 64
"""Number of technicians whose starts are found at once, in a few milliseconds."""

_DIGIT_TO_BIT = bytes.maketrans(b"01", b"\x00\x01")


def new_starts(availability: Availability, need: Need) -> Iterator[int]:
    """Find and cache the starts of each technician who has none for a need; yield them, as bits, one by one.

    `list_starts` finds those of a few technicians at once. For hundreds this takes tens of milliseconds after a cold
    start.
    """
    is_found = need.site is None and need in availability.index.free_by_need
    timelines = () if is_found else availability.index.eligible(need)
    if len(timelines) > FOUND_AT_ONCE:
        for timeline in timelines:
            if not timeline.has_cached_starts(need):
                yield timeline.starts(need)


def new_days(
    availability: Availability, need: Need, start_from: Minute, start_to: Minute
) -> Iterator[Sequence[Minute]]:
    """Find and cache the starts of each day of [start_from, start_to) that has none for a need; yield them by day.

    `list_starts` finds those of all days at once. For hundreds of technicians each day takes more than a millisecond.
    """
    if need.site is None and len((found := _slots_of_need(availability, need)).free.rows) > FOUND_AT_ONCE:
        for day in _days_between(availability, *_bookable_range(availability, need, start_from, start_to)):
            if day not in found.starts_by_day:
                yield _starts_of_day(availability, need, found, day)


def list_starts(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> list[Minute]:
    """Return the free starts in [start_from, start_to), in order of time."""
    frame = availability.frame
    earliest, end = _bookable_range(availability, need, start_from, start_to)
    if need.site is None:
        found = _slots_of_need(availability, need)
        days = _days_between(availability, earliest, end)
        starts = list(chain.from_iterable([_starts_of_day(availability, need, found, day) for day in days]))
        return starts[bisect_left(starts, earliest) : bisect_left(starts, end)]
    low = frame.number(earliest)
    within = (1 << max(low, frame.number(end))) - (1 << low)
    if (allowed := allowed_starts(availability, need)) is not None:
        within &= allowed
    index = availability.index
    timelines = index.eligible(need)
    rows = {timeline.technician_schedule.technician.id: timeline.starts(need, within) for timeline in timelines}
    if (limits := limits_of(availability, need)) is not None:
        startable = limits.permitted_starts(need, rows)
    else:
        startable = reduce(or_, rows.values(), 0)
        for timeline in timelines:
            startable |= index.relocation.gained_starts(timeline, need, within & ~startable)
    return [frame.positions[low + bit] for bit in bits_of(startable >> low)]


def slots_at(
    availability: Availability, need: Need, starts: Sequence[Minute], *, best: int | None = None
) -> list[Slot]:
    """Return the slots of starts from `list_starts`, in the same order.

    Args:
        availability: the schedule at an instant.
        need: requirements of the job.
        starts: free starts of that need.
        best: maximum number of candidates of each slot, at least one; None: all.
    """
    if need.site is not None:
        slots = [slot for start in starts if (slot := check_start(availability, need, start)) is not None]
    else:
        found = _slots_of_need(availability, need)
        for start in starts:
            if start not in found.by_start:  # the cache was cleared after the starts were listed
                _starts_of_day(availability, need, found, availability.frame.day_number(start))
        slots = [found.by_start[start] for start in starts]
    return slots if best is None else [slot.with_best(best) for slot in slots]


def check_start(availability: Availability, need: Need, start: Minute) -> Slot | None:
    """Return the slot of one start with all candidates, or None when the start is not free."""
    if not availability.is_bookable_start(need, start) or obstacle_of_rules(availability, need, start):
        return None
    index = availability.index
    timelines = [timeline for timeline in index.eligible(need) if timeline.can_start(need, start)]
    capacity = len(timelines) or 1
    if (most := bookings_left(availability, need, availability.frame.day_number(start))) is not None:
        capacity = min(capacity, most)
    limits = limits_of(availability, need)
    if limits is None and not timelines:
        timelines = [timeline for timeline in index.eligible(need) if index.relocation.moves_for(timeline, need, start)]
    if not timelines:
        return None
    policy = availability.schedule.project.candidate_ranking
    candidates = sorted((timeline.candidate_at(need, start) for timeline in timelines), key=rank(policy))
    slot = Slot(start, start + need.duration_minutes, capacity, tuple(candidates))
    return slot if limits is None else limits.limit(slot, need, most)


def _bookable_range(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Interval:
    """Return the part of a range that notice and horizon allow."""
    return max(start_from, availability.earliest_start_of(need)), min(start_to, availability.horizon_end_of(need))


def _days_between(availability: Availability, earliest: Minute, end: Minute) -> range:
    """Return the numbers of the days in the frame that [earliest, end) overlaps."""
    frame = availability.frame
    return range(frame.day_number(earliest), frame.day_number(end - 1) + 1)


def _slots_of_need(availability: Availability, need: Need) -> NeedSlots:
    """Return the slots found so far for a need; they are cached with the index."""
    limits = limits_of(availability, need)
    cache = availability.index.slots_by_need if limits is None else limits.slots_by_need
    if need not in cache:
        if len(cache) >= MAX_CACHED_NEEDS:
            cache.clear()
        free, allowed = _free_slots(availability, need), allowed_starts(availability, need)
        cache[need] = NeedSlots(free, allowed=allowed, has_daily_maximum=depends_on_team(availability, need))
    return cache[need]


def _free_slots(availability: Availability, need: Need) -> FreeSlots:
    """Return the slots of free technicians found so far, with the days of an earlier index that did not change."""
    index = availability.index
    if need not in index.free_by_need:
        if len(index.free_by_need) >= MAX_CACHED_NEEDS:
            index.free_by_need.clear()
        free = FreeSlots({timeline: timeline.starts(need) for timeline in index.eligible(need)})
        if (earlier := index.earlier_free.get(need)) is not None:
            free.keep_days_of(earlier, availability.frame)
        index.free_by_need[need] = free
    return index.free_by_need[need]


def _starts_of_day(availability: Availability, need: Need, found: NeedSlots, day: int) -> list[Minute]:
    """Return the starts of a day regardless of the notice; find its slots if they are not cached."""
    if day not in found.starts_by_day:
        slots = _find_slots_of_day(availability, need, found, day)
        found.by_start.update({slot.start: slot for slot in slots})
        found.starts_by_day[day] = [slot.start for slot in slots]
    return found.starts_by_day[day]


def _find_slots_of_day(availability: Availability, need: Need, found: NeedSlots, day: int) -> Sequence[Slot]:
    index, bits = availability.index, availability.frame.day_bits(day)
    if found.allowed is not None:
        bits &= found.allowed
    slots = _free_slots_of_day(availability, need, found.free, day, bits)
    most = bookings_left(availability, need, day) if found.has_daily_maximum else None
    if index.reserving and (limits := limits_of(availability, need)) is not None:
        return [limited for slot in slots if (limited := limits.limit(slot, need, most))]
    if most is not None:
        slots = [slot._replace(capacity=min(slot.capacity, most)) for slot in slots]
    if not index.relocation.movable:
        return slots
    not_free = bits & ~found.free.any_row
    relocated = _slots(availability, need, day, _starts_after_moves(availability, need, not_free))
    return sorted([*slots, *(slot._replace(capacity=1) for slot in relocated)])


def _free_slots_of_day(availability: Availability, need: Need, free: FreeSlots, day: int, bits: int) -> Sequence[Slot]:
    searched, slots = free.by_day.get(day, (None, ()))
    if searched != bits:
        rows = {timeline: found for timeline, row in free.rows.items() if (found := row & bits)}
        slots = _slots(availability, need, day, rows)
        free.by_day[day] = bits, slots
    return slots


def _starts_after_moves(availability: Availability, need: Need, not_free: int) -> StartsByTimeline:
    """Return the starts, among those without a free technician, that moving a hold makes possible (rule 18)."""
    index = availability.index
    gained = {timeline: index.relocation.gained_starts(timeline, need, not_free) for timeline in index.eligible(need)}
    return {timeline: row for timeline, row in gained.items() if row}


def _slots(availability: Availability, need: Need, day: int, rows: StartsByTimeline) -> list[Slot]:
    """Return the slots of a day, each with all technicians who can take its start."""
    frame = availability.frame
    first = frame.day_starts[day]
    policy = availability.schedule.project.candidate_ranking
    by_rank = rank(tuple(key for key in policy if key is not RankingKey.ETA))  # no travel times: all are equal
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
