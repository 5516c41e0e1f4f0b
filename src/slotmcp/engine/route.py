"""A technician's route: where they come from and go to around a job (rules 23 to 25)."""

from bisect import bisect_left, bisect_right
from operator import attrgetter, itemgetter

from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Interval, Minute
from slotmcp.engine.need import Need

_FOREVER = 1 << 60


class Route:
    """Jobs in order, within working days that begin at home."""

    __slots__ = ("_by_end", "_by_start", "_days", "_home")

    def __init__(self, home: Location | None, days: tuple[Interval, ...], claims: tuple[Claim, ...]) -> None:
        """Put jobs in order.

        Args:
            home: where a working day begins, if that is known.
            days: the spans of the shifts, merged, breaks and time off left in.
            claims: those that take time now.
        """
        self._home = home
        self._days = days
        self._by_end = sorted(claims, key=attrgetter("end", "id"))
        self._by_start = sorted(claims, key=attrgetter("start", "id"))

    def earliest_start(self, need: Need, start: Minute) -> Minute:
        """The first minute at which the technician can be there, coming from where they are before `start`."""
        before = self._job_before(start)
        eta = self.eta_minutes(need, start)
        if eta is None:
            return start
        if before is None:
            return self._day_of(start)[0] + eta
        return before.end + before.buffer_after_minutes + eta + need.buffer_before_minutes

    def latest_start(self, need: Need, start: Minute) -> Minute:
        """The last minute at which the job can start so that the next one is reached in time."""
        after = self._job_after(start + need.duration_minutes, start)
        if need.site is None or after is None or after.location is None:
            return _FOREVER
        leaves_by = after.start - after.buffer_before_minutes - need.site.to(after.location)
        return leaves_by - need.buffer_after_minutes - need.duration_minutes

    def eta_minutes(self, need: Need, start: Minute) -> int | None:
        """The way to the job from the one before, or from home; None where a place is not known."""
        before = self._job_before(start)
        origin = self._home if before is None else before.location
        return None if need.site is None or origin is None else need.site.from_(origin)

    def buffer_minutes(self, need: Need, start: Minute) -> int:
        """The buffers between the job before and this one."""
        before = self._job_before(start)
        return 0 if before is None else before.buffer_after_minutes + need.buffer_before_minutes

    def _job_before(self, start: Minute) -> Claim | None:
        index = bisect_right(self._by_end, start, key=attrgetter("end")) - 1
        if index < 0 or self._by_end[index].start < self._day_of(start)[0]:
            return None
        return self._by_end[index]

    def _job_after(self, end: Minute, start: Minute) -> Claim | None:
        index = bisect_left(self._by_start, end, key=attrgetter("start"))
        if index == len(self._by_start) or self._by_start[index].start >= self._day_of(start)[1]:
            return None
        return self._by_start[index]

    def _day_of(self, minute: Minute) -> Interval:
        """The working day around a minute at which the technician is on shift."""
        index = bisect_right(self._days, minute, key=itemgetter(0)) - 1
        return self._days[index] if index >= 0 else (minute, minute)
