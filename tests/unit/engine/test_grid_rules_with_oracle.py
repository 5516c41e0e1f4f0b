"""Rules 13 to 16 of docs/reference/availability.md: the grid, notice and horizon, by handwritten examples."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slotmcp.domain.catalog import SlotAlignment
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need
from unit.engine.examples import (
    SHOP,
    Ask,
    at,
    booking,
    job,
    offered,
    schedule,
    slots,
    technician,
    technician_schedule,
    weekly,
)

OPENING = replace(SHOP, slot_alignment=SlotAlignment.OPENING)


@pytest.mark.parametrize(
    ("where", "hours", "interval", "starts"),
    [
        pytest.param("UTC 2025-06-02", "09:07-10:00", 15, "09:15 09:30", id="whatever the shift begins at"),
        pytest.param("UTC 2025-06-02", "09:00-12:00", 45, "09:00 09:45 10:30 11:15", id="counted from midnight"),
        pytest.param("UTC 2025-06-02", "09:00-12:00", 90, "09:00 10:30", id="even over an hour"),
        pytest.param("UTC 2025-06-02", "09:00-10:00", 7, "09:06 09:13 09:20 09:27", id="if it does not divide"),
        pytest.param("Asia/Kathmandu 2025-06-02", "09:00-10:00", 30, "09:00 09:30", id="by the project's clock"),
        pytest.param("America/New_York 2025-03-09", "01:00-05:00", 90, "01:30 03:00 04:30", id="as the clock shows"),
        pytest.param("America/New_York 2025-11-02", "00:30-03:00", 90, "01:30 01:30*", id="both readings count"),
        pytest.param("Australia/Lord_Howe 2025-10-05", "01:00-04:00", 60, "01:00 03:00", id="2:30 is no whole hour"),
    ],
)  # fmt: skip
def test_rule_13_the_clock_grid(ask: Ask, where: str, hours: str, interval: int, starts: str) -> None:
    zone, day = where.split()
    project = replace(SHOP, timezone=zone, slot_interval_minutes=interval)
    assert (
        offered(
            ask, schedule(technician_schedule(technician("a", hours, zone=zone)), project=project), job(30), day=day
        )
        == starts
    )


def test_rule_13_the_grid_uses_the_projects_time_zone(ask: Ask) -> None:
    worker = technician("a", "09:00-11:00", zone="Asia/Kathmandu")
    assert offered(ask, schedule(technician_schedule(worker)), job(30)) == "03:30 04:00 04:30"


@pytest.mark.parametrize(
    ("claims", "need", "starts"),
    [
        pytest.param([], job(30), "09:07 09:37 10:07 10:37 11:07", id="from where the shift begins"),
        pytest.param([], job(30, before=20), "09:07 09:37 10:07 10:37 11:07", id="a buffer may come before it"),
        pytest.param([booking("10:00", 20)], job(30), "09:07 10:20 10:50 11:20", id="anew after a claim"),
        pytest.param([booking("10:00", 20, after=3)], job(30), "09:07 10:23 10:53 11:23", id="after its buffer"),
        pytest.param([booking("10:00", 20)], job(30, before=5), "09:07 10:25 10:55 11:25", id="and the job's own"),
        pytest.param([booking("10:00", 20)], job(30, after=30), "10:20 10:50 11:20", id="which does not enter after"),
        pytest.param([booking("09:00", 10)], job(30), "09:10 09:40 10:10 10:40 11:10", id="a claim over the beginning"),
    ],
)
def test_rule_14_the_opening_grid_starts_when_a_technician_becomes_free(
    ask: Ask, claims: Sequence[Claim], need: Need, starts: str
) -> None:
    assert (
        offered(ask, schedule(technician_schedule(technician("a", "09:07-11:59"), *claims), project=OPENING), need)
        == starts
    )


def test_rule_14_busy_times_and_breaks_restart_the_grid(ask: Ask) -> None:
    worker = replace(technician("a", "09:00-12:00"), breaks=(weekly("10:50-11:05"),))
    shop = schedule(technician_schedule(worker, busy=[("09:40", "09:55")]), project=OPENING)
    assert offered(ask, shop, job(30)) == "09:00 09:55 11:05"


def test_rule_14_each_technician_has_an_own_grid(ask: Ask) -> None:
    shop = schedule(
        technician_schedule(technician("a", "09:00-10:00")),
        technician_schedule(technician("b", "09:10-10:10")),
        technician_schedule(technician("c", "08:30-10:00")),
        project=OPENING,
    )
    assert offered(ask, shop, job(30)) == "08:30 09:00x2 09:10 09:30x2 09:40"


def test_rule_14_the_grid_restarts_at_the_projects_midnight(ask: Ask) -> None:
    night = schedule(technician_schedule(technician("a", "23:10-01:10")), project=OPENING)
    assert offered(ask, night, job(30)) == "00:00 00:30 23:10 23:40"
    new_york = replace(OPENING, timezone="America/New_York")
    assert (
        offered(ask, schedule(technician_schedule(technician("a", "03:10-05:10")), project=new_york), job(30))
        == "00:00 00:30 23:10 23:40"
    )


def test_rule_14_a_date_without_midnight_starts_after_the_gap(ask: Ask) -> None:
    cairo = replace(OPENING, timezone="Africa/Cairo", slot_interval_minutes=45)
    night = schedule(technician_schedule(technician("a", "23:00-03:00", zone="Africa/Cairo")), project=cairo)
    assert offered(ask, night, job(30), day="2025-04-24") == "00:00 00:45 01:30 02:15 23:00 23:45"
    assert offered(ask, night, job(30), day="2025-04-25") == "01:00 01:45 02:30 23:00 23:45"


def test_rule_14_of_a_repeated_midnight_the_first_counts(ask: Ask) -> None:
    havana = replace(OPENING, timezone="America/Havana", slot_interval_minutes=45)
    night = schedule(technician_schedule(technician("a", "00:00-01:30", zone="America/Havana")), project=havana)
    assert offered(ask, night, job(30), day="2025-11-02") == "00:00 00:45 00:30*"


@pytest.mark.parametrize(
    ("now", "starts"),
    [
        pytest.param("2025-06-02T08:00Z", "09:00 09:30 10:00 10:30", id="at the minute"),
        pytest.param("2025-06-02T08:00:01Z", "09:30 10:00 10:30", id="a second later"),
        pytest.param("2025-06-02T09:30Z", "10:30", id="in the middle"),
        pytest.param("2025-06-02T12:00Z", "", id="in the evening"),
    ],
)
def test_rule_15_a_start_is_not_before_now_plus_the_notice(ask: Ask, now: str, starts: str) -> None:
    shop = schedule(technician_schedule(technician("a", "09:00-11:00")), project=replace(SHOP, min_notice_minutes=60))
    assert offered(ask, shop, job(30), now=now) == starts


@pytest.mark.parametrize(
    ("now", "zone", "starts"),
    [
        pytest.param("2025-05-31T00:00Z", "UTC", "09:00 09:30", id="two dates after today"),
        pytest.param("2025-05-30T23:59:59Z", "UTC", "", id="not three"),
        pytest.param("2025-05-30T23:59:59Z", "Asia/Kathmandu", "09:00 09:30", id="where it is tomorrow already"),
        pytest.param("2025-05-31T00:00Z", "America/New_York", "", id="where it is yesterday still"),
    ],
)
def test_rule_16_the_horizon_counts_local_dates_of_the_project(ask: Ask, now: str, zone: str, starts: str) -> None:
    project = replace(SHOP, horizon_days=2, timezone=zone)
    shop = schedule(technician_schedule(technician("a", "09:00-10:00", zone=zone)), project=project)
    assert offered(ask, shop, job(30), now=now) == starts


def test_rule_16_the_whole_last_date_is_offered(ask: Ask) -> None:
    shop = schedule(technician_schedule(technician("a", "00:00-24:00")), project=replace(SHOP, horizon_days=0))
    found = slots(ask, shop, job(60), now="2025-06-02T00:00Z")
    assert [found[0].start, found[-1].start, len(found)] == [at("00:00"), at("23:30"), 48]
