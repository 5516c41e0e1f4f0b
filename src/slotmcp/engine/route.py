"""Route of a technician: the travel before and after each job (rules 23 to 25)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Interval, Minute
from slotmcp.engine.need import Need

_FOREVER = 1 << 60


class Leg(NamedTuple):
    """Range of starts between the same two jobs, with the travel constraints of that range."""

    first: Minute
    end: Minute
    """Exclusive end of the starts."""
    origin: Location | None
    """Location of the previous job, or home; None if it is unknown."""
    ready: Minute
    """Earliest departure from the origin: the end of the previous job and its buffer, or the start of the shift."""
    buffer_after_minutes: int | None
    """Buffer after the previous job; None if there is no previous job."""
    target: Location | None
    """Location of the next job; None if it is unknown or there is no next job."""
    due: Minute
    """Latest arrival at the target."""

    def earliest_start(self, need: Need) -> Minute:
        """Return the first minute at which the technician can be at the job."""
        eta = self.eta_minutes(need)
        if eta is None:
            return self.first
        return self.ready + eta + (0 if self.buffer_after_minutes is None else need.buffer_before_minutes)

    def latest_start(self, need: Need) -> Minute:
        """Return the last start from which the technician reaches the next job in time."""
        if need.site is None or self.target is None:
            return _FOREVER
        return self.due - need.site.minutes_to(self.target) - need.buffer_after_minutes - need.duration_minutes

    def eta_minutes(self, need: Need) -> int | None:
        """Return the travel time to the job; None when a location is unknown."""
        return None if need.site is None or self.origin is None else need.site.minutes_from(self.origin)

    def buffer_minutes(self, need: Need) -> int:
        """Return the buffers between the previous job and this one."""
        return 0 if self.buffer_after_minutes is None else self.buffer_after_minutes + need.buffer_before_minutes


class Route:
    """Legs in order, within working days that begin at home."""

    __slots__ = ("_home", "legs")

    def __init__(self, home: Location | None, shifts: Sequence[Interval], claims: Sequence[Claim]) -> None:
        """Derive the legs from a technician's jobs.

        Args:
            home: location where a working day begins, if it is known.
            shifts: intervals of the shifts, merged; breaks and time off are not subtracted.
            claims: claims that take time now; no two overlap.
        """
        self._home = home
        jobs = sorted(claims, key=attrgetter("start", "end", "id"))
        starts = [job.start for job in jobs]
        self.legs = [
            leg
            for shift, next_start in zip(shifts, [*(start for start, _ in shifts[1:]), _FOREVER], strict=False)
            for leg in _legs_of_shift(
                home, shift, next_start, jobs[bisect_left(starts, shift[0]) : bisect_left(starts, shift[1])]
            )
        ]

    def leg_at(self, start: Minute) -> Leg:
        """Return the leg of a start. Before the first shift the technician is at home."""
        index = bisect_right(self.legs, start, key=attrgetter("first")) - 1
        return self.legs[index] if index >= 0 else Leg(start, start, self._home, start, None, None, _FOREVER)


def _legs_of_shift(home: Location | None, shift: Interval, next_start: Minute, jobs: Sequence[Claim]) -> Iterator[Leg]:
    first, origin, ready, buffer = shift[0], home, shift[0], None
    for job in jobs:
        yield Leg(first, job.end, origin, ready, buffer, job.location, job.start - job.buffer_before_minutes)
        first, origin, buffer = job.end, job.location, job.buffer_after_minutes
        ready = job.end + buffer
    if first < next_start:  # otherwise the last job ends in the next shift, where it does not count
        yield Leg(first, next_start, origin, ready, buffer, None, _FOREVER)
