"""A technician's route: where they come from and go to around a job (rules 23 to 25)."""

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
    """Starts that have the same job before and the same job after them."""

    first: Minute
    end: Minute
    """The starts lie before it."""
    origin: Location | None
    """Of the job before, or home; None where it is not known."""
    ready: Minute
    """When the technician can leave there: the job before is over, its buffer too, or the working day begins."""
    buffer_after_minutes: int | None
    """Of the job before; None where there is none."""
    target: Location | None
    """Of the job after; None where it is not known, or there is none."""
    due: Minute
    """When the technician has to be there."""

    def earliest_start(self, need: Need) -> Minute:
        """The first minute at which the technician can be there."""
        eta = self.eta_minutes(need)
        if eta is None:
            return self.first
        return self.ready + eta + (0 if self.buffer_after_minutes is None else need.buffer_before_minutes)

    def latest_start(self, need: Need) -> Minute:
        """The last minute at which the job can start so that the next one is reached in time."""
        if need.site is None or self.target is None:
            return _FOREVER
        return self.due - need.site.to(self.target) - need.buffer_after_minutes - need.duration_minutes

    def eta_minutes(self, need: Need) -> int | None:
        """The way to the job; None where a place is not known."""
        return None if need.site is None or self.origin is None else need.site.from_(self.origin)

    def buffer_minutes(self, need: Need) -> int:
        """The buffers between the job before and this one."""
        return 0 if self.buffer_after_minutes is None else self.buffer_after_minutes + need.buffer_before_minutes


class Route:
    """Legs in order, within working days that begin at home."""

    __slots__ = ("_home", "legs")

    def __init__(self, home: Location | None, days: Sequence[Interval], claims: Sequence[Claim]) -> None:
        """Put jobs in order.

        Args:
            home: where a working day begins, if that is known.
            days: the spans of the shifts, merged, breaks and time off left in.
            claims: those that take time now; no two overlap.
        """
        self._home = home
        jobs = sorted(claims, key=attrgetter("start", "end", "id"))
        starts = [job.start for job in jobs]
        self.legs = [
            leg
            for day, next_day in zip(days, [*(start for start, _ in days[1:]), _FOREVER], strict=False)
            for leg in _legs_of_day(
                home, day, next_day, jobs[bisect_left(starts, day[0]) : bisect_left(starts, day[1])]
            )
        ]

    def leg_at(self, start: Minute) -> Leg:
        """The leg of a start; before the first working day nobody has left home."""
        index = bisect_right(self.legs, start, key=attrgetter("first")) - 1
        return self.legs[index] if index >= 0 else Leg(start, start, self._home, start, None, None, _FOREVER)


def _legs_of_day(home: Location | None, day: Interval, next_day: Minute, jobs: Sequence[Claim]) -> Iterator[Leg]:
    first, origin, ready, buffer = day[0], home, day[0], None
    for job in jobs:
        yield Leg(first, job.end, origin, ready, buffer, job.location, job.start - job.buffer_before_minutes)
        first, origin, buffer = job.end, job.location, job.buffer_after_minutes
        ready = job.end + buffer
    yield Leg(first, next_day, origin, ready, buffer, None, _FOREVER)
