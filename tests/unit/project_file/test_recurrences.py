"""Recurring shifts, breaks and time off in a project file: their values, and notes on rules without dates."""

from datetime import date

import pytest

from slotmcp.domain.catalog import Technician
from slotmcp.domain.recurrence import WHOLE_DAY, FloatingBreak, RecurringTimeOff, WallSpan, WeeklySpan
from unit.project_file.files import WITH_RULES, edited, plan, read

SHIFT = '{days: [sat], start: "22:00", end: "06:00"}'
BREAK = '{days: [mon, tue], start: "12:00", end: "13:00"}'
ABSENCE = "{start: 2026-12-24T00:00, end: 2026-12-27T00:00, reason: holiday}"


def ben() -> Technician:
    return plan(WITH_RULES).technicians[1]


def test_shifts_recur_every_second_week_and_by_a_rule() -> None:
    saturday, monthly = ben().shifts
    assert (saturday.every_weeks, saturday.valid_from, saturday.rrule) == (2, date(2026, 12, 5), "")
    assert (monthly.days, monthly.rrule) == (frozenset(), "FREQ=MONTHLY;BYDAY=1MO")


def test_a_floating_break_has_a_window_and_a_length() -> None:
    window = WeeklySpan(days=frozenset({0}), span=WallSpan(start_minute=13 * 60 + 30, end_minute=16 * 60))
    assert ben().floating_breaks == (FloatingBreak(window=window, minutes=30),)
    assert ben().breaks == ()


def test_time_off_recurs_for_a_part_of_a_date_or_the_whole_date() -> None:
    school, christmas = ben().recurring_time_off
    assert school.span == WallSpan(start_minute=12 * 60, end_minute=17 * 60)
    assert christmas == RecurringTimeOff(rrule="FREQ=YEARLY", first=date(2026, 12, 24), span=WHOLE_DAY)


def test_a_closure_can_take_a_part_of_each_date() -> None:
    whole, half = plan(WITH_RULES).project.closures
    assert (whole.span, half.span) == (None, WallSpan(start_minute=720, end_minute=1440))


@pytest.mark.parametrize(
    ("old", "new", "place", "note"),
    [
        (SHIFT, '{rrule: "FREQ=YEARLY;BYMONTH=6", start: "08:00", end: "12:00", from: 2026-12-01}', "shifts", "FREQ="),
        (SHIFT, '{days: [sat], every: 9, start: "08:00", end: "12:00", from: 2026-11-10}', "shifts", "every 9 weeks"),
        (BREAK, '{rrule: FREQ=DAILY;UNTIL=20261101, from: 2026-01-01, start: "12:00", end: "13:00"}', "breaks", "FREQ"),
        (
            BREAK,
            '{rrule: FREQ=DAILY;COUNT=3, from: 2026-01-01, earliest: "11:00", latest: "13:00", minutes: 30}',
            "breaks",
            "FREQ=DAILY;COUNT=3",
        ),
        (ABSENCE, "{rrule: FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2, from: 2026-12-01}", "timeOff", "BYMONTH=2"),
    ],
)
def test_a_recurrence_without_dates_is_noted(old: str, new: str, place: str, note: str) -> None:
    (found,) = [one for one in read(edited(old, new)).notes if "yields no date" in one.problem]
    assert found.path == f"technicians[0].{place}"
    assert note in found.problem
    assert "from 2026-11-22 to 2026-12-23" in found.problem


@pytest.mark.parametrize(
    "new",
    [
        '{rrule: FREQ=MONTHLY;BYDAY=-1SA, start: "08:00", end: "12:00", from: 2026-01-01}',
        '{days: [sat], every: 2, start: "08:00", end: "12:00", from: 2026-11-10}',
    ],
)
def test_a_recurrence_with_dates_is_not_noted(new: str) -> None:
    assert [one for one in read(edited(SHIFT, new)).notes if "yields no date" in one.problem] == []
