"""Reserve: technicians whom normal sales leave free for emergencies, until some time before each start (rule 34)."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import NamedTuple

from slotmcp.domain.booking_rules import Priority, Reserve
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import Availability, NeedSlots, TimelineIndex
from slotmcp.engine.frame import bits_of
from slotmcp.engine.need import Need
from slotmcp.engine.ranking import rank
from slotmcp.engine.rules import allowed_starts

_MAX_CACHED_JOBS = 8192
"""Maximum number of jobs whose limits are cached."""

_Job = tuple[Minute, int, int, int]
"""Start, duration and buffers before and after of a job."""

_Limits = list[tuple[int, int]]
"""Sets of technicians, as bits, each with the number of them whose time may be sold."""


class _Kept(NamedTuple):
    """Reserve of one service, with the positions of its starts that are not released."""

    need: Need
    """Requirements of an emergency of the service, at an unknown location."""
    places: int
    first: int
    after: int
    allowed: int | None
    """Positions that the rules of the service allow, as bits; None: all."""
    rows: tuple[int, ...]
    """Positions at which each technician is free for it, as bits."""
    rows_before: tuple[int, ...]
    """The same while the time of the caller's own claims is taken."""

    def is_complete_before(self, position: int) -> bool:
        """Return whether as many technicians as the reserve keeps are free at a position before the sale."""
        if self.rows_before is self.rows:
            return True  # the caller has checked it
        return sum(row >> position & 1 for row in self.rows_before) >= self.places


class ReserveLimits:
    """Limits that the reserves of a project set to normal sales at one instant."""

    def __init__(self, availability: Availability, firsts: tuple[int, ...]) -> None:
        self.firsts = firsts
        self.slots_by_need: dict[Need, NeedSlots] = {}
        """Cache of `engine.slots`."""
        self._frame = availability.frame
        self._by_rank = rank(availability.schedule.project.assignment_ranking)
        self._bits = {name: 1 << number for number, name in enumerate(availability.index.timelines)}
        self._limits = {
            name: (timeline.technician_schedule.technician.max_bookings_per_day, timeline)
            for name, timeline in availability.index.timelines.items()
            if timeline.technician_schedule.technician.max_bookings_per_day is not None
        }
        self._kept = [
            _kept(availability, need, reserve, first)
            for (need, reserve), first in zip(availability.index.reserving, firsts, strict=True)
        ]
        self._free: list[dict[int, int]] = [{} for _ in self._kept]
        self._limits_of: dict[_Job, _Limits] = {}

    def limit(self, slot: Slot, need: Need, most_bookings: int | None) -> Slot | None:
        """Return the slot with the technicians who may be sold, and the number of such sales; None if it is 0.

        `most_bookings` is the number that the maximum per day of the service leaves; None: any.
        """
        limits = self._limits_at(need, slot.start)
        bits = self._bits
        candidates = tuple([one for one in slot.candidates if _is_permitted(bits[one.technician_id], limits)])
        taken = count = 0
        for candidate in sorted(candidates, key=self._by_rank):
            bit = bits[candidate.technician_id]
            if all((taken & mask).bit_count() < most for mask, most in limits if mask & bit):
                taken |= bit
                count += 1
        count = count if most_bookings is None else min(count, most_bookings)
        return slot._replace(capacity=count, candidates=candidates) if candidates else None

    def permitted_starts(self, need: Need, rows: Mapping[str, int]) -> int:
        """Return the positions at which the time of at least one technician may be sold, as bits.

        `rows` are the positions at which each technician can start, as bits.
        """
        startable = reduce(or_, rows.values(), 0)
        for position in bits_of(startable):
            limits = self._limits_at(need, self._frame.positions[position])
            unsaleable = reduce(or_, [mask for mask, most in limits if most == 0], 0)
            if unsaleable and not any(
                row >> position & 1 for name, row in rows.items() if not self._bits[name] & unsaleable
            ):
                startable ^= 1 << position
        return startable

    def permits(self, need: Need, start: Minute, technician_id: str) -> bool:
        """Return whether a technician's time at a start may be sold."""
        return _is_permitted(self._bits[technician_id], self._limits_at(need, start))

    def _limits_at(self, need: Need, start: Minute) -> _Limits:
        """Return, for each reserved start that a sale can affect, its free technicians and how many may be sold."""
        job = (start, need.duration_minutes, need.buffer_before_minutes, need.buffer_after_minutes)
        limits = self._limits_of.get(job)
        if limits is None:
            if len(self._limits_of) >= _MAX_CACHED_JOBS:
                self._limits_of.clear()
            limits = self._limits_of[job] = self._find_limits(need, start)
        return limits

    def _find_limits(self, need: Need, start: Minute) -> _Limits:
        frame, found = self._frame, dict[int, int]()
        day = frame.day_number(start)
        filled = sum(self._bits[name] for name in self._limits if self._is_last_of_day(name, day))
        room = need.duration_minutes + need.buffer_after_minutes
        for number, kept in enumerate(self._kept):
            other = kept.need
            earliest = start - need.buffer_before_minutes - other.duration_minutes - other.buffer_after_minutes + 1
            first, after = frame.number(earliest), frame.number(start + room + other.buffer_before_minutes)
            self._add(found, number, range(first, after), -1)
            if filled and 0 <= day < frame.days:
                self._add(found, number, range(frame.day_starts[day], frame.day_starts[day + 1]), filled)
        return list(found.items())

    def _add(self, found: dict[int, int], number: int, positions: Iterable[int], affected: int) -> None:
        kept = self._kept[number]
        for position in positions:
            if not kept.first <= position < kept.after:
                continue
            free = self._free_at(number, position)
            most = free.bit_count() - kept.places
            if most >= 0 and (mask := free & affected) and kept.is_complete_before(position):
                found[mask] = min(most, found.get(mask, most))

    def _free_at(self, number: int, position: int) -> int:
        """Return the technicians who are free at a reserved start, as bits; none if the rules refuse the start."""
        cache, kept = self._free[number], self._kept[number]
        if position not in cache:
            is_refused = kept.allowed is not None and kept.allowed >> position & 1 == 0
            free = [1 << bit for bit, row in enumerate(kept.rows) if row >> position & 1 == 1]
            cache[position] = 0 if is_refused else sum(free)
        return cache[position]

    def _is_last_of_day(self, technician_id: str, day: int) -> bool:
        """Return whether one more booking reaches the technician's maximum of the day."""
        most, timeline = self._limits[technician_id]
        return timeline.bookings_and_holds(day) + 1 >= most


def limits_of(availability: Availability, need: Need) -> ReserveLimits | None:
    """Return the limits that reserves set to a need; None: it is an emergency, or there is no reserve."""
    index = availability.index
    if need.priority is Priority.EMERGENCY or not index.reserving:
        return None
    firsts = tuple([_first_kept(availability, other, reserve) for other, reserve in index.reserving])
    known = index.reserve_limits
    if not isinstance(known, ReserveLimits) or known.firsts != firsts:
        known = index.reserve_limits = ReserveLimits(availability, firsts)
    return known


def released_between(before: Availability, after: Availability) -> Interval | None:
    """Return the time from the first to the last reserved start that was released meanwhile; None if none was.

    Both availabilities have the same frame and rules.
    """
    positions, released = after.frame.positions, list[Minute]()
    for need, reserve in after.index.reserving:
        numbers = range(_first_kept(before, need, reserve), _first_kept(after, need, reserve))
        released += [positions[number] for number in (*numbers[:1], *numbers[-1:])]
    return (min(released), max(released)) if released else None


def _first_kept(availability: Availability, need: Need, reserve: Reserve) -> int:
    """Return the number of the first position that is not released and that an emergency can still book."""
    after_release = availability.now_ms // MS_PER_MINUTE + reserve.until_minutes + 1
    return availability.frame.number(max(after_release, availability.earliest_start_of(need)))


def _kept(availability: Availability, need: Need, reserve: Reserve, first: int) -> _Kept:
    index = availability.index
    rows = _free_rows(index, need)
    return _Kept(
        need,
        reserve.places,
        first,
        availability.frame.number(availability.horizon_end_of(need)),
        allowed_starts(availability, need),
        rows,
        rows if index.base is None else _free_rows(index.base, need),
    )


def _free_rows(index: TimelineIndex, need: Need) -> tuple[int, ...]:
    able = index.eligible(need)
    return tuple([timeline.free_starts(need) if timeline in able else 0 for timeline in index.timelines.values()])


def _is_permitted(bit: int, limits: Iterable[tuple[int, int]]) -> bool:
    return all(most > 0 for mask, most in limits if mask & bit)
