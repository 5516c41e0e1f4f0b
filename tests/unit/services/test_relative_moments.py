"""Days in words mean the dates that an oracle finds minute by minute, across clock changes and midnights."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.moment import EitherDay, Moment, PartOfDay, RelativeMoment, WallDate, WallTime
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.services.relative_moments import LocalClock

ZONES = st.sampled_from(
    ["America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo", "America/Sao_Paulo", "Africa/Casablanca"]
)
CHANGES = st.sampled_from([datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (10, 4), (11, 1))])
"""Days of clock changes."""
NOW = st.builds(
    lambda day, minutes: int((day + timedelta(minutes=minutes)).timestamp()) * 1000,
    CHANGES,
    st.integers(-9 * 1440, 3 * 1440),
)
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
PARTS = {
    PartOfDay.MORNING: (6, 12),
    PartOfDay.AFTERNOON: (12, 17),
    PartOfDay.EVENING: (17, 22),
    PartOfDay.NIGHT: (22, 30),
}
"""Hours of the parts, from midnight."""


@st.composite
def words(draw: st.DrawFn) -> RelativeMoment:
    """Draw a day in words, with a time of day, a part of the day, or neither."""
    weekday = draw(st.none() | st.integers(0, 6))
    clock = draw(st.none() | CLOCKS)
    return RelativeMoment(
        days_ahead=0 if weekday is not None else draw(st.integers(0, 1)),
        weekday=weekday,
        is_next=weekday is not None and draw(st.booleans()),
        clock=clock,
        part=None if clock else draw(st.none() | st.sampled_from(PartOfDay)),
    )


def local(zone_key: str, minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone_key)).replace(tzinfo=None)


def minutes_of(zone_key: str, first: datetime, last: datetime) -> list[int]:
    """Return the minutes whose local time is within a half-open range."""
    near = int(first.replace(tzinfo=UTC).timestamp()) // 60
    length = int((last - first).total_seconds()) // 60
    return [at for at in range(near - 1000, near + length + 1000) if first <= local(zone_key, at) < last]


def is_ahead(zone_key: str, now: int, day: date, moment: RelativeMoment) -> bool:
    """Return whether a minute of the time or part on a date is after the current minute."""
    midnight = datetime.combine(day, time())
    if moment.clock is not None:
        at = datetime.combine(day, moment.clock)
        minutes = minutes_of(zone_key, at, at + timedelta(minutes=1))
        return any(minute > now for minute in minutes) if minutes else at > local(zone_key, now)
    if moment.part is None:
        return False
    first, last = (midnight + timedelta(hours=hours) for hours in PARTS[moment.part])
    return any(minute >= now for minute in minutes_of(zone_key, first, last))


def expected_days(zone_key: str, now: int, moment: RelativeMoment) -> list[date]:
    """Return the first suitable date, and for "next" also the one a week later."""
    today = local(zone_key, now).date()
    if moment.weekday is None:
        return [today + timedelta(days=moment.days_ahead)]
    coming = [today + timedelta(days=days) for days in range(15)]
    suitable = [day for day in coming if day.weekday() == moment.weekday]
    if suitable[0] == today and (moment.is_next or not is_ahead(zone_key, now, today, moment)):
        suitable = suitable[1:]
    return suitable[:2] if moment.is_next else suitable[:1]


def expected(zone_key: str, day: date, moment: RelativeMoment, *, is_end: bool) -> Moment:
    if moment.clock is not None:
        return WallTime(datetime.combine(day, moment.clock))
    if moment.part is None:
        return WallDate(day)
    first, last = (datetime.combine(day, time()) + timedelta(hours=hours) for hours in PARTS[moment.part])
    minutes = minutes_of(zone_key, first, last)
    return minutes[-1] + 1 if is_end else minutes[0]


@given(zone_key=ZONES, now_ms=NOW, moment=words(), is_end=st.booleans())
def test_words_mean_the_dates_of_the_oracle(
    zone_key: str, now_ms: int, moment: RelativeMoment, *, is_end: bool
) -> None:
    resolved = LocalClock(zone_key, now_ms, PartsOfDay()).resolve(moment, is_end=is_end)
    days = expected_days(zone_key, now_ms // 60_000, moment)
    moments = [expected(zone_key, day, moment, is_end=is_end) for day in days]
    if moment.is_next:
        assert resolved == EitherDay(moments[0], moments[1], (days[0], days[1]), moment.part)
    else:
        assert resolved == moments[0]


SUNDAY_NOON = datetime(2026, 11, 22, 19, tzinfo=UTC)
"""Noon in Denver, and 4 in the morning of Monday in Tokyo."""


@pytest.mark.parametrize(
    ("zone_key", "moment", "day"),
    [
        ("America/Denver", RelativeMoment(), 22),
        ("Asia/Tokyo", RelativeMoment(), 23),
        ("America/Denver", RelativeMoment(days_ahead=1), 23),
        ("Asia/Tokyo", RelativeMoment(days_ahead=1), 24),
        ("America/Denver", RelativeMoment(weekday=6), 29),
        ("America/Denver", RelativeMoment(weekday=5), 28),
        ("Asia/Tokyo", RelativeMoment(weekday=6), 29),
    ],
)
def test_a_day_is_that_of_the_callers_zone(zone_key: str, moment: RelativeMoment, day: int) -> None:
    clock = LocalClock(zone_key, int(SUNDAY_NOON.timestamp()) * 1000, PartsOfDay())
    assert clock.resolve(moment) == WallDate(date(2026, 11, day))


@pytest.mark.parametrize(("hour", "day"), [(11, 29), (12, 29), (13, 22)])
def test_todays_weekday_means_today_only_with_a_time_ahead(hour: int, day: int) -> None:
    clock = LocalClock("America/Denver", int(SUNDAY_NOON.timestamp()) * 1000, PartsOfDay())
    resolved = clock.resolve(RelativeMoment(weekday=6, clock=time(hour)))
    assert resolved == WallTime(datetime.combine(date(2026, 11, day), time(hour)))
