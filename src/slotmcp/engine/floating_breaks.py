"""Floating breaks: breaks without a fixed time, for which each job leaves room (rule 35).

A job splits the breaks of a group: some end before it, the others begin after it. With as early an end as possible for
the first ones and as late a start as possible for the others, the times that a job may take follow exactly.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from slotmcp.domain.catalog import Technician
from slotmcp.domain.interval import Interval, Minute, overlaps, subtract
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.engine.frame import Frame
from slotmcp.engine.opening_hours import DateRange, interval_on, opening_hours, recurrences

_ALWAYS = 1 << 40
"""Beyond every minute: a job may begin before it, and after its negative."""

Rooms = tuple[Interval, ...]
"""Intervals within one of which a job has to lie, so that every break of a group still fits."""


@dataclass(frozen=True, slots=True)
class DueBreak:
    """A break of one date, which begins and ends within its window."""

    window: Interval
    minutes: int


@dataclass(frozen=True, slots=True)
class PlannedBreak:
    """A due break with a place where it fits now. A later job may move it."""

    due: DueBreak
    place: Interval | None
    """None: taken time leaves no room."""


@dataclass(frozen=True, slots=True)
class BreakGroup:
    """Breaks of a date whose windows overlap, directly or through others, so that they compete for time."""

    breaks: tuple[DueBreak, ...]
    working: tuple[Interval, ...]
    """Working time around the windows, merged."""
    rooms: Rooms = field(init=False)
    """Rooms while nothing is taken."""

    def __post_init__(self) -> None:
        """Find the rooms while nothing is taken."""
        object.__setattr__(self, "rooms", _rooms(self.breaks, self.working))

    @property
    def window(self) -> Interval:
        """Interval of all windows."""
        return min(each.window[0] for each in self.breaks), max(each.window[1] for each in self.breaks)

    def rooms_beside(self, taken: Sequence[Interval]) -> Rooms:
        """Return the rooms beside taken time, merged, that overlaps the window."""
        return _rooms(self.breaks, subtract(self.working, taken)) if taken else self.rooms

    def planned(self, taken: Sequence[Interval]) -> Iterator[PlannedBreak]:
        """Yield the breaks at places that end as early as possible beside taken time, merged."""
        places = _places(self.breaks, subtract(self.working, taken))
        return (PlannedBreak(due, places.get(number)) for number, due in enumerate(self.breaks))


class FloatingBreaks:
    """Groups of breaks of a technician on some dates, in order of time."""

    __slots__ = ("_ends", "_starts", "groups")

    def __init__(self, groups: Sequence[BreakGroup]) -> None:
        self.groups = groups
        windows = [group.window for group in groups]
        self._starts = [start for start, _ in windows]
        self._ends = [end for _, end in windows]

    def numbers_within(self, interval: Interval) -> range:
        """Return the numbers of the groups whose window overlaps an interval."""
        return range(bisect_right(self._ends, interval[0]), bisect_left(self._starts, interval[1]))

    def planned(self, taken: Sequence[Interval]) -> list[PlannedBreak]:
        """Return all breaks at places that end as early as possible beside taken time, merged."""
        return [planned for group in self.groups for planned in group.planned(taken)]

    def fit_beside(self, job: Interval, taken_within: Callable[[Interval], Sequence[Interval]]) -> bool:
        """Return whether the breaks still fit beside a job with its buffers and all taken time."""
        groups = (self.groups[number] for number in self.numbers_within(job))
        return all(is_in_room(job, group.rooms_beside(taken_within(group.window))) for group in groups)


def is_in_room(job: Interval, rooms: Rooms) -> bool:
    """Return whether a job with its buffers lies in one of the rooms."""
    return any(start <= job[0] and job[1] <= end for start, end in rooms)


def floating_breaks_on(technician: Technician, dates: DateRange) -> FloatingBreaks | None:
    """Return the floating breaks of a technician on some dates; None if there are none."""
    if not technician.floating_breaks:
        return None
    hours = opening_hours(technician, dates)
    return _floating_breaks(technician.timezone, technician.floating_breaks, hours, dates.first, dates.last)


def blocked_starts(frame: Frame, group: BreakGroup, rooms: Rooms, before_minutes: int, after_minutes: int) -> int:
    """Return the positions at which a job would leave no room for the breaks of a group, as bits.

    Args:
        frame: the frame.
        group: the group.
        rooms: rooms of the group beside taken time.
        before_minutes: the job's buffer before.
        after_minutes: the job's length and its buffer after.
    """
    start, end = group.window
    blocked = frame.bits_between(start - after_minutes + 1, end + before_minutes - 1)
    for opens, closes in rooms:
        first, last = opens + before_minutes, closes - after_minutes
        if first <= last:
            blocked &= ~frame.bits_between(first, last)
    return blocked


@lru_cache(maxsize=4096)
def always_blocked(frame: Frame, floating: FloatingBreaks, before_minutes: int, after_minutes: int) -> int:
    """Return the blocked positions of all groups while nothing is taken. Cached, because technicians share breaks."""
    blocked = 0
    for group in floating.groups:
        blocked |= blocked_starts(frame, group, group.rooms, before_minutes, after_minutes)
    return blocked


@lru_cache(maxsize=1024)
def _floating_breaks(
    zone_key: str, floating: tuple[FloatingBreak, ...], hours: tuple[Interval, ...], first: date, last: date
) -> FloatingBreaks:
    """Return the groups of all dates. Cached by value, so that technicians with equal hours share the result."""
    dates_of_breaks = [frozenset(recurrences(each.window, first, last)) for each in floating]
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    groups: list[BreakGroup] = []
    for day in days:
        found = [each for each, dates in zip(floating, dates_of_breaks, strict=True) if day in dates]
        groups += _groups(list(_due(zone_key, day, found, hours)), hours)
    return FloatingBreaks(groups)


def _due(
    zone_key: str, day: date, floating: Iterable[FloatingBreak], hours: tuple[Interval, ...]
) -> Iterator[DueBreak]:
    """Yield the breaks of a date that fit into the working time together with those before them."""
    due: tuple[DueBreak, ...] = ()
    for each in floating:
        window = interval_on(zone_key, day, each.window.span)
        wanted = (*due, DueBreak(window, each.minutes))
        if _ends_of_earliest(wanted, _overlapping(hours, wanted))[-1] is not None:
            due = wanted
            yield wanted[-1]


def _groups(due: Sequence[DueBreak], hours: tuple[Interval, ...]) -> Iterator[BreakGroup]:
    group: tuple[DueBreak, ...] = ()
    for each in sorted(due, key=lambda one: one.window):
        if group and each.window[0] >= max(one.window[1] for one in group):
            yield BreakGroup(group, _overlapping(hours, group))
            group = ()
        group += (each,)
    if group:
        yield BreakGroup(group, _overlapping(hours, group))


def _overlapping(hours: tuple[Interval, ...], breaks: Sequence[DueBreak]) -> tuple[Interval, ...]:
    start, end = min(each.window[0] for each in breaks), max(each.window[1] for each in breaks)
    first = bisect_right(hours, (start, start)) - 1
    return tuple(span for span in hours[max(0, first) : bisect_left(hours, (end, end))] if overlaps(span, (start, end)))


def _rooms(breaks: Sequence[DueBreak], free: Sequence[Interval]) -> Rooms:
    """Return the intervals between breaks taken as early, and breaks taken as late as possible, for each split."""
    ends, starts = _ends_of_earliest(breaks, free), _starts_of_latest(breaks, free)
    every = len(ends) - 1
    rooms = ((ends[chosen], starts[every ^ chosen]) for chosen in range(every + 1))
    return tuple((end, start) for end, start in rooms if end is not None and start is not None and end < start)


def _ends_of_earliest(breaks: Sequence[DueBreak], free: Sequence[Interval]) -> list[Minute | None]:
    """Return the earliest end of each set of breaks, by the bits of the set; None if they do not fit."""
    ends: list[Minute | None] = [-_ALWAYS]
    for chosen in range(1, 1 << len(breaks)):
        fits = [
            end
            for number, each in enumerate(breaks)
            if chosen >> number & 1
            and (earlier := ends[chosen ^ 1 << number]) is not None
            and (end := _earliest_end(each, free, earlier)) is not None
        ]
        ends.append(min(fits, default=None))
    return ends


def _places(breaks: Sequence[DueBreak], free: Sequence[Interval]) -> dict[int, Interval]:
    """Return places of as many breaks as fit, by number of the break, with as early an end as possible."""
    ends = _ends_of_earliest(breaks, free)
    chosen = max((bits for bits, end in enumerate(ends) if end is not None), key=int.bit_count)
    places: dict[int, Interval] = {}
    while chosen:
        last, end = next(
            (number, end)
            for number, each in enumerate(breaks)
            if chosen >> number & 1
            and (earlier := ends[chosen ^ 1 << number]) is not None
            and (end := _earliest_end(each, free, earlier)) == ends[chosen]
            and end is not None
        )
        places[last] = (end - breaks[last].minutes, end)
        chosen ^= 1 << last
    return places


def _starts_of_latest(breaks: Sequence[DueBreak], free: Sequence[Interval]) -> list[Minute | None]:
    """Return the latest start of each set of breaks, by the bits of the set; None if they do not fit."""
    mirrored = [DueBreak((-each.window[1], -each.window[0]), each.minutes) for each in breaks]
    ends = _ends_of_earliest(mirrored, [(-end, -start) for start, end in reversed(free)])
    return [None if end is None else -end for end in ends]


def _earliest_end(due: DueBreak, free: Sequence[Interval], earliest: Minute) -> Minute | None:
    for opens, closes in free:
        start = max(opens, due.window[0], earliest)
        if start + due.minutes <= min(closes, due.window[1]):
            return start + due.minutes
    return None
