"""Dates and times as a project file writes them, and what they come to in a zone.

Relative dates (`today`, `today+3`, `workday+2`) become absolute with `Almanac`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.engine.zones import local_date, utc_to_wall, wall_minute_to_utc

FIRST_DATE = date(2000, 1, 1)
LAST_DATE = date(2199, 12, 31)
MOST_DAYS_AWAY = 366

CLOCK_PATTERN = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"
DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
RELATIVE_PATTERN = r"today(?:[+-][0-9]{1,3})?|workday(?:\+[0-9]{1,3})?"
DAY_PATTERN = rf"(?:{DATE_PATTERN}|{RELATIVE_PATTERN})"
OFFSET_PATTERN = r"Z|[+-][0-9]{2}:[0-9]{2}"
MOMENT_PATTERN = rf"{DAY_PATTERN}(?:[T ](?:{CLOCK_PATTERN})(?::00)?(?:{OFFSET_PATTERN})?)?"

_MOMENT = re.compile(
    rf"(?P<day>{DAY_PATTERN})"
    rf"(?:[T ](?P<clock>{CLOCK_PATTERN})(?P<seconds>:[0-9][0-9](?:\.[0-9]+)?)? ?(?P<offset>{OFFSET_PATTERN})?)?"
)
_RELATIVE = re.compile(r"(?P<anchor>today|workday)(?P<days>[+-][0-9]{1,3})?")
_ANCHORS = ("today", "workday")
_FAR_OFFSET_MINUTES = 14 * 60
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """So many days after today, or the so-manieth Monday-to-Friday date after it."""

    days: int
    working: bool = False

    def after(self, today: date) -> date:
        """The date that it is on a certain day.

        `workday+0` is today where it is Monday to Friday, else the next such date.
        """
        if not self.working:
            return today + timedelta(days=self.days)
        day, left = today, self.days
        while left > 0 or day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY
        return day


@dataclass(frozen=True, slots=True)
class TimeExpression:
    """A date, with a time of the wall clock or with an instant's offset, or whole."""

    day: date | RelativeDay
    clock: int | None = None
    """Minutes since midnight, 1440 for 24:00. None: the whole date."""
    offset_minutes: int | None = None
    """None: local."""


@dataclass(frozen=True, slots=True)
class TimeResolver:
    """What dates and times mean in one zone at one now."""

    zone_key: str
    now_ms: int

    def date_of(self, day: date | RelativeDay) -> date:
        """The date itself."""
        if isinstance(day, RelativeDay):
            return day.after(local_date(self.zone_key, self.now_ms // MS_PER_MINUTE))
        return day

    def minute_of(self, moment: TimeExpression, *, is_end: bool = False) -> Minute:
        """The instant. A whole date is its first instant, or as an end the first after it.

        A wall time that does not exist moves forward by the gap; one that exists twice is its first.
        """
        day = self.date_of(moment.day)
        clock = moment.clock if moment.clock is not None else MINUTES_PER_DAY * is_end
        if moment.offset_minutes is None:
            return wall_minute_to_utc(self.zone_key, day, clock)
        return _minutes_since_epoch(day) + clock - moment.offset_minutes

    def reading(self, minute: Minute) -> str:
        """What the clocks show at an instant, for a person."""
        return f"{utc_to_wall(self.zone_key, minute):%Y-%m-%dT%H:%M}"


def parse_clock(text: str) -> int:
    """Minutes since midnight of "HH:MM"; 24:00 is 1440.

    Raises:
        ValueError: with what would be right.
    """
    if re.fullmatch(CLOCK_PATTERN, text):
        return int(text[:2]) * 60 + int(text[3:])
    raise ValueError(f'write a time from "00:00" to "24:00", such as "{_meant_clock(text)}"')


def parse_date(text: str) -> date:
    """A date "YYYY-MM-DD" of this and the next centuries.

    Raises:
        ValueError: with what would be right.
    """
    if not re.fullmatch(DATE_PATTERN, text):
        raise ValueError("write a date as YYYY-MM-DD, such as 2026-11-27")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no date {text}; write one of the calendar as YYYY-MM-DD") from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ValueError(f"write a date from {FIRST_DATE} to {LAST_DATE}")
    return day


def parse_day(text: str) -> date | RelativeDay:
    """A date, absolute or relative.

    Raises:
        ValueError: with what would be right.
    """
    if (match := re.fullmatch(_RELATIVE, text)) is not None:
        return _relative(match)
    if text.startswith(_ANCHORS):
        raise ValueError("write a relative date as today, today+3, today-1 or workday+2")
    return parse_date(text)


def parse_moment(text: str) -> TimeExpression:
    """A date, absolute or relative, with or without a time; with one, with or without an offset.

    Raises:
        ValueError: with what would be right.
    """
    match = re.fullmatch(_MOMENT, text)
    if match is None:
        raise ValueError(_meant_moment(text))
    day = parse_day(match["day"])
    if match["seconds"] and match["seconds"].strip(":.0"):
        raise ValueError(f"write whole minutes, such as {match['day']}T{match['clock']}{match['offset'] or ''}")
    offset = None if match["offset"] is None else _offset(match["offset"])
    if offset is not None and isinstance(day, RelativeDay):
        raise ValueError(f"a relative date is local; write {match['day']}T{match['clock']} without the offset")
    return TimeExpression(day, None if match["clock"] is None else parse_clock(match["clock"]), offset)


def _relative(match: re.Match[str]) -> RelativeDay:
    days = int(match["days"] or 0)
    if abs(days) > MOST_DAYS_AWAY:
        raise ValueError(f"write at most {MOST_DAYS_AWAY} days, or an absolute date such as 2026-11-27")
    return RelativeDay(days, working=match["anchor"] == "workday")


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:])
    if minutes > _FAR_OFFSET_MINUTES or int(text[4:]) >= 60:  # noqa: PLR2004  minutes an hour
        raise ValueError("write an offset from -14:00 to +14:00, or Z for UTC")
    return -minutes if text[0] == "-" else minutes


def _meant_clock(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,2})(?::?([0-9][0-9]))?(?::[0-9][0-9])? ?(am|pm|h)?", text.strip(), re.IGNORECASE)
    if match is None:
        return "08:00"
    hour, half = int(match[1]), (match[3] or "").lower()
    hour = hour % 12 + 12 * (half == "pm") if half in {"am", "pm"} else hour
    meant = f"{hour:02}:{match[2] or '00'}"
    return meant if re.fullmatch(CLOCK_PATTERN, meant) else "08:00"


def _meant_moment(text: str) -> str:
    if text.startswith(_ANCHORS):
        return "write a relative date as today, today+3, today-1 or workday+2, with a time as today+1T09:00"
    if re.match(rf"{DATE_PATTERN}[T ][0-9]", text):
        return "write the time as THH:MM, such as 2026-11-23T16:00Z, 2026-11-23T09:00-07:00 or, local, 2026-11-23T09:00"
    return (
        "write a date and time such as 2026-11-23T09:00 (local) or 2026-11-23T16:00Z, or a relative one, today+1T09:00"
    )


def _minutes_since_epoch(day: date) -> Minute:
    return (day - date(1970, 1, 1)).days * MINUTES_PER_DAY


def write_clock(minute: int) -> str:
    """Minutes since midnight, at most 1440, as `parse_clock` reads them back."""
    return f"{minute // 60:02}:{minute % 60:02}"


def write_wall(at: datetime) -> str:
    """A reading of a wall clock, as `parse_moment` reads it back."""
    return at.strftime("%Y-%m-%dT%H:%M")


def write_instant(minute: Minute) -> str:
    """An instant in UTC, as `parse_moment` reads it back."""
    return write_wall(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)) + "Z"
