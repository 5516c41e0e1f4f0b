"""Tests of days in words."""

from datetime import time

import pytest

from slotmcp.domain.moment import PartOfDay, RelativeMoment, WallTime
from slotmcp.tools.moments import read_from, read_moment, read_time, read_to
from slotmcp.tools.relative_words import read_words

TOMORROW_2PM = RelativeMoment(days_ahead=1, clock=time(14))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", RelativeMoment()),
        ("tomorrow", RelativeMoment(days_ahead=1)),
        ("TOMORROW 14:00", TOMORROW_2PM),
        ("tomorrow at 14:00", TOMORROW_2PM),
        ("tomorrow, 14:00", TOMORROW_2PM),
        ("tomorrowT14:00", TOMORROW_2PM),
        ("today 9:05", RelativeMoment(clock=time(9, 5))),
        ("tomorrow morning", RelativeMoment(days_ahead=1, part=PartOfDay.MORNING)),
        ("tomorrow in the evening", RelativeMoment(days_ahead=1, part=PartOfDay.EVENING)),
        ("today night", RelativeMoment(part=PartOfDay.NIGHT)),
        ("Tuesday", RelativeMoment(weekday=1)),
        ("tue", RelativeMoment(weekday=1)),
        ("thurs 10:30", RelativeMoment(weekday=3, clock=time(10, 30))),
        ("next Tuesday", RelativeMoment(weekday=1, is_next=True)),
        ("next  sun afternoon", RelativeMoment(weekday=6, is_next=True, part=PartOfDay.AFTERNOON)),
    ],
)
def test_days_in_words_are_parsed(text: str, moment: RelativeMoment) -> None:
    assert read_words(text) == moment
    assert read_moment(text) == read_from(text) == read_to(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *(
            "next tomorrow",
            "next today",
            "next week",
            "tonight",
            "yesterday",
            "now",
            "this tuesday",
            "tuesday next week",
        ),
        *("mañana", "demain", "morgen", "martes", "mardi", "Dienstag 10:00", "tomorrow 2pm", "tomorrow 14", "tu"),
        *("tomorrow 14:00Z", "tomorrow 14:00:30", "tomorrow morning 9:00", "14:00 tomorrow", "tomorrow any", "noon"),
    ],
)
def test_other_words_are_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(
        ValueError, match=r'must be a date and time such as .* or "today", "tomorrow" or a weekday in English'
    ):
        read_moment(text)


@pytest.mark.parametrize(("text", "says"), [("14:00", '"today 14:00"'), ("9:30", '"today 9:30" or "2026-11-23T09:30"')])
def test_a_time_alone_needs_a_day(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"must have a day too, such as {says}"):
        read_from(text)


@pytest.mark.parametrize("text", ["tomorrow 24:00", "tomorrow 9:60", "tue 25:10"])
def test_a_time_of_day_must_exist(text: str) -> None:
    with pytest.raises(ValueError, match="must have a time of day from 00:00 to 23:59"):
        read_from(text)


@pytest.mark.parametrize("text", ["tomorrow", "tuesday morning", "next tuesday", "today"])
def test_a_start_in_words_needs_a_time(text: str) -> None:
    with pytest.raises(ValueError, match='must have a time of day too, such as "tomorrow 14:00"'):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-23T16:00:30Z", 1, 0),
        ("2026-11-23T16:00:00.001Z", 1, 0),
        ("2026-11-23T16:00:59.999-07:00", 1, 0),
        ("2026-11-23T16:00:60Z", 1, 0),
        ("2026-11-23T16:00:00Z", 0, 0),
    ],
)
def test_seconds_are_rounded_into_the_range(text: str, first: int, last: int) -> None:
    whole = read_moment(text[:16] + text[-6 if text[-1] != "Z" else -1 :])
    assert isinstance(whole, int)
    assert read_from(text) == whole + first
    assert read_to(text) == whole + last


def test_seconds_of_a_local_time_are_rounded_after_its_conversion() -> None:
    whole = read_moment("2026-03-08T01:59")
    assert isinstance(whole, WallTime)
    assert read_from("2026-03-08T01:59:30") == WallTime(whole.at, plus_minutes=1)
    assert read_to("2026-03-08T01:59:30") == whole


@pytest.mark.parametrize("seconds", ["61", "99"])
def test_seconds_over_a_leap_second_are_refused(seconds: str) -> None:
    with pytest.raises(ValueError, match="must have seconds from 00 to 59"):
        read_from(f"2026-11-23T16:00:{seconds}Z")
