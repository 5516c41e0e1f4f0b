"""Resolution of dates and times: relative ones, clock changes, whole dates and other time zones."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.catalog import TimeOff
from slotmcp.domain.recurrence import WallSpan
from slotmcp.project_file.times import RelativeDay, TimeResolver, parse_time
from unit.project_file.files import edited, plan, problems


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60


def ms(text: str) -> int:
    return instant(text) * 60_000


def booked(start: str, *, now: str) -> int:
    return plan(edited("start: today+2T09:00", f"start: {start}"), now_ms=ms(now)).bookings[1].claim.start


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-12-01T09:00", "2026-12-01T16:00+00:00"),
        ("2026-12-01 09:00", "2026-12-01T16:00+00:00"),
        ("2026-12-01T09:00:00", "2026-12-01T16:00+00:00"),
        ('"2026-12-01T09:00:00.000"', "2026-12-01T16:00+00:00"),
        ("2026-12-01T16:00:00Z", "2026-12-01T16:00+00:00"),
        ("2026-12-01T18:00+02:00", "2026-12-01T16:00+00:00"),
        ("2026-12-01T24:00", "2026-12-02T07:00+00:00"),
        ("todayT20:00", "2026-11-23T03:00+00:00"),
        ("today+1T11:00", "2026-11-23T18:00+00:00"),
        ("today-3T09:00", "2026-11-19T16:00+00:00"),
        ("workdayT11:00", "2026-11-23T18:00+00:00"),
        ("workday+5T09:00", "2026-11-27T16:00+00:00"),
        ("workday+6T09:00", "2026-11-30T16:00+00:00"),
    ],
)
def test_a_start_is_local_to_the_project_unless_it_has_an_offset(written: str, said: str) -> None:
    assert booked(written, now="2026-11-22T19:00+00:00") == instant(said)


def test_today_is_the_project_s_date_and_not_utc_s() -> None:
    late_sunday = "2026-11-23T06:59+00:00"
    assert booked("todayT23:00", now=late_sunday) == instant("2026-11-22T23:00-07:00")
    assert booked("todayT23:00", now="2026-11-23T07:00+00:00") == instant("2026-11-23T23:00-07:00")


def test_a_technician_s_dates_are_in_the_technician_s_zone() -> None:
    absent = "{start: today, end: today, reason: holiday}"
    text = edited("{start: 2026-12-24T00:00, end: 2026-12-27T00:00, reason: holiday}", absent)
    text = text.replace("    name: Ana", "    name: Ana\n    timezone: Pacific/Auckland")
    text = text.replace("date: 2026-11-27", "date: today+1")
    ana = plan(text).technicians[0]
    start = instant("2026-11-23T00:00+13:00")
    assert ana.time_off == (TimeOff(start=start, end=start + 1440, reason="holiday"),)
    assert ana.overrides[0].date == date(2026, 11, 24)


def test_time_off_in_whole_dates_includes_the_last() -> None:
    text = edited("{start: 2026-12-24T00:00, end: 2026-12-27T00:00,", "{start: 2026-12-24, end: 2026-12-26,")
    assert plan(text).technicians[0].time_off[0].end == instant("2026-12-27T00:00-07:00")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2027-03-14T01:59", "2027-03-14T01:59-07:00"),
        ("2027-03-14T02:30", "2027-03-14T03:30-06:00"),
        ("2027-11-07T01:30", "2027-11-07T01:30-06:00"),
        ("2027-11-07T01:30-07:00", "2027-11-07T01:30-07:00"),
    ],
    ids=["before the gap", "in the gap: forward", "twice: the first", "twice: the second, by its offset"],
)
def test_a_skipped_local_time_moves_forward_and_of_a_repeated_one_the_first_counts(written: str, said: str) -> None:
    start = edited("start: 2026-12-24T00:00, end: 2026-12-27T00:00", f"start: {written}, end: 2027-12-01")
    assert plan(start).technicians[0].time_off[0].start == instant(said)


def test_a_whole_day_of_a_clock_change_has_23_or_25_hours() -> None:
    lengths = []
    for day in ("2027-03-14", "2027-11-07"):
        text = edited("start: 2026-12-24T00:00, end: 2026-12-27T00:00", f"start: {day}, end: {day}")
        absence = plan(text).technicians[0].time_off[0]
        lengths.append((absence.end - absence.start) / 60)
    assert lengths == [23, 25]


def test_time_off_that_a_clock_change_empties_is_rejected() -> None:
    inside = "start: 2027-03-14T02:00, end: 2027-03-14T03:00"
    (problem,) = problems(edited("start: 2026-12-24T00:00, end: 2026-12-27T00:00", inside))
    assert problem.problem == "this is not after the start; write a time after 2027-03-14T03:00"


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ('"08:00"', '"17:00"', WallSpan(start_minute=480, end_minute=1020)),
        ("08:00", "17:00", WallSpan(start_minute=480, end_minute=1020)),
        ("00:00", "24:00", WallSpan(start_minute=0, end_minute=1440)),
        ("17:00", "24:00", WallSpan(start_minute=1020, end_minute=1440)),
        ("17:00", "00:00", WallSpan(start_minute=1020, end_minute=1440)),
        ("22:00", "06:00", WallSpan(start_minute=1320, end_minute=1800)),
        ("23:59", "23:58", WallSpan(start_minute=1439, end_minute=2878)),
    ],
)
def test_a_shift_ends_at_midnight_or_past_it(start: str, end: str, span: WallSpan) -> None:
    text = edited('start: "22:00", end: "06:00"', f"start: {start}, end: {end}")
    assert plan(text).technicians[0].shifts[1].span == span


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 366))
def test_workdays_are_counted_one_by_one(today: date, days: int) -> None:
    after = [today + timedelta(days=ahead) for ahead in range(1, 700)]
    weekdays = [day for day in after if day.isoweekday() <= 5]
    expected = weekdays[days - 1] if days else next(day for day in [today, *after] if day.isoweekday() <= 5)
    assert RelativeDay(days, working=True).after(today) == expected


@given(st.integers(-366, 366), st.integers(0, 1439), st.sampled_from(["Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]))
def test_a_relative_time_equals_the_absolute_time_of_its_date(days: int, clock: int, zone: str) -> None:
    resolver = TimeResolver(zone, ms("2026-11-22T12:00+00:00"))
    at = f"T{clock // 60:02}:{clock % 60:02}"
    day = date(2026, 11, 22) + timedelta(days=days)
    relative = parse_time(f"today{days:+}{at}")
    assert resolver.minute_of(relative) == resolver.minute_of(parse_time(f"{day}{at}"))


def test_an_instant_does_not_depend_on_the_zone() -> None:
    moment = parse_time("2026-11-23T16:00+05:45")
    by_zone = {TimeResolver(zone, 0).minute_of(moment) for zone in ("UTC", "America/Denver", "Asia/Kathmandu")}
    assert by_zone == {int(datetime(2026, 11, 23, 10, 15, tzinfo=UTC).timestamp()) // 60}
