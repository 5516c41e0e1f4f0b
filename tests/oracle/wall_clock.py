"""Wall clocks, read minute by minute.

A *reading* is what a wall clock shows, as minutes since 1970-01-01T00:00 of that same clock: its date is
`reading // 1440`, its time of day `reading % 1440`. Days are counted since 1970-01-01, a Thursday.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = 1440
FARTHEST_OFFSET = 16 * 60
"""Offset beyond that of every time zone, in minutes."""


@lru_cache(maxsize=4096)
def readings_of_utc_day(zone: str, utc_day: int) -> tuple[int, ...]:
    """Return the reading at each of the 1440 minutes of one UTC day."""
    return tuple(_read(zone, minute) for minute in range(utc_day * DAY, (utc_day + 1) * DAY))


def _read(zone: str, minute: int) -> int:
    shown = datetime.fromtimestamp(minute * 60, tz=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    return int(shown.timestamp()) // 60


def reading(zone: str, minute: int) -> int:
    """Return the reading at a UTC minute."""
    return readings_of_utc_day(zone, minute // DAY)[minute % DAY]


def day_of(zone: str, minute: int) -> int:
    """Return the local date of a UTC minute."""
    return reading(zone, minute) // DAY


@lru_cache(maxsize=4096)
def _first_showings(zone: str, day: int) -> Mapping[int, int]:
    """Return the first UTC minute of each reading of a date. Skipped readings are missing."""
    first: dict[int, int] = {}
    for minute in range(day * DAY - FARTHEST_OFFSET, (day + 1) * DAY + FARTHEST_OFFSET):
        first.setdefault(reading(zone, minute), minute)
    return first


def minute_when(zone: str, wanted: int) -> int:
    """Return the UTC minute of a reading (rule 1).

    Of a repeated reading it is the first. A skipped one counts on from the last reading before the gap.
    """
    skipped = 0
    while wanted - skipped not in _first_showings(zone, (wanted - skipped) // DAY):
        skipped += 1
    return _first_showings(zone, (wanted - skipped) // DAY)[wanted - skipped] + skipped


def calendar_date(day: int) -> date:
    """Return a counted day as a date."""
    return date(1970, 1, 1) + timedelta(days=day)
