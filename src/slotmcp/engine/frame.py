"""Booking frame: the local dates that can be booked, and the starts that the grid allows.

Starts are numbered, so that one integer's bits represent a technician's free starts.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain

from slotmcp.domain.catalog import Project, SlotAlignment
from slotmcp.domain.interval import Minute
from slotmcp.engine.zones import has_no_clock_change, local_date, midnight, next_midnight, utc_to_wall


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Today and the dates after it up to the horizon, in the project's time zone."""

    zone_key: str
    first_day: date
    midnights: tuple[Minute, ...]
    """First instant of each date, and of the one after the last."""
    positions: Sequence[Minute]
    """Starts by number, ascending. With `opening` alignment every minute, because the grid differs by technician."""
    day_starts: tuple[int, ...]
    """Number of each date's first position, and of the one after the last."""
    interval_minutes: int
    alignment: SlotAlignment

    @property
    def days(self) -> int:
        """Number of dates."""
        return len(self.midnights) - 1

    def number(self, minute: Minute) -> int:
        """Return the number of the first position that is not before a minute."""
        return bisect_left(self.positions, minute)

    def bits_between(self, first: Minute, last: Minute) -> int:
        """Return the positions from one minute to another, both inclusive, as bits."""
        return (1 << self.number(last + 1)) - (1 << self.number(first))

    def contains(self, minute: Minute) -> bool:
        """Return whether a minute is one of the positions."""
        number = self.number(minute)
        return number < len(self.positions) and self.positions[number] == minute

    def day_number(self, minute: Minute) -> int:
        """Return the number of a minute's date: 0 for the first, negative before it, `days` or more after the last."""
        if self.midnights[0] <= minute < self.midnights[-1]:
            return bisect_right(self.midnights, minute) - 1
        return (local_date(self.zone_key, minute) - self.first_day).days

    def day_bits(self, day: int) -> int:
        """Return all positions of a date as bits."""
        return (1 << self.day_starts[day + 1]) - (1 << self.day_starts[day])


def frame_of(project: Project, now: Minute, horizon_days: int) -> Frame:
    """Return the frame at an instant, up to a horizon.

    The same object is returned while its contents stay the same.
    """
    return _frame(
        project.timezone,
        local_date(project.timezone, now),
        horizon_days + 1,
        project.slot_interval_minutes,
        project.slot_alignment,
    )


def bits_of(row: int) -> list[int]:
    """Return the numbers of the bits that are set, ascending."""
    return [bit for bit, digit in enumerate(reversed(format(row, "b"))) if digit == "1"]


@lru_cache(maxsize=256)
def _frame(zone_key: str, first_day: date, days: int, interval_minutes: int, alignment: SlotAlignment) -> Frame:
    dates = [first_day + timedelta(days=n) for n in range(days + 1)]
    midnights = tuple(midnight(zone_key, day) for day in dates)
    positions: Sequence[Minute] = range(midnights[0], midnights[-1])
    if alignment is SlotAlignment.CLOCK:
        positions = tuple(chain.from_iterable(_clock_positions(zone_key, day, interval_minutes) for day in dates[:-1]))
    day_starts = tuple(bisect_left(positions, minute) for minute in midnights)
    return Frame(zone_key, first_day, midnights, positions, day_starts, interval_minutes, alignment)


@lru_cache(maxsize=8192)
def _clock_positions(zone_key: str, day: date, interval_minutes: int) -> tuple[Minute, ...]:
    minutes = range(midnight(zone_key, day), next_midnight(zone_key, day))
    if has_no_clock_change(zone_key, day):
        return tuple(minutes[::interval_minutes])
    return tuple(minute for minute in minutes if _wall_minute(zone_key, minute) % interval_minutes == 0)


def _wall_minute(zone_key: str, minute: Minute) -> int:
    wall = utc_to_wall(zone_key, minute)
    return wall.hour * 60 + wall.minute
