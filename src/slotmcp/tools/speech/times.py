"""Dates and times in sentences.

Languages differ in the words before a time: "on Monday at 9" is "am Montag um 9 Uhr", "until 9" is "bis 9 Uhr". Each
phrase therefore exists in two forms. `AT` answers "when", with its prepositions. `BARE` follows a preposition that the
sentence has, such as "until" or "from".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.lists import say_alternatives, say_list
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import Phrase, Voice, phrase

_NOON: Final = 12
_DAYS_NAMED_BY_WEEKDAY: Final = 7
_DAYS_WITHOUT_YEAR: Final = 300
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeForm:
    """Phrases for days and clock times in one grammatical form."""

    weekdays: tuple[Phrase, ...]
    """From Monday."""
    date: Phrase
    hour: Phrase
    hour_past_midnight: Phrase
    """Hour of a time such as 0:30."""
    noon: Phrase
    midnight: Phrase


AT: Final = TimeForm(
    weekdays=(
        phrase("at", "Monday"),
        phrase("at", "Tuesday"),
        phrase("at", "Wednesday"),
        phrase("at", "Thursday"),
        phrase("at", "Friday"),
        phrase("at", "Saturday"),
        phrase("at", "Sunday"),
    ),
    date=phrase("at", "{weekday}, {month} {day}"),
    hour=phrase("at", "{hour}", "{hour}"),
    hour_past_midnight=phrase("at, past midnight", "{hour}"),
    noon=phrase("at", "noon"),
    midnight=phrase("at", "midnight"),
)
BARE: Final = TimeForm(
    weekdays=(
        phrase("bare", "Monday"),
        phrase("bare", "Tuesday"),
        phrase("bare", "Wednesday"),
        phrase("bare", "Thursday"),
        phrase("bare", "Friday"),
        phrase("bare", "Saturday"),
        phrase("bare", "Sunday"),
    ),
    date=phrase("bare", "{weekday}, {month} {day}"),
    hour=phrase("bare", "{hour}", "{hour}"),
    hour_past_midnight=phrase("bare, past midnight", "{hour}"),
    noon=phrase("bare", "noon"),
    midnight=phrase("bare", "midnight"),
)
_PARTS_OF_DAY: Final = (
    (0, phrase("from 0", "{clocks} at night")),
    (1, phrase("from 1", "{clocks} in the morning")),
    (4, phrase("from 4", "{clocks} in the morning")),
    (6, phrase("from 6", "{clocks} in the morning")),
    (12, phrase("from 12", "{clocks} in the afternoon")),
    (13, phrase("from 13", "{clocks} in the afternoon")),
    (17, phrase("from 17", "{clocks} p.m.")),
    (18, phrase("from 18", "{clocks} in the evening")),
    (19, phrase("from 19", "{clocks} in the evening")),
    (20, phrase("from 20", "{clocks} in the evening")),
    (21, phrase("from 21", "{clocks} at night")),
)
"""Parts of the day by their first hour."""
_ZONE: Final = phrase("zone", "{times} {city} time", "{times}, {city} time")
_FIRST_DAYTIME_HOUR: Final = 6
_FIRST_NIGHT_HOUR: Final = 21


def label(local: datetime, voice: Voice) -> str:
    """Return a written time, such as "Monday, November 23 at 9:00 AM".

    The zone's abbreviation follows if the clock shows the time twice that day.
    """
    clock = _write_clock(local, voice)
    clock = f"{clock} {local.tzname()}" if _is_ambiguous(local) else clock
    return voice.say_as("read", "{date} at {time}", date=_write_date(local.date(), voice), time=clock)


@lru_cache(maxsize=1024)
def full_date(day: date, voice: Voice) -> str:
    """Return a written date, such as "Sunday, November 22, 2026"."""
    return voice.say_as("read", "{date}, {year}", date=_write_date(day, voice), year=day.year)


def say_day(day: date, view: Viewpoint, form: TimeForm = AT) -> str:
    """Return a spoken date: "tomorrow", "Monday" or "Monday, November 30th"; with the year if it is far away."""
    voice, days_ahead = view.voice, (day - view.today).days
    match days_ahead:
        case -1:
            return voice.say_as("day", "yesterday")
        case 0:
            return voice.say_as("day", "today")
        case 1:
            return voice.say_as("day", "tomorrow")
        case _ if 0 < days_ahead < _DAYS_NAMED_BY_WEEKDAY:
            return voice.say_phrase(form.weekdays[day.weekday()])
        case _ if abs(days_ahead) < _DAYS_WITHOUT_YEAR:
            return _say_date(day, voice, form)
    return voice.say_as("said", "{date}, {year}", date=_say_date(day, voice, form), year=day.year)


def say_start(start: Minute, view: Viewpoint) -> str:
    """Return a spoken start, such as "tomorrow at 10:30 in the morning" or "Monday at noon, Denver time"."""
    return say_time(view.local(start), view)


def say_time(local: datetime, view: Viewpoint, form: TimeForm = AT) -> str:
    """Return a spoken local time, such as "tomorrow at 10:30 in the morning". The form is that of the day."""
    return _add_zone(_say_times([local], view, form), 1, view)


def say_clock(local: datetime, voice: Voice) -> str:
    """Return a bare spoken time of a day that is already known, such as "10:30 in the morning"."""
    return _add_part_of_day(_say_clock(local, voice, BARE), local, voice)


def say_choices(times: Sequence[datetime], view: Viewpoint) -> str:
    """Return several spoken times in order, such as "Monday at 9 or 10:30 in the morning, or Tuesday at 8"."""
    days = [list(times_of_day) for _, times_of_day in groupby(times, key=_said_day)]
    return _add_zone(say_alternatives([_say_times(day, view, AT) for day in days], view.voice), len(times), view)


def _said_day(local: datetime) -> tuple[date, bool]:
    """Return the day that a time is said with, and True for midnight, which ends the day before."""
    return (local.date() - _ONE_DAY, True) if is_midnight(local) else (local.date(), False)


def _say_times(times: Sequence[datetime], view: Viewpoint, form: TimeForm) -> str:
    """Return times of one day. Consecutive times in the same part of the day name it once."""
    day, ends_day = _said_day(times[0])
    if ends_day:
        return _say_midnight(day, view, form)
    voice = view.voice
    parts = groupby(times, key=lambda local: _part_of_day(local, voice))
    phrases = [_say_part(list(times_of_part), voice) for _, times_of_part in parts]
    return voice.say_as("at", "{day} {times}", day=say_day(day, view, form), times=say_alternatives(phrases, voice))


def _say_part(times: Sequence[datetime], voice: Voice) -> str:
    clocks = say_list([_say_clock(local, voice, AT) for local in times], voice)
    return _add_part_of_day(voice.say_as("at", "at {clocks}", clocks=clocks), times[0], voice)


def _say_midnight(day: date, view: Viewpoint, form: TimeForm) -> str:
    """Return the midnight at the end of a day."""
    match (day - view.today).days:
        case 0:
            return view.voice.say_as("midnight", "tonight at midnight")
        case 1:
            return view.voice.say_as("midnight", "tomorrow night at midnight")
        case _:
            return view.voice.say_as("midnight", "the night of {day} at midnight", day=say_day(day, view, form))


def _add_zone(times: str, count: int, view: Viewpoint) -> str:
    """Add the city of a zone that is not the business's."""
    return view.voice.say_phrase(_ZONE, count, times=times, city=view.city) if view.city else times


def _say_date(day: date, voice: Voice, form: TimeForm) -> str:
    ordinals = voice.say_as(
        "days of the month",
        "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 14th 15th 16th "
        "17th 18th 19th 20th 21st 22nd 23rd 24th 25th 26th 27th 28th 29th 30th 31st",
    )
    return voice.say_phrase(
        form.date, weekday=_weekday(day, voice), month=_month(day, voice), day=ordinals.split()[day.day - 1]
    )


def _write_date(day: date, voice: Voice) -> str:
    weekday, month = _weekday(day, voice), _month(day, voice)
    if day.day == 1:
        return voice.say_as("read, the first", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)
    return voice.say_as("read", "{weekday}, {month} {day}", weekday=weekday, month=month, day=day.day)


def _weekday(day: date, voice: Voice) -> str:
    names = voice.say_as("weekdays", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
    return names.split()[day.weekday()]


def _month(day: date, voice: Voice) -> str:
    names = voice.say_as(
        "months",
        "January February March April May June July August September October November December",
    )
    return names.split()[day.month - 1]


def _write_clock(local: datetime, voice: Voice) -> str:
    hour = _hour_on_dial(local.hour, voice.say_as("hours on the clock that is read", "12"))
    if local.hour < _NOON:
        return voice.say_as("read", "{hour}:{minute:02} AM", hour=hour, minute=local.minute)
    return voice.say_as("read", "{hour}:{minute:02} PM", hour=hour, minute=local.minute)


def _say_clock(local: datetime, voice: Voice, form: TimeForm) -> str:
    match local.hour, local.minute:
        case 0, 0:
            return voice.say_phrase(form.midnight)
        case 12, 0:
            return voice.say_phrase(form.noon)
        case _, 0:
            return _say_hour(local, voice, form)
        case _, 15:
            return voice.say_as("clock", "{hour}:15", hour=_say_hour(local, voice, form))
        case _, 30:
            return voice.say_as("clock", "{hour}:30", hour=_say_hour(local, voice, form))
        case _, minute:
            return voice.say_as("clock", "{hour}:{minute:02}", hour=_say_hour(local, voice, form), minute=minute)


def _say_hour(local: datetime, voice: Voice, form: TimeForm) -> str:
    hour = _hour_on_dial(local.hour, voice.say_as("hours on the clock that is said", "12"))
    if local.hour == 0:
        return voice.say_phrase(form.hour_past_midnight, hour=hour)
    return voice.say_phrase(form.hour, count=hour, hour=hour)


def _hour_on_dial(hour: int, hours: str) -> int:
    return hour if hours == "24" else hour % _NOON or _NOON


def _part_of_day(local: datetime, voice: Voice) -> tuple[str, int]:
    """Return a key that is equal for times that share the words for their part of the day.

    Times at night share them only with each other, so that "1 in the morning" never depends on "11 in the morning".
    """
    words = _add_part_of_day("", local, voice)
    hour_class = (local.hour >= _FIRST_DAYTIME_HOUR) + (local.hour >= _FIRST_NIGHT_HOUR)
    return words, hour_class if words else 0


def _add_part_of_day(clocks: str, local: datetime, voice: Voice) -> str:
    """Add the part of the day to clock times; noon and midnight need none."""
    if _is_ambiguous(local):
        if local.fold:
            return voice.say_as("clock", "{clocks} after the clock goes back", clocks=clocks)
        return voice.say_as("clock", "{clocks} before the clock goes back", clocks=clocks)
    if not local.minute and local.hour in {0, _NOON}:
        return clocks
    part = [part for first_hour, part in _PARTS_OF_DAY if first_hour <= local.hour][-1]
    return voice.say_phrase(part, clocks=clocks)


def is_midnight(local: datetime) -> bool:
    """Return True for the first minute of a day, unless the clock shows it twice."""
    return (local.hour, local.minute) == (0, 0) and not _is_ambiguous(local)


def _is_ambiguous(local: datetime) -> bool:
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
