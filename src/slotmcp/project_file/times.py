"""Dates and times in project-file notation, and their resolution in a time zone.

`TimeResolver` turns relative dates (`today`, `today+3`, `workday+2`) into absolute ones.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.recurrence import WallSpan
from slotmcp.engine.zones import local_date, utc_to_wall, wall_minute_to_utc

FIRST_DATE = date(2000, 1, 1)
LAST_DATE = date(2199, 12, 31)
MAX_RELATIVE_DAYS = 366

CLOCK_PATTERN = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"
DAY_SPAN_PATTERN = rf"(?:{CLOCK_PATTERN})-(?:{CLOCK_PATTERN})"
DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
RELATIVE_PATTERN = r"today(?:[+-][0-9]{1,3})?|workday(?:\+[0-9]{1,3})?"
DAY_PATTERN = rf"(?:{DATE_PATTERN}|{RELATIVE_PATTERN})"
OFFSET_PATTERN = r"Z|[+-][0-9]{2}:[0-9]{2}"
TIME_PATTERN = rf"{DAY_PATTERN}(?:[T ](?:{CLOCK_PATTERN})(?::00)?(?:{OFFSET_PATTERN})?)?"

_TIME = re.compile(
    rf"(?P<day>{DAY_PATTERN})"
    rf"(?:[T ](?P<clock>{CLOCK_PATTERN})(?P<seconds>:[0-9][0-9](?:\.[0-9]+)?)? ?(?P<offset>{OFFSET_PATTERN})?)?"
)
_RELATIVE = re.compile(r"(?P<anchor>today|workday)(?P<days>[+-][0-9]{1,3})?")
_ANCHORS = ("today", "workday")
_MAX_OFFSET_MINUTES = 14 * 60
_SATURDAY = 5
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A number of days, or of Monday-to-Friday days, after today."""

    days: int
    working: bool = False

    def after(self, today: date) -> date:
        """Return the date, counted from `today`.

        `workday+0` is today if today is Monday to Friday, else the next Monday.
        """
        if not self.working:
            return today + timedelta(days=self.days)
        day, remaining = today, self.days
        while remaining > 0 or day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
            remaining -= day.weekday() < _SATURDAY
        return day


@dataclass(frozen=True, slots=True)
class TimeExpression:
    """A date with an optional time of day and an optional UTC offset."""

    day: date | RelativeDay
    clock: int | None = None
    """Minutes since midnight, 1440 for 24:00. None: no time of day."""
    offset_minutes: int | None = None
    """None: local time."""


@dataclass(frozen=True, slots=True)
class TimeResolver:
    """Resolver of dates and times in one time zone at one current time."""

    zone_key: str
    now_ms: int

    def date_of(self, day: date | RelativeDay) -> date:
        """Return the absolute date."""
        if isinstance(day, RelativeDay):
            return day.after(local_date(self.zone_key, self.now_ms // MS_PER_MINUTE))
        return day

    def minute_of(self, moment: TimeExpression, *, is_end: bool = False) -> Minute:
        """Return the instant. A date without a time means its first instant, or with `is_end` the first one after it.

        A local time that the clocks skip moves forward by the gap. One that occurs twice means the first occurrence.
        """
        day = self.date_of(moment.day)
        clock = moment.clock if moment.clock is not None else MINUTES_PER_DAY * is_end
        if moment.offset_minutes is None:
            return wall_minute_to_utc(self.zone_key, day, clock)
        return minutes_since_epoch(day) + clock - moment.offset_minutes

    def local(self, minute: Minute) -> str:
        """Return the local time of an instant, for messages."""
        return f"{utc_to_wall(self.zone_key, minute):%Y-%m-%dT%H:%M}"


def parse_clock(text: str) -> int:
    """Return the minutes since midnight of "HH:MM"; 24:00 is 1440.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    if re.fullmatch(CLOCK_PATTERN, text):
        return int(text[:2]) * 60 + int(text[3:])
    raise ValueError(f'write a time from "00:00" to "24:00", such as "{_suggested_clock(text)}"')


def parse_day_span(text: str) -> WallSpan:
    """Return the span of "HH:MM-HH:MM", within one day.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    if not re.fullmatch(DAY_SPAN_PATTERN, text):
        raise ValueError('write a start and an end, such as "06:00-12:00"')
    start, end = map(parse_clock, text.split("-"))
    if end <= start:
        raise ValueError(
            f'the end is not after the start; write a later one, at most 24:00, such as "{text[:5]}-24:00"'
        )
    return WallSpan(start_minute=start, end_minute=end)


def parse_date(text: str) -> date:
    """Return the date of "YYYY-MM-DD", from `FIRST_DATE` to `LAST_DATE`.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    if not re.fullmatch(DATE_PATTERN, text):
        raise ValueError("write a date as YYYY-MM-DD, such as 2026-11-27")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no date {text}; write an existing one as YYYY-MM-DD") from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ValueError(f"write a date from {FIRST_DATE} to {LAST_DATE}")
    return day


def parse_day(text: str) -> date | RelativeDay:
    """Return a date, absolute or relative.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    if (match := re.fullmatch(_RELATIVE, text)) is not None:
        return _relative(match)
    if text.startswith(_ANCHORS):
        raise ValueError("write a relative date as today, today+3, today-1 or workday+2")
    return parse_date(text)


def parse_time(text: str) -> TimeExpression:
    """Return a date, absolute or relative, with an optional time of day and UTC offset.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    match = re.fullmatch(_TIME, text)
    if match is None:
        raise ValueError(_time_hint(text))
    day = parse_day(match["day"])
    if match["seconds"] and match["seconds"].strip(":.0"):
        raise ValueError(f"write whole minutes, such as {match['day']}T{match['clock']}{match['offset'] or ''}")
    offset = None if match["offset"] is None else _offset(match["offset"])
    if offset is not None and isinstance(day, RelativeDay):
        raise ValueError(f"a relative date is local; write {match['day']}T{match['clock']} without the offset")
    return TimeExpression(day, None if match["clock"] is None else parse_clock(match["clock"]), offset)


def parse_time_or_clock(text: str) -> TimeExpression | int:
    """Return a date with an optional time, as `parse_time`, or of "HH:MM" the minutes since midnight.

    Raises:
        ValueError: the text is invalid; the message states the valid form.
    """
    return parse_clock(text) if re.fullmatch(CLOCK_PATTERN, text) else parse_time(text)


def _relative(match: re.Match[str]) -> RelativeDay:
    days = int(match["days"] or 0)
    if abs(days) > MAX_RELATIVE_DAYS:
        raise ValueError(f"write at most {MAX_RELATIVE_DAYS} days, or an absolute date such as 2026-11-27")
    return RelativeDay(days, working=match["anchor"] == "workday")


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:])
    if minutes > _MAX_OFFSET_MINUTES or int(text[4:]) >= 60:  # noqa: PLR2004  minutes an hour
        raise ValueError("write an offset from -14:00 to +14:00, or Z for UTC")
    return -minutes if text[0] == "-" else minutes


def _suggested_clock(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,2})(?::?([0-9][0-9]))?(?::[0-9][0-9])? ?(am|pm|h)?", text.strip(), re.IGNORECASE)
    if match is None:
        return "08:00"
    hour, suffix = int(match[1]), (match[3] or "").lower()
    hour = hour % 12 + 12 * (suffix == "pm") if suffix in {"am", "pm"} else hour
    clock = f"{hour:02}:{match[2] or '00'}"
    return clock if re.fullmatch(CLOCK_PATTERN, clock) else "08:00"


def _time_hint(text: str) -> str:
    if text.startswith(_ANCHORS):
        return "write a relative date as today, today+3, today-1 or workday+2, with a time as today+1T09:00"
    if re.match(rf"{DATE_PATTERN}[T ][0-9]", text):
        return "write the time as THH:MM, such as 2026-11-23T16:00Z, 2026-11-23T09:00-07:00 or, local, 2026-11-23T09:00"
    return (
        "write a date and time such as 2026-11-23T09:00 (local) or 2026-11-23T16:00Z, or a relative one, today+1T09:00"
    )


def minutes_since_epoch(day: date) -> Minute:
    """Return the first minute of a date in UTC."""
    return (day - _EPOCH).days * MINUTES_PER_DAY


def write_clock(minute: int) -> str:
    """Format minutes since midnight, at most 1440, for `parse_clock`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def write_day_span(span: WallSpan) -> str:
    """Format a span of one day for `parse_day_span`."""
    return f"{write_clock(span.start_minute)}-{write_clock(span.end_minute)}"


def write_wall(at: datetime) -> str:
    """Format a local time for `parse_time`."""
    return at.strftime("%Y-%m-%dT%H:%M")


def write_instant(minute: Minute) -> str:
    """Format an instant in UTC for `parse_time`."""
    day, clock = divmod(minute, MINUTES_PER_DAY)
    return f"{_date_text(day)}T{write_clock(clock)}Z"


@lru_cache(maxsize=10_000)
def _date_text(days: int) -> str:
    """Format the date that is a number of days after 1970-01-01."""
    return str(_EPOCH + timedelta(days=days))
