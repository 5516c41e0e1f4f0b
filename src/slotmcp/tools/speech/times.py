"""Dates and times in sentences."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Voice

_NOON: Final = 12
_MORNING: Final = 5
_AFTERNOON: Final = 12
_EVENING: Final = 17
_NIGHT: Final = 20
_DAYS_NAMED_BY_WEEKDAY: Final = 7
_DAYS_WITHOUT_YEAR: Final = 300


def label(local: datetime, voice: Voice) -> str:
    """Return a written time, such as "Monday, November 23 at 9:00 AM".

    The zone's abbreviation follows if the clock shows the time twice that day.
    """
    clock = _write_clock(local, voice)
    time = f"{clock} {local.tzname()}" if _is_ambiguous(local) else clock
    return voice.say("{date} at {time}", date=_write_date(local.date(), voice), time=time)


@lru_cache(maxsize=1024)
def full_date(day: date, voice: Voice) -> str:
    """Return a written date, such as "Sunday, November 22, 2026"."""
    return voice.say("{date}, {year}", date=_write_date(day, voice), year=day.year)


def say_day(day: date, view: Viewpoint) -> str:
    """Return a spoken date: "tomorrow", "Monday" or "Monday, November 30"; with the year if it is far away."""
    voice, days_ahead = view.voice, (day - view.today).days
    match days_ahead:
        case -1:
            return voice.say("yesterday")
        case 0:
            return voice.say("today")
        case 1:
            return voice.say("tomorrow")
        case _ if 0 < days_ahead < _DAYS_NAMED_BY_WEEKDAY:
            return voice.say("{weekday}", weekday=voice.weekday(day))
        case _ if abs(days_ahead) < _DAYS_WITHOUT_YEAR:
            return _say_date(day, voice)
    return voice.say("{date}, {year}", date=_say_date(day, voice), year=day.year)


def say_start(start: Minute, view: Viewpoint) -> str:
    """Return a spoken start, such as "tomorrow at 10:30 in the morning" or "Monday at noon Denver time"."""
    return say_time(view.local(start), view)


def say_time(local: datetime, view: Viewpoint) -> str:
    """Return a spoken local time, such as "tomorrow at 10:30 in the morning"."""
    time = _say_day_at(local.date(), _add_part_of_day(_at([local], view.voice), local, view.voice), view)
    if not view.has_foreign_zone:
        return time
    return view.voice.say("{time} {city} time", time=time, city=view.voice.city(view.zone.key))


def say_clock(local: datetime, voice: Voice) -> str:
    """Return a spoken time of a day that is already known, such as "10:30 in the morning"."""
    return _add_part_of_day(_say_clock(local, voice), local, voice)


def say_choices(times: Sequence[datetime], view: Viewpoint) -> str:
    """Return several spoken times in order, such as "Monday at 9 or 10:30 in the morning, or Tuesday at 8".

    Consecutive times in the same part of the day name it once.
    """
    if len(times) == 1:
        return say_time(times[0], view)
    voice, last_part, days = view.voice, "", []
    for day, times_of_day in groupby(times, key=datetime.date):
        phrases = []
        for part, times_of_part in groupby(times_of_day, key=lambda local: _add_part_of_day("", local, voice)):
            group = list(times_of_part)
            clocks = _at(group, voice)
            phrases.append(clocks if part == last_part else _add_part_of_day(clocks, group[0], voice))
            last_part = part or last_part
        days.append(_say_day_at(day, _join_alternatives(phrases, voice), view))
    choices = _join_alternatives(days, voice)
    if not view.has_foreign_zone:
        return choices
    return voice.say("{times}, {city} time", times=choices, city=voice.city(view.zone.key))


def say_list(words: Iterable[str], voice: Voice) -> str:
    """Join words of which one is chosen, such as "9, 10 or 11"."""
    *most, last = words
    return voice.say("{several} or {one}", several=say_row(most, voice), one=last) if most else last


def say_row(words: Iterable[str], voice: Voice) -> str:
    """Join words with commas, such as "9, 10, 11"."""
    row, *others = words
    for word in others:
        row = voice.say("{several}, {one}", several=row, one=word)
    return row


def _join_alternatives(phrases: Sequence[str], voice: Voice) -> str:
    *most, last = phrases
    return voice.say("{several}, or {one}", several=say_row(most, voice), one=last) if most else last


def _say_day_at(day: date, times: str, view: Viewpoint) -> str:
    return view.voice.say("{day} {times}", day=say_day(day, view), times=times)


def _say_date(day: date, voice: Voice) -> str:
    weekday, month = voice.weekday(day), voice.month(day)
    if day.day == 1:
        return voice.say_as("said, the first", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)
    return voice.say_as("said", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)


def _write_date(day: date, voice: Voice) -> str:
    weekday, month = voice.weekday(day), voice.month(day)
    if day.day == 1:
        return voice.say_as("read, the first", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)
    return voice.say_as("read", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)


def _write_clock(local: datetime, voice: Voice) -> str:
    hour = _hour_on_dial(local.hour, voice.say_as("hours on the clock that is read", "12"))
    if local.hour < _NOON:
        return voice.say("{hour}:{minute} AM", hour=hour, minute=f"{local.minute:02}")
    return voice.say("{hour}:{minute} PM", hour=hour, minute=f"{local.minute:02}")


def _at(times: Sequence[datetime], voice: Voice) -> str:
    return voice.say("at {clocks}", clocks=say_list([_say_clock(local, voice) for local in times], voice))


def _say_clock(local: datetime, voice: Voice) -> str:
    hour = _hour_on_dial(local.hour, voice.say_as("hours on the clock that is said", "12"))
    if local.minute or _is_ambiguous(local):
        return voice.say_count("{hour}:{minute}", "{hour}:{minute}", hour, hour=hour, minute=f"{local.minute:02}")
    if local.hour == 0:
        return voice.say("12 at night, as the day begins")
    if local.hour == _NOON:
        return voice.say("noon")
    return voice.say_count("{hour}", "{hour}", hour, hour=hour)


def _hour_on_dial(hour: int, hours: str) -> int:
    return hour if hours == "24" else hour % _NOON or _NOON


def _add_part_of_day(clocks: str, local: datetime, voice: Voice) -> str:  # noqa: PLR0911  one sentence a part
    """Add the part of the day to clock times; noon and midnight need none."""
    if _is_ambiguous(local):
        if local.fold:
            return voice.say("{clocks} after the clock goes back", clocks=clocks)
        return voice.say("{clocks} before the clock goes back", clocks=clocks)
    if not local.minute and local.hour in {0, _NOON}:
        return clocks
    if local.hour < _MORNING:
        return voice.say_as("before 5", "{clocks} in the morning", clocks=clocks)
    if local.hour < _AFTERNOON:
        return voice.say_as("from 5", "{clocks} in the morning", clocks=clocks)
    if local.hour < _EVENING:
        return voice.say_as("from 12", "{clocks} in the afternoon", clocks=clocks)
    if local.hour < _NIGHT:
        return voice.say_as("from 17", "{clocks} in the evening", clocks=clocks)
    return voice.say_as("from 20", "{clocks} in the evening", clocks=clocks)


def _is_ambiguous(local: datetime) -> bool:
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
