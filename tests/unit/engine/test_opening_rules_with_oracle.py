"""Rules 1 to 7 of docs/reference/availability.md: opening hours, by handwritten examples."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from slotmcp.domain.booking_rules import Closure
from slotmcp.domain.catalog import DateOverride, TechnicianStatus, TimeOff
from slotmcp.domain.reasons import Reason
from slotmcp.domain.recurrence import RecurringTimeOff, WeeklySpan
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain
from unit.engine.examples import SHOP, Ask, at, job, offered, schedule, span, technician, technician_schedule, weekly

TUESDAY = "2025-06-03"
CLOSED_MONDAY = DateOverride(date=date(2025, 6, 2))
ON_CALL_MONDAY = DateOverride(date=date(2025, 6, 2), windows=(span("12:00-13:00"), span("15:00-15:30")))
NIGHT_MONDAY = DateOverride(date=date(2025, 6, 2), windows=(span("23:30-00:30"),))


@pytest.mark.parametrize(
    ("zone", "day", "hours", "starts"),
    [
        pytest.param("America/New_York", "2025-03-09", "02:30-04:30", "03:30 04:00", id="what is skipped moves on"),
        pytest.param("America/New_York", "2025-03-09", "01:00-03:30", "01:00 01:30 03:00", id="an hour is missing"),
        pytest.param("America/New_York", "2025-03-09", "02:30-03:00", "", id="reversed by the gap, it vanishes"),
        pytest.param("America/New_York", "2025-03-09", "02:15-02:45", "", id="moved off the grid: 03:15 to 03:45"),
        pytest.param("America/New_York", "2025-11-02", "01:00-01:30", "01:00", id="the first of two"),
        pytest.param("America/New_York", "2025-11-02", "01:30-02:00", "01:30 01:00* 01:30*", id="the hour between"),
        pytest.param("Europe/London", "2025-03-30", "00:30-02:30", "00:30 02:00", id="London goes forward"),
        pytest.param("Europe/London", "2025-10-26", "00:30-02:00", "00:30 01:00 01:30 01:00* 01:30*", id="and back"),
        pytest.param("Australia/Lord_Howe", "2025-10-05", "01:30-03:00", "01:30 02:30", id="half an hour forward"),
        pytest.param("Australia/Lord_Howe", "2025-10-05", "02:00-03:00", "02:30", id="half an hour moved"),
        pytest.param("Australia/Lord_Howe", "2025-04-06", "01:00-02:00", "01:00 01:30 01:30*", id="half an hour back"),
        pytest.param("Africa/Casablanca", "2025-02-23", "01:30-03:00", "01:30 02:00 02:30 02:00* 02:30*", id="Ramadan"),
        pytest.param("Africa/Casablanca", "2025-04-06", "01:30-03:30", "01:30 03:00", id="after Ramadan"),
        pytest.param("Asia/Kathmandu", "2025-03-09", "09:00-10:00", "09:00 09:30", id="a quarter to six"),
        pytest.param("Africa/Cairo", "2025-04-24", "23:00-24:00", "23:00 23:30", id="no midnight after it"),
        pytest.param("Africa/Cairo", "2025-04-25", "00:00-02:00", "01:00 01:30", id="no midnight before it"),
        pytest.param("America/Havana", "2025-11-02", "00:00-01:00", "00:00 00:30 00:00* 00:30*", id="two midnights"),
    ],
)  # fmt: skip
def test_rule_1_wall_time_becomes_utc(ask: Ask, zone: str, day: str, hours: str, starts: str) -> None:
    shop = schedule(technician_schedule(technician("a", hours, zone=zone)), project=replace(SHOP, timezone=zone))
    assert offered(ask, shop, job(30), day=day) == starts


@pytest.mark.parametrize(
    ("zone", "day", "half_hours"),
    [
        pytest.param("America/New_York", "2025-03-08", 48, id="24 hours"),
        pytest.param("America/New_York", "2025-03-09", 46, id="23 hours"),
        pytest.param("America/New_York", "2025-11-02", 50, id="25 hours"),
        pytest.param("Australia/Lord_Howe", "2025-10-05", 47, id="23 and a half"),
        pytest.param("Australia/Lord_Howe", "2025-04-06", 49, id="24 and a half"),
    ],
)
def test_rule_1_a_day_has_23_24_or_25_hours(ask: Ask, zone: str, day: str, half_hours: int) -> None:
    shop = schedule(
        technician_schedule(technician("a", "00:00-24:00", zone=zone)), project=replace(SHOP, timezone=zone)
    )
    assert len(offered(ask, shop, job(30), day=day).split()) == half_hours


@pytest.mark.parametrize(
    ("shift", "day", "starts"),
    [
        pytest.param(weekly("09:00-10:00", days=[0]), "2025-06-02", "09:00 09:30", id="on its weekday"),
        pytest.param(weekly("09:00-10:00", days=[1]), "2025-06-02", "", id="not on another"),
        pytest.param(weekly("09:00-10:00", since="2025-06-02"), "2025-06-02", "09:00 09:30", id="from, inclusive"),
        pytest.param(weekly("09:00-10:00", since="2025-06-03"), "2025-06-02", "", id="not before from"),
        pytest.param(weekly("09:00-10:00", until="2025-06-02"), "2025-06-02", "09:00 09:30", id="until, inclusive"),
        pytest.param(weekly("09:00-10:00", until="2025-06-01"), "2025-06-02", "", id="not after until"),
        pytest.param(weekly("23:00-01:00", days=[0]), "2025-06-02", "23:00 23:30", id="a night from Monday"),
        pytest.param(weekly("23:00-01:00", days=[0]), "2025-06-03", "00:00 00:30", id="belongs to Monday on Tuesday"),
        pytest.param(weekly("23:00-01:00", until="2025-06-02"), "2025-06-03", "00:00 00:30", id="and until Monday too"),
    ],
)
def test_rule_2_a_shift_belongs_to_the_date_on_which_it_starts(
    ask: Ask, shift: WeeklySpan, day: str, starts: str
) -> None:
    worker = replace(technician("a"), shifts=(shift,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=day) == starts


def test_rule_3_an_override_replaces_the_shifts_that_start_on_its_date(ask: Ask) -> None:
    worker = replace(technician("a", "09:00-10:00"), overrides=(ON_CALL_MONDAY,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "12:00 12:30 15:00"
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=TUESDAY) == "09:00 09:30"


def test_rule_3_a_closed_date_removes_the_night_shift_that_starts_on_it_but_not_the_one_before(ask: Ask) -> None:
    worker = replace(technician("a", "23:00-01:00"), overrides=(CLOSED_MONDAY,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "00:00 00:30"
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=TUESDAY) == "23:00 23:30"


def test_rule_3_windows_of_an_override_may_run_past_midnight(ask: Ask) -> None:
    worker = replace(technician("a"), overrides=(NIGHT_MONDAY,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "23:30"
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=TUESDAY) == "00:00"


def test_rule_4_closed_dates_remove_the_shifts_that_start_on_them(ask: Ask) -> None:
    closed = replace(SHOP, closed_dates=(date(2025, 6, 2),))
    shop = schedule(technician_schedule(technician("a", "23:00-01:00", "09:00-10:00")), project=closed)
    assert offered(ask, shop, job(30)) == "00:00 00:30"
    assert offered(ask, shop, job(30), day=TUESDAY) == "09:00 09:30 23:00 23:30"


@pytest.mark.parametrize(
    ("region", "day", "starts"),
    [
        pytest.param("US", "2025-07-04", "", id="Independence Day"),
        pytest.param("GB-ENG", "2025-07-04", "09:00 09:30", id="which England does not keep"),
        pytest.param("GB-ENG", "2025-04-21", "", id="Easter Monday in England"),
        pytest.param("GB-SCT", "2025-04-21", "09:00 09:30", id="but not in Scotland"),
    ],
)
def test_rule_4_public_holidays_remove_the_shifts(ask: Ask, region: str, day: str, starts: str) -> None:
    closed = replace(SHOP, holiday_regions=(region,))
    assert (
        offered(ask, schedule(technician_schedule(technician("a", "09:00-10:00")), project=closed), job(30), day=day)
        == starts
    )


def test_rule_4_a_holiday_counts_by_local_dates_of_the_technician(ask: Ask) -> None:
    closed = replace(SHOP, closed_dates=(date(2025, 6, 3),))
    far_east = technician("a", "04:00-06:00", zone="Asia/Tokyo")
    assert offered(ask, schedule(technician_schedule(far_east), project=closed), job(60)) == ""
    assert (
        offered(ask, schedule(technician_schedule(far_east), project=closed), job(60), day=TUESDAY)
        == "19:00 19:30 20:00"
    )


def test_rule_4_an_override_with_windows_applies_on_a_closed_date(ask: Ask) -> None:
    closed = replace(SHOP, closed_dates=(date(2025, 6, 2),))
    worker = replace(technician("a", "09:00-10:00"), overrides=(ON_CALL_MONDAY,))
    assert offered(ask, schedule(technician_schedule(worker), project=closed), job(30)) == "12:00 12:30 15:00"


def test_rule_5_breaks_apply_by_date_regardless_of_the_shift(ask: Ask) -> None:
    tuesday_night = weekly("00:30-01:00", days=[1])
    worker = replace(technician("a", "23:30-02:00"), breaks=(tuesday_night,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "00:00 00:30 01:00 01:30 23:30"
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=TUESDAY) == "00:00 01:00 01:30 23:30"


def test_rule_5_breaks_may_run_past_midnight_and_cut_overrides(ask: Ask) -> None:
    worker = replace(
        technician("a", "00:00-01:30"),
        breaks=(weekly("12:30-13:00"), weekly("23:00-00:30", days=[0])),
        overrides=(ON_CALL_MONDAY,),
    )
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "12:00 15:00"
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=TUESDAY) == "00:30 01:00"


def test_rule_6_time_off_applies_to_the_minute(ask: Ask) -> None:
    worker = replace(technician("a", "09:00-12:00"), time_off=(TimeOff(start=at("09:31"), end=at("10:29")),))
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "09:00 10:30 11:00 11:30"


def test_rule_6_a_technician_who_is_off_has_no_opening_hours(ask: Ask) -> None:
    away = replace(technician("a", "09:00-10:00"), status=TechnicianStatus.OFF)
    assert (
        offered(ask, schedule(technician_schedule(away), technician_schedule(technician("b", "09:30-10:00"))), job(30))
        == "09:30"
    )


def test_rule_7_touching_and_overlapping_spans_merge(ask: Ask) -> None:
    touching = technician_schedule(technician("a", "09:00-12:00", "12:00-15:00"))
    overlapping = technician_schedule(technician("a", "09:00-12:00", "11:00-15:00"))
    apart = technician_schedule(technician("a", "09:00-12:00", "12:01-15:01"))
    assert offered(ask, schedule(touching), job(300)) == "09:00 09:30 10:00"
    assert offered(ask, schedule(overlapping), job(300)) == "09:00 09:30 10:00"
    assert offered(ask, schedule(apart), job(300)) == ""


def biweekly(since: str) -> WeeklySpan:
    return replace(weekly("09:00-10:00", days=[0], since=since), every_weeks=2)


def by_rule(rule: str, since: str, text: str = "09:00-10:00") -> WeeklySpan:
    return replace(weekly(text, days=[], since=since), rrule=rule)


@pytest.mark.parametrize(
    ("shift", "day", "starts"),
    [
        pytest.param(biweekly("2025-06-02"), "2025-06-02", "09:00 09:30", id="the week of from"),
        pytest.param(biweekly("2025-06-08"), "2025-06-02", "", id="not before from, though in its week"),
        pytest.param(biweekly("2025-06-08"), "2025-06-09", "", id="not in the week after from"),
        pytest.param(biweekly("2025-05-25"), "2025-06-02", "09:00 09:30", id="two weeks after that of a Sunday"),
        pytest.param(biweekly("2025-05-26"), "2025-06-02", "", id="one week after that of a Monday"),
        pytest.param(biweekly("2024-12-31"), "2025-06-02", "09:00 09:30", id="over the end of a year"),
        pytest.param(by_rule("FREQ=MONTHLY;BYDAY=1MO", "2025-01-01"), "2025-06-02", "09:00 09:30", id="first Monday"),
        pytest.param(by_rule("FREQ=MONTHLY;BYDAY=1MO", "2025-01-01"), "2025-06-09", "", id="not the second"),
        pytest.param(by_rule("FREQ=MONTHLY;BYDAY=1MO", "2025-06-03"), "2025-06-02", "", id="not before from"),
        pytest.param(by_rule("FREQ=WEEKLY", "2025-05-26"), "2025-06-02", "09:00 09:30", id="the weekday of from"),
        pytest.param(by_rule("FREQ=DAILY;COUNT=2", "2025-06-01"), "2025-06-02", "09:00 09:30", id="the second of two"),
        pytest.param(by_rule("FREQ=DAILY;COUNT=2", "2025-05-31"), "2025-06-02", "", id="after two"),
        pytest.param(by_rule("FREQ=DAILY;UNTIL=20250602", "2025-05-31"), "2025-06-02", "09:00 09:30", id="until"),
        pytest.param(by_rule("FREQ=DAILY;UNTIL=20250601", "2025-05-31"), "2025-06-02", "", id="after until"),
        pytest.param(
            by_rule("FREQ=MONTHLY;BYMONTHDAY=1", "2025-01-01", "23:00-01:00"),
            "2025-06-02",
            "00:00 00:30",
            id="a night",
        ),
    ],
)
def test_rule_2_shifts_recur_in_some_weeks_or_by_a_rule(ask: Ask, shift: WeeklySpan, day: str, starts: str) -> None:
    worker = replace(technician("a"), shifts=(shift,))
    assert offered(ask, schedule(technician_schedule(worker)), job(30), day=day) == starts


MONDAY_ONLY = Closure(first=date(2025, 6, 2), last=date(2025, 6, 2))
FROM_NOON = replace(MONDAY_ONLY, span=span("12:00-24:00"))


@pytest.mark.parametrize(
    ("closure", "monday", "tuesday"),
    [
        pytest.param(MONDAY_ONLY, "00:00 00:30", "11:00 11:30 12:00 12:30 23:00 23:30", id="a date"),
        pytest.param(replace(MONDAY_ONLY, last=date(2025, 6, 3)), "00:00 00:30", "", id="two dates, both inclusive"),
        pytest.param(
            FROM_NOON, "00:00 00:30 11:00 11:30", "00:00 00:30 11:00 11:30 12:00 12:30 23:00 23:30", id="from noon"
        ),
        pytest.param(
            replace(FROM_NOON, span=span("12:00-00:30")),
            "00:00 00:30 11:00 11:30",
            "00:30 11:00 11:30 12:00 12:30 23:00 23:30",
            id="until after midnight",
        ),
    ],
)
def test_rule_4_closures_remove_shifts_or_a_part_of_them(ask: Ask, closure: Closure, monday: str, tuesday: str) -> None:
    shop = schedule(
        technician_schedule(technician("a", "23:00-01:00", "11:00-13:00")), project=replace(SHOP, closures=(closure,))
    )
    assert offered(ask, shop, job(30)) == monday
    assert offered(ask, shop, job(30), day=TUESDAY) == tuesday


@pytest.mark.parametrize("closure", [MONDAY_ONLY, FROM_NOON])
def test_rule_4_an_override_with_windows_applies_on_a_date_of_a_closure(ask: Ask, closure: Closure) -> None:
    worker = replace(technician("a", "09:00-10:00"), overrides=(ON_CALL_MONDAY,))
    shop = schedule(technician_schedule(worker), project=replace(SHOP, closures=(closure,)))
    assert offered(ask, shop, job(30)) == "12:00 12:30 15:00"


@pytest.mark.parametrize(
    ("closed", "reason"),
    [
        ({"closures": (MONDAY_ONLY,)}, Reason.CLOSED),
        ({"closures": (replace(MONDAY_ONLY, span=span("09:30-10:00")),)}, Reason.CLOSED),
        ({"closed_dates": (date(2025, 6, 2),)}, Reason.HOLIDAY),
        ({"closed_dates": (date(2025, 6, 2),), "closures": (MONDAY_ONLY,)}, Reason.HOLIDAY),
    ],
)
def test_a_closure_is_another_reason_than_a_holiday(closed: dict[str, Any], reason: Reason) -> None:
    shop = schedule(technician_schedule(technician("a", "09:00-10:00")), project=replace(SHOP, **closed))
    availability = Availability.of(shop, at("2025-06-01T12:00Z") * 60_000)
    (shown,) = explain(availability, job(30), at("09:30")).technicians
    assert shown.reason is reason


def test_rule_6_time_off_recurs_by_a_rule(ask: Ask) -> None:
    mornings = RecurringTimeOff(rrule="FREQ=WEEKLY;BYDAY=MO", first=date(2025, 5, 26), span=span("09:00-10:00"))
    tuesdays = RecurringTimeOff(rrule="FREQ=MONTHLY;BYDAY=1TU", first=date(2025, 1, 1))
    worker = replace(technician("a", "09:00-11:00"), recurring_time_off=(mornings, tuesdays))
    shop = schedule(technician_schedule(worker))
    assert offered(ask, shop, job(30)) == "10:00 10:30"
    assert offered(ask, shop, job(30), day=TUESDAY) == ""
    assert offered(ask, shop, job(30), day="2025-06-10") == "09:00 09:30 10:00 10:30"


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", "2025-06-02"),
        ("America/New_York", "2025-03-09"),
        ("America/New_York", "2025-11-02"),
        ("Australia/Lord_Howe", "2025-04-06"),
        ("Africa/Cairo", "2025-04-25"),
        ("America/Havana", "2025-11-02"),
    ],
)
def test_rule_7_shifts_around_the_clock_merge_over_midnight(ask: Ask, zone: str, day: str) -> None:
    """A job of a whole day fits at each half hour, also over a clock change."""
    project = replace(SHOP, timezone=zone)
    whole_days = schedule(technician_schedule(technician("a", "00:00-24:00", zone=zone)), project=project)
    halves = schedule(technician_schedule(technician("a", "08:00-20:00", "20:00-08:00", zone=zone)), project=project)
    starts = offered(ask, whole_days, job(1440), day=day)
    assert len(starts.split()) == len(offered(ask, whole_days, job(30), day=day).split())
    assert offered(ask, halves, job(1440), day=day) == starts


def test_rule_7_a_shift_of_24_hours_from_8_to_8_every_second_day(ask: Ask) -> None:
    first = date(2025, 6, 1)
    day, night = (
        replace(weekly(text, days=[], since=f"{start}"), rrule="FREQ=DAILY;INTERVAL=2")
        for text, start in (("08:00-24:00", first), ("00:00-08:00", date(2025, 6, 2)))
    )
    shop = schedule(technician_schedule(replace(technician("a"), shifts=(day, night))))
    assert offered(ask, shop, job(420)) == "00:00 00:30 01:00"
    assert offered(ask, shop, job(1440), day="2025-06-03") == "08:00"
