"""Freed time: the starts that become possible between two availabilities.

Only the timelines that changed are searched. That takes microseconds per job, however many technicians there are.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Final

from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, Minute, overlaps
from slotmcp.engine.areas import is_served_by
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.reserve import limits_of, released_between
from slotmcp.engine.rules import allowed_starts, depends_on_team
from slotmcp.engine.slots import list_starts
from slotmcp.engine.timeline import Timeline

_REACH_MINUTES: Final = 3 * MINUTES_PER_DAY
"""Time around a reserved start that contains the sales which affect it: of its date, or with overlapping buffers."""


class FreedTime:
    """Starts that are possible in one availability and were not in an earlier one."""

    def __init__(self, before: Availability | None, after: Availability, *, max_checks: int | None = None) -> None:
        """Compare two availabilities of a project.

        Args:
            before: the earlier availability; None: everything counts as freed.
            after: the present availability.
            max_checks: number of pairs of a movable hold and a technician from which moves of holds are not searched;
                None: no limit.
        """
        self._after = after
        is_comparable = before is not None and _is_comparable(before, after)
        self._before = before.index.timelines if before is not None and is_comparable else {}
        self._released = released_between(before, after) if before is not None and is_comparable else None
        self._changed = [
            timeline for name, timeline in after.index.timelines.items() if self._before.get(name) is not timeline
        ]
        checks = len(after.index.relocation.movable_holds) * len(after.index.timelines)
        self._searches_moves = max_checks is None or checks <= max_checks
        self._times = self._freed_times() if self._searches_moves and checks else ()
        self._rows: dict[Need, int] = {}
        self._max_checks = max_checks
        self._all: FreedTime | None = None

    def __bool__(self) -> bool:
        """Return whether any timeline changed, or time released a reserve."""
        return bool(self._changed) or self._released is not None

    @property
    def is_complete(self) -> bool:
        """False if starts may be missing that need moves of holds."""
        return self._searches_moves

    def first_start(self, need: Need, window: Interval, excluded: Sequence[Interval] = ()) -> Minute | None:
        """Return the first freed start in a window at which the job overlaps no excluded interval."""
        if self._before and depends_on_team(self._after, need):
            return self._all_time().first_start(need, window, excluded)
        if limits_of(self._after, need) is not None:
            starts = list_starts(self._after, need, *self._near_released(window))
            lasts = need.duration_minutes
            return next(
                (one for one in starts if not any(overlaps((one, one + lasts), each) for each in excluded)), None
            )
        frame = self._after.frame
        low = frame.number(max(window[0], self._after.earliest_start_of(need)))
        high = frame.number(min(window[1], self._after.horizon_end_of(need)))
        if high <= low:
            return None
        within = (1 << high) - (1 << low)
        if (allowed := allowed_starts(self._after, need)) is not None:
            within &= allowed
        for start, end in excluded:
            first, last = frame.number(start - need.duration_minutes + 1), frame.number(end)
            within &= ~((1 << last) - (1 << first))
        found = self._direct(need, within)
        if self._times is None or self._times:
            found |= self._after_moves(need, within & ~found)
        return frame.positions[(found & -found).bit_length() - 1] if found else None

    def _near_released(self, window: Interval) -> Interval:
        """Return the part of a window in which a start can be new beside a reserve."""
        if self._changed:
            return window
        if self._released is None:
            return window[0], window[0]
        first, last = self._released
        return max(window[0], first - _REACH_MINUTES), min(window[1], last + _REACH_MINUTES)

    def _all_time(self) -> "FreedTime":
        """Return all time: for some needs, a technician whose time did not change can become available."""
        if self._all is None:
            self._all = FreedTime(None, self._after, max_checks=self._max_checks)
        return self._all

    def _direct(self, need: Need, within: int) -> int:
        """Return the freed starts of technicians without moves of holds."""
        if need.site is not None:
            return reduce(or_, (self._gained(timeline, need, within) for timeline in self._able(need)), 0)
        if need not in self._rows:
            self._rows[need] = reduce(or_, (self._gained(timeline, need, -1) for timeline in self._able(need)), 0)
        return self._rows[need] & within

    def _able(self, need: Need) -> Iterator[Timeline]:
        """Yield the changed timelines of technicians who can do the job."""
        for timeline in self._changed:
            technician = timeline.technician_schedule.technician
            if _is_able(technician, need):
                yield timeline

    def _gained(self, timeline: Timeline, need: Need, within: int) -> int:
        starts = timeline.starts(need, within)
        known = self._before.get(timeline.technician_schedule.technician.id)
        if not starts or known is None or not need.skills <= known.technician_schedule.technician.skills:
            return starts
        return starts & ~known.starts(need, within)

    def _after_moves(self, need: Need, within: int) -> int:
        """Return the starts near freed time that moving a hold makes possible."""
        relocation, gained = self._after.index.relocation, 0
        for hold in relocation.movable_holds:
            timeline = self._after.index.timelines[hold.technician_id]
            technician = timeline.technician_schedule.technician
            if _is_able(technician, need) and self._is_near(hold):
                gained |= relocation.gained_by_moving(hold, need, within & ~gained)
        return gained

    def _is_near(self, hold: Claim) -> bool:
        """Return whether freed time may let a hold move. Daily limits and drives reach no further than a day."""
        return self._times is None or any(
            overlaps((start - MINUTES_PER_DAY, end + MINUTES_PER_DAY), hold.interval) for start, end in self._times
        )

    def _freed_times(self) -> Sequence[Interval] | None:
        """Return the intervals of the claims that ended or changed; None: all time may be freed."""
        times: list[Interval] = []
        for timeline in self._changed:
            known = self._before.get(timeline.technician_schedule.technician.id)
            if known is None or not _has_same_rules(known, timeline):
                return None
            current = {claim.id: claim for claim in timeline.claims}
            times.extend(claim.interval for claim in known.claims if current.get(claim.id) != claim)
        return times


def _is_able(technician: Technician, need: Need) -> bool:
    """Return whether a technician has the skills, serves the area, and is the requested one if there is one."""
    is_requested = need.technician_id in {None, technician.id}
    return is_requested and need.skills <= technician.skills and is_served_by(need.area, technician.id)


def _is_comparable(before: Availability, after: Availability) -> bool:
    """Return whether positions and jobs mean the same in both."""
    return (
        before.frame is after.frame
        and before.schedule.project == after.schedule.project
        and before.schedule.services == after.schedule.services
    )


def _has_same_rules(before: Timeline, after: Timeline) -> bool:
    earlier, schedule = before.technician_schedule, after.technician_schedule
    return earlier.technician == schedule.technician and earlier.busy == schedule.busy
