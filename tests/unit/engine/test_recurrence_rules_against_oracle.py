"""Recurrence rules against the oracle, and the bounds of their evaluation."""

from datetime import date, timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.recurrences import recurring_dates
from slotmcp.engine import recurrence_rules
from slotmcp.engine.recurrence_rules import dates_of_rule, dates_of_year, parse_rule

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a valid rule: any frequency, with parts that go together."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    is_long = freq in {"MONTHLY", "YEARLY"}
    parts = {"FREQ": freq}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 7)))
    sets = {"BYMONTH": some_numbers(draw, 12, negative=False)}
    sets |= {"BYMONTHDAY": some_numbers(draw, 31)} if freq != "WEEKLY" else {}
    sets |= {"BYYEARDAY": some_numbers(draw, 366), "BYWEEKNO": some_numbers(draw, 53)} if freq == "YEARLY" else {}
    chosen = {name: value for name, value in sets.items() if draw(st.integers(0, 3)) == 0}
    if draw(st.booleans()):
        chosen["BYDAY"] = some_days(draw, is_numbered=is_long and "BYWEEKNO" not in chosen and draw(st.booleans()))
    if is_long and chosen and draw(st.booleans()):
        chosen["BYSETPOS"] = some_numbers(draw, 6)
    end = draw(st.sampled_from([{}, {"COUNT": "1"}, {"COUNT": "37"}, {"UNTIL": "20260914"}]))
    week = draw(st.sampled_from([{}, *({"WKST": day} for day in DAYS)]))
    return ";".join(f"{name}={value}" for name, value in (parts | chosen | end | week).items())


def some_days(draw: st.DrawFn, *, is_numbered: bool) -> str:
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
    number = st.sampled_from([1, 2, 4, 5, -1, -2])
    return ",".join(f"{draw(number)}{day}" if is_numbered else day for day in days)


def some_numbers(draw: st.DrawFn, most: int, *, negative: bool = True) -> str:
    number = st.integers(1, most)
    if negative:
        number |= st.integers(-most, -1)
    return ",".join(map(str, draw(st.lists(number, min_size=1, max_size=4, unique=True))))


@settings(max_examples=settings().max_examples)
@given(rule=rules(), first=st.dates(date(2025, 1, 1), date(2026, 12, 31)))
def test_a_rule_recurs_on_the_dates_of_the_oracle(rule: str, first: date) -> None:
    found = dates_of_rule(rule, first, date(2023, 1, 1), date(2027, 12, 31))
    assert set(found) == recurring_dates(rule, first, 2027)
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("rule", "first", "dates"),
    [
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-12-01", "12-07 01-04 02-01 03-01"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-12-04", "12-04 12-18 01-01 01-15 01-29 02-12 02-26 03-12 03-26"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-12-01", "12-31 01-29 02-26 03-31"),
        ("FREQ=MONTHLY", "2026-12-31", "12-31 01-31 03-31"),
        ("FREQ=YEARLY", "2024-02-29", ""),
        ("FREQ=WEEKLY;COUNT=2", "2026-12-02", "12-02 12-09"),
        ("FREQ=DAILY;UNTIL=20261203", "2026-12-02", "12-02 12-03"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2026-12-02", "01-04"),
    ],
)
def test_examples(rule: str, first: str, dates: str) -> None:
    found = dates_of_rule(rule, date.fromisoformat(first), date(2026, 12, 1), date(2027, 3, 31))
    assert " ".join(f"{day:%m-%d}" for day in found) == dates


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=WEEKLY;INTERVAL=1000;BYMONTH=1;COUNT=1000",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300",
    ],
)
def test_a_rule_that_never_recurs_takes_bounded_time(rule: str) -> None:
    before = process_time()
    assert dates_of_rule(rule, date(2024, 1, 2), date(2040, 1, 1), date(2041, 12, 31)) == []
    assert process_time() - before < 1


def test_two_hundred_years_of_a_counted_rule_take_bounded_time() -> None:
    before = process_time()
    assert dates_of_year("FREQ=MONTHLY;BYDAY=5FR;COUNT=1000", date(2000, 1, 1), 2199)
    assert process_time() - before < 5


def test_technicians_with_the_same_rule_share_one_evaluation() -> None:
    first, last = date(2026, 12, 1), date(2027, 12, 2)
    dates_of_rule("FREQ=MONTHLY;BYDAY=2TU", first, first, last)
    misses = recurrence_rules.dates_of_year.cache_info().misses
    for _ in range(500):
        dates_of_rule("FREQ=MONTHLY;BYDAY=2TU", first, first, last)
        dates_of_rule("FREQ=MONTHLY;BYDAY=2TU", first, first + timedelta(days=30), last)
    assert recurrence_rules.dates_of_year.cache_info().misses == misses
    assert recurrence_rules.dates_of_year.cache_info().maxsize == 8192


@pytest.mark.parametrize(
    ("rule", "valid_form"),
    [
        ("", "write parts such as FREQ=WEEKLY"),
        ("WEEKLY", "write parts such as FREQ=WEEKLY"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=HOURLY", "write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there twice"),
        ("FREQ=DAILY;COUNT=1001", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT and UNTIL exclude each other"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "a date without a time"),
        ("FREQ=DAILY;UNTIL=20270231", "there is no date 20270231"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered days such as 1MO need"),
        ("FREQ=MONTHLY;BYDAY=1MO,FR", "number all of them"),
        ("FREQ=WEEKLY;BYDAY=MON", "write BYDAY as days"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "use FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO needs FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY needs FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from -31 to -1"),
        ("FREQ=MONTHLY;BYMONTH=-1", "numbers from 1 to 12, such as"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs a set"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS needs FREQ=MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;WKST=MON", "write WKST as one of MO"),
    ],
)
def test_a_wrong_rule_is_rejected_with_the_valid_form(rule: str, valid_form: str) -> None:
    with pytest.raises(ValueError, match=valid_form):
        parse_rule(rule)
