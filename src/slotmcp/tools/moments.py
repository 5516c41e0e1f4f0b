"""Conversion of dates and times between the wire (RFC 3339) and the domain."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import Moment, RelativeMoment, WallDate, WallTime
from slotmcp.tools.relative_words import FORMS, read_words

MAX_LENGTH: Final = 40
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199

_SECONDS_WITH_LEAP_SECOND: Final = 61
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH: Final = _EPOCH.replace(tzinfo=None)
_MINUTE: Final = timedelta(minutes=1)
_RFC_3339: Final = re.compile(
    r"""(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})
    (?:
        [Tt ](?P<time>[0-9]{2}:[0-9]{2})
        (?::(?P<seconds>[0-9]{2}(?:\.[0-9]{1,9})?))?
        (?P<offset>[Zz]|[+-][0-9]{2}:[0-5][0-9])?
    )?""",
    re.VERBOSE,
)
_TIMES: Final = '"2026-11-23T09:00" (local) or "2026-11-23T09:00:00-07:00"'
_FORMATS: Final = f'a date and time such as {_TIMES}, or a date such as "2026-11-23"'


def read_absolute(text: str) -> Moment:
    """Parse a date, a local time or an instant.

    Raises:
        ValueError: its text says what is valid.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"must be {_FORMATS}")
    return _moment_of(match, _refuse_seconds)


def read_moment(text: str) -> Moment | RelativeMoment:
    """Parse a date, a local time, an instant, or a day in words.

    Raises:
        ValueError: its text says what is valid.
    """
    return _read_any(text, _refuse_seconds)


def read_from(text: str) -> Moment | RelativeMoment:
    """Parse the start of a range, as `read_moment` does, and round seconds up."""
    return _read_any(text, _round_up)


def read_to(text: str) -> Moment | RelativeMoment:
    """Parse the end of a range, as `read_moment` does, and round seconds down."""
    return _read_any(text, _round_down)


def _read_any(text: str, minutes_of: Callable[[Decimal], int]) -> Moment | RelativeMoment:
    match = _RFC_3339.fullmatch(text)
    moment = read_words(text) if match is None else _moment_of(match, minutes_of)
    if moment is None:
        raise ValueError(f"must be {_FORMATS}, or {FORMS}")
    return moment


def _moment_of(match: re.Match[str], minutes_of: Callable[[Decimal], int]) -> Moment:
    day = _read_date(match["date"])
    if match["time"] is None:
        return WallDate(day)
    wall, plus_minutes = _read_wall(match["date"], match["time"]), minutes_of(Decimal(match["seconds"] or 0))
    return WallTime(wall, plus_minutes) if match["offset"] is None else _to_minute(wall, match["offset"]) + plus_minutes


def read_day(text: str) -> date:
    """Parse a date.

    Raises:
        ValueError: its text says what is valid.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None or match["time"] is not None:
        raise ValueError('must be a date such as "2026-11-23"')
    return _read_date(match["date"])


def read_time(text: str) -> Minute | WallTime | RelativeMoment:
    """Parse a local time, an instant, or a day in words with a time; refuse a date alone.

    Raises:
        ValueError: its text says what is valid.
    """
    moment = read_moment(text)
    if isinstance(moment, WallDate) or (isinstance(moment, RelativeMoment) and moment.clock is None):
        raise ValueError(f'must have a time of day too, such as "tomorrow 14:00" or {_TIMES}')
    return moment


def _read_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be a date of the calendar; there is no {text}") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _read_wall(day: str, time: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{day}T{time}")
    except ValueError:
        raise ValueError(f"must have a time of day from 00:00 to 23:59; there is no {time}") from None


def _refuse_seconds(seconds: Decimal) -> int:
    if seconds:
        raise ValueError("must be a whole minute, with no seconds")
    return 0


def _round_up(seconds: Decimal) -> int:
    return _round_down(seconds) + (seconds > 0)


def _round_down(seconds: Decimal) -> int:
    if seconds >= _SECONDS_WITH_LEAP_SECOND:
        raise ValueError("must have seconds from 00 to 59")
    return 0


def _to_minute(wall: datetime, offset: str) -> Minute:
    try:
        at = wall if offset in "Zz" else datetime.fromisoformat(wall.isoformat() + offset)
    except ValueError:
        raise ValueError(f"must have an offset from -23:59 to +23:59, or Z; there is no {offset}") from None
    return (at.replace(tzinfo=at.tzinfo or UTC) - _EPOCH) // _MINUTE


@lru_cache(maxsize=4096)
def write_utc(minute: Minute) -> str:
    """Format a minute in UTC, such as 2026-11-23T16:00:00Z."""
    return f"{(_WALL_EPOCH + timedelta(minutes=minute)).isoformat()}Z"


def write_utc_ms(instant_ms: int) -> str:
    """Format an instant in UTC, rounded down to the second, such as 2026-11-22T19:00:07Z."""
    return f"{(_WALL_EPOCH + timedelta(milliseconds=instant_ms)).isoformat(timespec='seconds')}Z"
