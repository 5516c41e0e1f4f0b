"""Times as a person says them, in English."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NOON: Final = 12
_EVENING: Final = 17
_DAYS_NAMED_BY_WEEKDAY: Final = 7
_DAYS_WITHOUT_YEAR: Final = 300
_BARE_HOURS: Final = {0: " at night, as the day begins", _NOON: ""}
_NEAR_DAYS: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def label(local: datetime) -> str:
    """A time to be read, such as "Monday, November 23 at 9:00 AM".

    Where the clock shows it twice, the zone's abbreviation tells which.
    """
    half = "AM" if local.hour < _NOON else "PM"
    which = f" {local.tzname()}" if _is_ambiguous(local) else ""
    return f"{_say_date(local.date())} at {_hour(local)}:{local.minute:02} {half}{which}"


def full_date(day: date) -> str:
    """A date to be read, such as "Sunday, November 22, 2026"."""
    return f"{_say_date(day)}, {day.year}"


def say_day(day: date, today: date) -> str:
    """A date as said today: "tomorrow", "Monday", "Monday, November 30"; with the year when it is far away."""
    ahead = (day - today).days
    if ahead in _NEAR_DAYS:
        return _NEAR_DAYS[ahead]
    if 0 < ahead < _DAYS_NAMED_BY_WEEKDAY:
        return _WEEKDAYS[day.weekday()]
    return _say_date(day) if abs(ahead) < _DAYS_WITHOUT_YEAR else full_date(day)


def say_time(local: datetime, today: date) -> str:
    """One time, such as "tomorrow at 10:30 in the morning" or "Monday at noon"."""
    return f"{say_day(local.date(), today)} at {_say_clock(local)}{_say_part(local)}"


def say_choices(times: Sequence[datetime], today: date) -> str:
    """Times in order, such as "Monday at 9 or 10:30 in the morning, or Tuesday at 8".

    A part of the day is said once for all times that follow in it.
    """
    said = ""
    days = []
    for day, of_day in groupby(times, key=datetime.date):
        phrases = []
        for part, of_part in groupby(of_day, key=_say_part):
            clocks = say_list([_say_clock(local) for local in of_part], "or")
            phrases.append(f"at {clocks}{part if part != said else ''}")
            said = part or said
        days.append(f"{say_day(day, today)} {', or '.join(phrases)}")
    return _join_days(days)


def say_list(words: Iterable[str], conjunction: str) -> str:
    """Words in a row, such as "9, 10 or 11"."""
    *most, last = words
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def _join_days(days: Sequence[str]) -> str:
    *most, last = days
    return f"{', '.join(most)}, or {last}" if most else last


def _say_date(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def _hour(local: datetime) -> int:
    return local.hour % _NOON or _NOON


def _say_clock(local: datetime) -> str:
    if local.minute or _is_ambiguous(local):
        return f"{_hour(local)}:{local.minute:02}"
    return "noon" if local.hour == _NOON else str(_hour(local))


def _say_part(local: datetime) -> str:
    if _is_ambiguous(local):
        return f" {'after' if local.fold else 'before'} the clock goes back"
    if not local.minute and local.hour in _BARE_HOURS:
        return _BARE_HOURS[local.hour]
    if local.hour < _NOON:
        return " in the morning"
    return " in the afternoon" if local.hour < _EVENING else " in the evening"


def _is_ambiguous(local: datetime) -> bool:
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
