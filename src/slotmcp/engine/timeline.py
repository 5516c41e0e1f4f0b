"""Timeline of a technician: the taken time, merged, and the possible starts of a job.

A timeline belongs to one frame and one technician schedule and never changes. It caches its results.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto
from functools import lru_cache
from math import inf

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import SlotAlignment, TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Interval, Minute, merge, overlaps
from slotmcp.domain.offer import Candidate
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.engine.claim_change import ClaimChange, add_span, remove_span, span_of
from slotmcp.engine.floating_breaks import (
    FloatingBreaks,
    PlannedBreak,
    Rooms,
    always_blocked,
    blocked_starts,
    is_in_room,
)
from slotmcp.engine.frame import Frame
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import WorkingTime
from slotmcp.engine.route import Leg, Route


class Obstacle(Enum):
    """Obstacle to a job on a timeline."""

    CLOSED = auto()
    """Rule 9."""
    TAKEN = auto()
    """Rules 10 and 11."""
    BREAK = auto()
    """Rule 35."""
    FULL = auto()
    """Rule 12."""
    TRAVEL = auto()
    """Rule 23."""


Runs = Iterator[tuple[Minute, Minute]]
"""(origin, last): the first and last possible start within one free run."""

Shape = tuple[int, int, int, bool]
"""Duration and buffers before and after of a job, and False if on-call time counts."""


class Timeline:
    """Timeline of one technician."""

    __slots__ = (
        "_candidates",
        "_emergency_hours",
        "_ends",
        "_floating",
        "_legs",
        "_rooms",
        "_route",
        "_starts",
        "claims",
        "first_expiry_ms",
        "frame",
        "holds",
        "hours",
        "loads",
        "shifts",
        "starts_by_shape",
        "technician_schedule",
        "working_time",
    )

    def __init__(  # noqa: PLR0913  what a timeline consists of
        self,
        technician_schedule: TechnicianSchedule,
        frame: Frame,
        working_time: WorkingTime,
        claims: tuple[Claim, ...],
        floating: FloatingBreaks | None = None,
        *,
        previous: "Timeline | None" = None,
    ) -> None:
        """Index a technician's schedule.

        Args:
            technician_schedule: the technician, with outside busy times.
            frame: the dates that can be booked.
            working_time: the technician's working time, well beyond the frame on both sides.
            claims: claims of the schedule that take time now.
            floating: the technician's floating breaks; None: there are none.
            previous: timeline of the same technician, hours, busy times and frame, with other claims.
        """
        self._floating = floating
        self._rooms: dict[int, Rooms] = {}
        self.working_time = working_time
        self._route: Route | None = None
        self._legs: Sequence[tuple[int, Leg]] | None = None
        self.technician_schedule = technician_schedule
        self.frame = frame
        self.hours, self.shifts = working_time.hours, working_time.shifts
        with_on_call = working_time.for_emergencies
        self._emergency_hours = self.hours if with_on_call is None else with_on_call.hours
        self.claims = claims
        self.holds = tuple([claim for claim in claims if claim.expires_at_ms is not None])
        self.first_expiry_ms: float = min((hold.expires_at_ms or inf for hold in self.holds), default=inf)
        """Earliest expiry of a hold."""
        self._candidates: dict[int, Candidate] = {}
        self.starts_by_shape: dict[Shape, int] = {}
        """Cache of `starts` without travel times."""
        self.loads: Counter[int]
        """Number of bookings by day of the frame."""
        change = None if previous is None or floating else ClaimChange.between(previous.claims, claims)
        if previous is None or change is None:
            self._index_claims()
        else:
            self._follow(previous, change)

    def _index_claims(self) -> None:
        taken = merge(self._taken_spans())
        self._starts = [start for start, _ in taken]
        self._ends = [end for _, end in taken]
        self.loads = _count_by_day(self.frame, self.claims)
        if self.holds:
            self.loads.subtract(_count_by_day(self.frame, self.holds))

    def _follow(self, previous: "Timeline", change: ClaimChange) -> None:
        """Index the claims like a previous timeline, with the few that differ."""
        self.loads = previous.loads.copy()
        for sign, changed in ((-1, change.removed), (1, change.added)):
            for claim in changed:
                if not claim.is_hold:
                    self.loads[self.frame.day_number(claim.start)] += sign
        if change.keeps_time:
            self._starts, self._ends = previous._starts, previous._ends  # noqa: SLF001  same class
            self.starts_by_shape = previous.starts_by_shape.copy()
            return
        self._starts, self._ends = previous._starts.copy(), previous._ends.copy()  # noqa: SLF001  same class
        for claim in change.removed:
            remove_span(self._starts, self._ends, span_of(claim), self._taken_spans())
        for claim in change.added:
            add_span(self._starts, self._ends, span_of(claim))
        has_limit = self.technician_schedule.technician.max_bookings_per_day is not None
        if not (change.removed or has_limit) and self.frame.alignment is SlotAlignment.CLOCK:
            taken = list(map(span_of, change.added))
            for shape, bits in previous.starts_by_shape.copy().items():
                self.starts_by_shape[shape] = bits & ~self._taken_bits(taken, shape)

    def _taken_spans(self) -> list[Interval]:
        return [*map(span_of, self.claims), *((busy.start, busy.end) for busy in self.technician_schedule.busy)]

    def _taken_bits(self, taken: Sequence[Interval], shape: Shape) -> int:
        """Return the positions at which a job overlaps taken time, as bits."""
        duration, before, after, _ = shape
        positions, bits = self.frame.positions, 0
        for start, end in taken:
            first, last = bisect_left(positions, start - duration - after + 1), bisect_left(positions, end + before)
            bits |= (1 << last) - (1 << first)
        return bits

    def without(self, claim_ids: AbstractSet[str]) -> "Timeline":
        """Return a timeline in which these claims take no time."""
        claims = tuple(claim for claim in self.claims if claim.id not in claim_ids)
        return Timeline(self.technician_schedule, self.frame, self.working_time, claims, self._floating)

    @property
    def route(self) -> Route:
        """Locations before and after each job."""
        if self._route is None:
            with_on_call = self.working_time.for_emergencies or self.working_time
            self._route = Route(self.technician_schedule.technician.home, with_on_call.shifts, self.claims)
        return self._route

    @property
    def is_active(self) -> bool:
        """True if the technician gets jobs."""
        return self.technician_schedule.technician.status is TechnicianStatus.ACTIVE

    def longest_span_minutes(self, need: Need) -> int:
        """Return the length of the longest span of regular hours that overlaps the frame; 0 if there is none."""
        bookable = self.frame.midnights[0], self.frame.midnights[-1]
        return _longest_span_minutes(self.working_time_for(need).regular_hours, bookable)

    def working_time_for(self, need: Need) -> WorkingTime:
        """Return the working time that counts for a priority."""
        with_on_call = self.working_time.for_emergencies
        return self.working_time if need.priority is Priority.NORMAL or with_on_call is None else with_on_call

    def candidate(self, day: int) -> Candidate:
        """Return the technician with the values that rank them on a day of the frame, at any start."""
        candidate = self._candidates.get(day)
        if candidate is None:
            technician = self.technician_schedule.technician
            candidate = Candidate(technician.id, technician.priority, self.loads.get(day, 0))
            self._candidates[day] = candidate
        return candidate

    def candidate_at(self, need: Need, start: Minute) -> Candidate:
        """Return the technician with the values that rank them at a start, travel time included."""
        candidate = self.candidate(self.frame.day_number(start))
        if need.site is None:
            return candidate
        leg = self.route.leg_at(start)
        return candidate._replace(eta_minutes=leg.eta_minutes(need), buffer_minutes=leg.buffer_minutes(need))

    def starts(self, need: Need, within: int = -1) -> int:
        """Return the positions of the frame at which the job can start, as bits (rules 9 to 14 and 23).

        `within` restricts the positions, as bits. When travel times count, fewer positions are less work.
        """
        shape = self._shape_of(need)
        bits = self.starts_by_shape.get(shape)
        if bits is None:
            hours = self.hours if need.priority is Priority.NORMAL else self._emergency_hours
            bits = self.starts_by_shape[shape] = self._find_starts(need, hours)
        # Two callers rarely share a location, so the result with travel times is not cached.
        return bits & within if need.site is None else self._reachable(need, bits & within)

    def free_starts(self, need: Need) -> int:
        """Return the positions at which a job without a site fits regardless of the grid, as bits (rules 9 to 12)."""
        if self.frame.alignment is SlotAlignment.CLOCK:
            return self.starts(need)  # every position is on the grid
        hours = self.hours if need.priority is Priority.NORMAL else self._emergency_hours
        return self._without_full_days(self._clock_starts(need, hours), need)

    def bookings_and_holds(self, day: int) -> int:
        """Return the number of bookings and live holds that start on a day of the frame."""
        return self.loads[day] + _count_by_day(self.frame, self.holds)[day]

    def has_cached_starts(self, need: Need) -> bool:
        """Return whether `starts` of a need without travel times is cached."""
        return self._shape_of(need) in self.starts_by_shape

    def can_start(self, need: Need, start: Minute) -> bool:
        """Return whether the job can start at a position of the frame (rules 9 to 14 and 23)."""
        return self.can_serve(need, start) and self.is_on_grid(need, start)

    def can_start_at(self, need: Need, start: Minute, position: int) -> bool:
        """Return `can_start` of a start with the number of its position, from the cached starts if there are any."""
        bits = None if need.site is not None else self.starts_by_shape.get(self._shape_of(need))
        return self.can_start(need, start) if bits is None else bool(bits >> position & 1)

    def _shape_of(self, need: Need) -> Shape:
        is_regular = need.priority is Priority.NORMAL or self._emergency_hours is self.hours
        return need.duration_minutes, need.buffer_before_minutes, need.buffer_after_minutes, is_regular

    def can_serve(self, need: Need, start: Minute) -> bool:
        """Return whether the technician could do the job at that time, offered or not (rules 9 to 12 and 23)."""
        return self.obstacle(need, start) is None

    def obstacle(self, need: Need, start: Minute) -> Obstacle | None:
        """Return the first obstacle to the job at that time; None when there is none."""
        end = start + need.duration_minutes
        opening = self._opening_at(need, start)
        if opening is None or opening[1] < end:
            return Obstacle.CLOSED
        following = bisect_right(self._ends, start - need.buffer_before_minutes)
        if following < len(self._starts) and self._starts[following] < end + need.buffer_after_minutes:
            return Obstacle.TAKEN
        if self._floating is not None and not self._leaves_room(self._floating, need, start):
            return Obstacle.BREAK
        if self.technician_schedule.technician.max_bookings_per_day is not None and self._is_full(
            self.frame.day_number(start)
        ):
            return Obstacle.FULL
        if need.site is not None and not self._can_travel(need, start):
            return Obstacle.TRAVEL
        return None

    def first_claim_within(self, job: Interval) -> Claim | None:
        """Return the first claim that overlaps an interval, buffers included."""
        start, end = job
        for claim in self.claims:  # there can be hundreds, and most of those before the first one end too early
            if start < claim.end + claim.buffer_after_minutes and claim.start - claim.buffer_before_minutes < end:
                return claim
        return None

    def planned_breaks(self) -> list[PlannedBreak]:
        """Return the floating breaks beside all taken time."""
        taken = list(zip(self._starts, self._ends, strict=True))
        return [] if self._floating is None else self._floating.planned(taken)

    def _leaves_room(self, floating: FloatingBreaks, need: Need, start: Minute) -> bool:
        """Return whether each floating break still fits beside the job (rule 35)."""
        job = start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes
        return all(is_in_room(job, self._rooms_of(floating, number)) for number in floating.numbers_within(job))

    def _rooms_of(self, floating: FloatingBreaks, number: int) -> Rooms:
        """Return the rooms of a group of floating breaks beside taken time."""
        rooms = self._rooms.get(number)
        if rooms is None:
            group = floating.groups[number]
            start, end = group.window
            first, after = bisect_right(self._ends, start), bisect_left(self._starts, end)
            taken = list(zip(self._starts[first:after], self._ends[first:after], strict=True))
            rooms = self._rooms[number] = group.rooms_beside(taken)
        return rooms

    def _without_break(self, floating: FloatingBreaks, need: Need) -> int:
        """Return the positions at which the job leaves no room for a floating break, as bits."""
        before, after = need.buffer_before_minutes, need.duration_minutes + need.buffer_after_minutes
        blocked = always_blocked(self.frame, floating, before, after)
        taken = {
            number for span in zip(self._starts, self._ends, strict=True) for number in floating.numbers_within(span)
        }
        for number in taken:
            rooms = self._rooms_of(floating, number)
            blocked |= blocked_starts(self.frame, floating.groups[number], rooms, before, after)
        return blocked

    def _can_travel(self, need: Need, start: Minute) -> bool:
        leg = self.route.leg_at(start)
        return leg.earliest_start(need) <= start <= leg.latest_start(need)

    def _find_starts(self, need: Need, hours: tuple[Interval, ...]) -> int:
        is_clock = self.frame.alignment is SlotAlignment.CLOCK
        bits = self._clock_starts(need, hours) if is_clock else self._starts_of_runs(need, hours)
        return self._without_full_days(bits, need)

    def _without_full_days(self, bits: int, need: Need) -> int:
        """Return the positions on days with room for a booking and for the floating breaks beside the job."""
        for day in self._full_days():
            bits &= ~self.frame.day_bits(day)
        return bits if self._floating is None else bits & ~self._without_break(self._floating, need)

    def _clock_starts(self, need: Need, hours: tuple[Interval, ...]) -> int:
        """Return the starts within opening hours that keep the buffers to taken time."""
        before, room = need.buffer_before_minutes, need.duration_minutes + need.buffer_after_minutes
        positions, taken = self.frame.positions, 0
        for start, end in zip(self._starts, self._ends, strict=True):
            taken |= (1 << bisect_left(positions, end + before)) - (1 << bisect_left(positions, start - room + 1))
        return _starts_within(self.frame, hours, need.duration_minutes) & ~taken

    def _starts_of_runs(self, need: Need, hours: tuple[Interval, ...]) -> int:
        bits = 0
        for origin, last in self._runs(need, hours):
            bits |= self._grid_bits(origin, last)
        return bits

    def _reachable(self, need: Need, bits: int) -> int:
        """Return the starts without those that travel times make impossible."""
        number = self.frame.number
        for mask, leg in self._masked_legs():
            if starts := bits & mask:
                first, after = number(leg.earliest_start(need)), number(leg.latest_start(need) + 1)
                bits ^= starts & ~((1 << after) - (1 << first)) if first < after else starts
        return bits

    def _masked_legs(self) -> Sequence[tuple[int, Leg]]:
        """Return the legs that overlap the frame, each with its positions as bits."""
        if self._legs is None:
            between = self.frame.bits_between
            masked = ((between(leg.first, leg.end - 1), leg) for leg in self.route.legs)
            self._legs = [(mask, leg) for mask, leg in masked if mask]
        return self._legs

    def _runs(self, need: Need, hours: tuple[Interval, ...]) -> Runs:
        before = need.buffer_before_minutes
        room = need.duration_minutes + need.buffer_after_minutes
        for opens, closes in hours:
            origin, latest = opens, closes - need.duration_minutes
            following = bisect_right(self._ends, opens - before)
            while origin <= latest:
                last = latest if following == len(self._starts) else min(latest, self._starts[following] - room)
                if origin <= last:
                    yield origin, last
                if following == len(self._starts):
                    break
                origin = max(origin, self._ends[following] + before)
                following += 1

    def _grid_bits(self, origin: Minute, last: Minute) -> int:
        """Return the grid from the origin to the last start, restarted at each midnight."""
        frame, bits = self.frame, 0
        for day in range(max(0, frame.day_number(origin)), min(frame.days, frame.day_number(last) + 1)):
            anchor = max(origin, frame.midnights[day])
            end = min(last, frame.midnights[day + 1] - 1)
            if anchor <= end:
                count = (end - anchor) // frame.interval_minutes + 1
                bits |= _every_nth_bit(count, frame.interval_minutes) << (anchor - frame.midnights[0])
        return bits

    def is_on_grid(self, need: Need, start: Minute) -> bool:
        """Return whether a position that the technician can serve is on the technician's grid (rules 13 and 14)."""
        if self.frame.alignment is SlotAlignment.CLOCK:
            return True
        midnight = self.frame.midnights[self.frame.day_number(start)]
        return (start - max(self._origin(need, start), midnight)) % self.frame.interval_minutes == 0

    def _origin(self, need: Need, start: Minute) -> Minute:
        """Return the first minute of the free run around a start that the technician can serve."""
        opening = self._opening_at(need, start)
        opens = opening[0] if opening else start
        following = bisect_right(self._ends, start - need.buffer_before_minutes)
        return max(opens, self._ends[following - 1] + need.buffer_before_minutes) if following else opens

    def _opening_at(self, need: Need, minute: Minute) -> Interval | None:
        hours = self.hours if need.priority is Priority.NORMAL else self._emergency_hours
        index = bisect_right(hours, (minute, inf)) - 1
        return hours[index] if index >= 0 else None

    def _is_full(self, day: int) -> bool:
        limit = self.technician_schedule.technician.max_bookings_per_day
        return limit is not None and limit <= self.loads[day] + _count_by_day(self.frame, self.holds)[day]

    def _full_days(self) -> list[int]:
        limit = self.technician_schedule.technician.max_bookings_per_day
        return [] if limit is None else [day for day in range(self.frame.days) if self._is_full(day)]


@lru_cache(maxsize=1024)
def _longest_span_minutes(hours: tuple[Interval, ...], bookable: Interval) -> int:
    """Return the longest span that overlaps the bookable dates. Cached, because technicians share hours."""
    return max([end - start for start, end in hours if overlaps((start, end), bookable)], default=0)


def _count_by_day(frame: Frame, claims: Sequence[Claim]) -> Counter[int]:
    return Counter([frame.day_number(claim.start) for claim in claims])


@lru_cache(maxsize=4096)
def _starts_within(frame: Frame, hours: tuple[Interval, ...], duration_minutes: int) -> int:
    """Return the starts of jobs within opening hours. Cached, because technicians share hours."""
    bits = 0
    for opens, closes in hours:
        if opens + duration_minutes <= closes:
            bits |= (1 << frame.number(closes - duration_minutes + 1)) - (1 << frame.number(opens))
    return bits


def _every_nth_bit(count: int, step: int) -> int:
    """Return `count` ones, `step` bits apart."""
    return ((1 << (count * step)) - 1) // ((1 << step) - 1)
