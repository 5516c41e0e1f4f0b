"""Rules 1 to 7 of docs/reference/availability.md: opening hours, by handwritten examples."""

from dataclasses import replace
from datetime import date

import pytest

from slotmcp.domain.catalog import DateOverride, TechnicianStatus, TimeOff
from slotmcp.domain.recurrence import WeeklySpan
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
