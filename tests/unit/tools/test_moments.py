"""Tests of the formats of dates and times on the wire."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.moment import Moment, WallDate, WallTime
from slotmcp.tools.moments import FIRST_YEAR, LAST_YEAR, read_moment, read_time, write_utc, write_utc_ms

SIXTEEN_UTC = 20_755 * 1440 + 16 * 60  # 2026-10-29T16:00Z: 56 years, 14 leap days and 301 days after 1970

MINUTES = st.datetimes(datetime(FIRST_YEAR, 1, 2), datetime(LAST_YEAR, 12, 30)).map(  # noqa: DTZ001  UTC, given below
    lambda at: int(at.replace(tzinfo=UTC).timestamp()) // 60
)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-29T16:00:00Z", SIXTEEN_UTC),
        ("2026-10-29T16:00Z", SIXTEEN_UTC),
        ("2026-10-29t16:00:00z", SIXTEEN_UTC),
        ("2026-10-29 16:00:00.000Z", SIXTEEN_UTC),
        ("2026-10-29T10:00:00-06:00", SIXTEEN_UTC),
        ("2026-10-29T21:45:00+05:45", SIXTEEN_UTC),
        ("2026-10-30T02:30:00+10:30", SIXTEEN_UTC),
        ("2026-10-29T16:00:00-00:00", SIXTEEN_UTC),
        ("2026-10-29T16:00", WallTime(datetime(2026, 10, 29, 16))),  # noqa: DTZ001  a wall time has no zone
        ("2026-10-29T16:00:00", WallTime(datetime(2026, 10, 29, 16))),  # noqa: DTZ001
        ("2026-10-29", WallDate(date(2026, 10, 29))),
    ],
)
def test_valid_texts_are_parsed(text: str, moment: Moment) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("someday", "must be a date and time such as"),
        ("9:00 AM", "must be a date and time such as"),
        ("11/23/2026", "must be a date and time such as"),
        ("2026-W48-1", "must be a date and time such as"),
        ("20261123T090000Z", "must be a date and time such as"),
        ("2026-11-23T09", "must be a date and time such as"),
        ("2026-11-23T09:00:00-0700", "must be a date and time such as"),
        ("2026-11-23T09:00+07:99", "must be a date and time such as"),
        ("2026-11-23T09:00:00 America/Denver", "must be a date and time such as"),
        ("٢٠٢٦-11-23", "must be a date and time such as"),
        ("1764000000", "must be a date and time such as"),
        ("2026-02-30", "there is no 2026-02-30"),
        ("2026-13-01T09:00Z", "there is no 2026-13-01"),
        ("2026-11-23T24:00Z", "there is no 24:00"),
        ("2026-11-23T09:60Z", "there is no 09:60"),
        ("2026-11-23T09:00:30Z", "must be a whole minute"),
        ("2026-11-23T09:00:00.5Z", "must be a whole minute"),
        ("2026-11-23T09:00:60Z", "must be a whole minute"),
        ("2026-11-23T09:00:00+24:00", "there is no +24:00"),
        ("1999-12-31", "must be in the years 2000 to 2199"),
        ("9999-12-31T23:59-23:59", "must be in the years 2000 to 2199"),
    ],
)
def test_invalid_texts_are_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f".*{says.replace('+', '[+]')}"):
        read_moment(text)


def test_a_start_needs_a_time_of_day() -> None:
    with pytest.raises(ValueError, match="time of day"):
        read_time("2026-11-23")


@given(minute=MINUTES, offset=st.integers(-23 * 60, 23 * 60))
def test_equal_instants_in_any_notation_are_equal(minute: int, offset: int) -> None:
    local = datetime.fromtimestamp(minute * 60, timezone(timedelta(minutes=offset)))
    assert read_moment(write_utc(minute)) == minute
    assert read_moment(local.isoformat()) == minute


@given(at=st.datetimes(datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31)))  # noqa: DTZ001  a wall time
def test_a_local_time_is_not_converted(at: datetime) -> None:
    full_minute = at.replace(second=0, microsecond=0)
    assert read_time(full_minute.isoformat()) == WallTime(full_minute)


@given(text=st.text(max_size=40).filter(lambda text: not text[:4].isdecimal()))
def test_no_other_text_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a date and time such as"):
        read_moment(text)


def test_an_instant_is_rounded_down_to_its_second() -> None:
    assert write_utc_ms(999) == "1970-01-01T00:00:00Z"
    assert write_utc_ms(1_795_374_000_000) == "2026-11-22T19:00:00Z"
