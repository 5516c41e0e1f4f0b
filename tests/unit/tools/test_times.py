"""Tests of spoken dates and times."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slotmcp.tools.speech.times import full_date, label, say_choices, say_day, say_time
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import voice_of

DENVER = ZoneInfo("America/Denver")
SUNDAY = date(2026, 11, 22)
ENGLISH = voice_of("en-US")


def seen_on(today: date) -> Viewpoint:
    return Viewpoint(zone=DENVER, today=today, voice=ENGLISH, business_voice=ENGLISH)


def at(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DENVER, fold=fold)


@pytest.mark.parametrize(
    ("ahead", "spoken"),
    [
        (-2, "Friday, November 20"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (2, "Tuesday"),
        (6, "Saturday"),
        (7, "Sunday, November 29"),
        (60, "Thursday, January 21"),
        (300, "Saturday, September 18, 2027"),
    ],
)
def test_a_day_is_named_by_its_distance(ahead: int, spoken: str) -> None:
    assert say_day(SUNDAY + timedelta(days=ahead), seen_on(SUNDAY)) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("2026-11-23T00:00", "tomorrow at 12 at night, as the day begins"),
        ("2026-11-23T00:30", "tomorrow at 12:30 in the morning"),
        ("2026-11-23T09:00", "tomorrow at 9 in the morning"),
        ("2026-11-23T11:45", "tomorrow at 11:45 in the morning"),
        ("2026-11-23T12:00", "tomorrow at noon"),
        ("2026-11-23T12:15", "tomorrow at 12:15 in the afternoon"),
        ("2026-11-23T16:59", "tomorrow at 4:59 in the afternoon"),
        ("2026-11-23T17:00", "tomorrow at 5 in the evening"),
        ("2026-11-23T23:05", "tomorrow at 11:05 in the evening"),
    ],
)
def test_a_time_is_spoken_with_its_part_of_the_day(text: str, spoken: str) -> None:
    assert say_time(at(text), seen_on(SUNDAY)) == spoken


@pytest.mark.parametrize(
    ("texts", "spoken"),
    [
        (["2026-11-24T09:00"], "Tuesday at 9 in the morning"),
        (["2026-11-24T09:00", "2026-11-24T10:30"], "Tuesday at 9 or 10:30 in the morning"),
        (["2026-11-24T09:00", "2026-11-24T10:30", "2026-11-24T11:00"], "Tuesday at 9, 10:30 or 11 in the morning"),
        (
            ["2026-11-24T09:00", "2026-11-24T10:30", "2026-11-25T08:00"],
            "Tuesday at 9 or 10:30 in the morning, or Wednesday at 8",
        ),
        (
            ["2026-11-23T09:00", "2026-11-24T14:00", "2026-11-25T15:00"],
            "tomorrow at 9 in the morning, Tuesday at 2 in the afternoon, or Wednesday at 3",
        ),
        (
            ["2026-11-24T09:00", "2026-11-24T12:00", "2026-11-24T13:00"],
            "Tuesday at 9 in the morning, at noon, or at 1 in the afternoon",
        ),
    ],
)
def test_choices_name_each_day_and_each_part_of_the_day_once(texts: list[str], spoken: str) -> None:
    assert say_choices([at(text) for text in texts], seen_on(SUNDAY)) == spoken


def test_a_repeated_local_time_is_unambiguous() -> None:
    first, second = at("2026-11-01T01:30"), at("2026-11-01T01:30", fold=1)
    assert label(first, ENGLISH) == "Sunday, November 1 at 1:30 AM MDT"
    assert label(second, ENGLISH) == "Sunday, November 1 at 1:30 AM MST"
    view = seen_on(date(2026, 10, 31))
    assert say_time(first, view) == "tomorrow at 1:30 before the clock goes back"
    assert say_time(second, view) == "tomorrow at 1:30 after the clock goes back"


def test_written_times_are_exact() -> None:
    assert label(at("2026-11-23T09:00"), ENGLISH) == "Monday, November 23 at 9:00 AM"
    assert label(at("2026-11-23T00:05"), ENGLISH) == "Monday, November 23 at 12:05 AM"
    assert label(at("2026-11-23T12:00"), ENGLISH) == "Monday, November 23 at 12:00 PM"
    assert full_date(SUNDAY, ENGLISH) == "Sunday, November 22, 2026"
