"""Tests of spoken dates and times."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (-2, "Friday, November 20th"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (2, "Tuesday"),
        (6, "Saturday"),
        (7, "Sunday, November 29th"),
        (60, "Thursday, January 21st"),
        (300, "Saturday, September 18th, 2027"),
    ],
)
def test_a_day_is_named_by_its_distance(ahead: int, spoken: str) -> None:
    assert say_day(SUNDAY + timedelta(days=ahead), seen_on(SUNDAY)) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("2026-11-23T00:00", "tonight at midnight"),
        ("2026-11-23T00:30", "tomorrow at 12:30 at night"),
        ("2026-11-23T09:00", "tomorrow at 9 in the morning"),
        ("2026-11-23T11:45", "tomorrow at 11:45 in the morning"),
        ("2026-11-23T12:00", "tomorrow at noon"),
        ("2026-11-23T12:15", "tomorrow at 12:15 in the afternoon"),
        ("2026-11-23T16:59", "tomorrow at 4:59 in the afternoon"),
        ("2026-11-23T17:00", "tomorrow at 5 p.m."),
        ("2026-11-23T04:30", "tomorrow at 4:30 in the morning"),
        ("2026-11-23T05:00", "tomorrow at 5 in the morning"),
        ("2026-11-23T18:00", "tomorrow at 6 in the evening"),
        ("2026-11-23T20:59", "tomorrow at 8:59 in the evening"),
        ("2026-11-23T21:00", "tomorrow at 9 at night"),
        ("2026-11-24T00:00", "tomorrow night at midnight"),
        ("2026-11-25T00:00", "the night of Tuesday at midnight"),
        ("2026-12-01T00:00", "the night of Monday, November 30th at midnight"),
        ("2026-12-02T09:00", "Wednesday, December 2nd at 9 in the morning"),
        ("2026-11-23T23:05", "tomorrow at 11:05 at night"),
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
            "Tuesday at 9 or 10:30 in the morning, or Wednesday at 8 in the morning",
        ),
        (
            ["2026-11-23T09:00", "2026-11-24T14:00", "2026-11-25T15:00"],
            "tomorrow at 9 in the morning, Tuesday at 2 in the afternoon, or Wednesday at 3 in the afternoon",
        ),
        (
            ["2026-11-24T09:00", "2026-11-24T12:00", "2026-11-24T13:00"],
            "Tuesday at 9 in the morning, at noon, or at 1 in the afternoon",
        ),
        (["2026-11-24T12:00", "2026-11-25T08:00"], "Tuesday at noon, or Wednesday at 8 in the morning"),
        (["2026-11-27T02:00", "2026-11-28T05:00"], "Friday at 2 in the morning, or Saturday at 5 in the morning"),
        (
            ["2026-11-24T01:00", "2026-11-24T05:00", "2026-11-24T11:00"],
            "Tuesday at 1 or 5 in the morning, or at 11 in the morning",
        ),
        (["2026-11-24T20:00", "2026-11-24T21:00"], "Tuesday at 8 in the evening, or at 9 at night"),
        (["2026-11-23T00:00", "2026-11-23T08:00"], "tonight at midnight, or tomorrow at 8 in the morning"),
    ],
)
def test_choices_name_each_day_once_and_each_part_of_a_day_once(texts: list[str], spoken: str) -> None:
    assert say_choices([at(text) for text in texts], seen_on(SUNDAY)) == spoken


@given(st.lists(st.integers(0, 4 * 24 * 4), min_size=1, max_size=3, unique=True).map(sorted))
def test_an_hour_at_night_is_never_said_without_its_part_of_the_day(quarters: list[int]) -> None:
    times = [at("2026-11-24T00:00") + timedelta(minutes=15 * quarter) for quarter in quarters]
    spoken = say_choices(times, seen_on(SUNDAY))
    for time in times:
        if not 6 <= time.hour < 21 and (time.hour, time.minute) != (0, 0):
            clock = f"{time.hour % 12 or 12}" + (f":{time.minute:02}" if time.minute else "")
            part = "in the morning" if 1 <= time.hour < 6 else "at night"
            assert re.search(rf"\b{clock}( or [0-9:]+|, [0-9:]+ or [0-9:]+)? {part}", spoken), spoken


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
