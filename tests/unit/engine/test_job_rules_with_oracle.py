"""Rules 8 to 12 of docs/reference/availability.md: technicians who can take a job, by handwritten examples."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slotmcp.domain.catalog import TimeOff
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need
from unit.engine.examples import (
    SHOP,
    Ask,
    at,
    booking,
    hold,
    job,
    offered,
    schedule,
    technician,
    technician_schedule,
    weekly,
)


def test_rule_8_a_technician_has_all_the_skills(ask: Ask) -> None:
    shop = schedule(
        technician_schedule(technician("a", "09:00-10:00", skills="pipes wires")),
        technician_schedule(technician("b", "09:00-10:00", skills="pipes")),
    )
    assert offered(ask, shop, job(60)) == "09:00x2"
    assert offered(ask, shop, job(60, skills="pipes")) == "09:00x2"
    assert offered(ask, shop, job(60, skills="pipes wires")) == "09:00"
    assert offered(ask, shop, job(60, skills="roofs")) == ""


def test_rule_9_the_whole_job_lies_within_opening_hours(ask: Ask) -> None:
    shop = schedule(technician_schedule(technician("a", "09:00-10:30", "11:00-11:59")))
    assert offered(ask, shop, job(30)) == "09:00 09:30 10:00 11:00"
    assert offered(ask, shop, job(60)) == "09:00 09:30"
    assert offered(ask, shop, job(91)) == ""


def test_rule_9_a_job_may_run_past_midnight(ask: Ask) -> None:
    assert offered(ask, schedule(technician_schedule(technician("a", "23:00-01:00"))), job(90)) == "23:00 23:30"


def test_rule_9_buffers_may_extend_into_closed_hours_breaks_and_time_off(ask: Ask) -> None:
    worker = replace(
        technician("a", "09:00-12:00"),
        breaks=(weekly("10:00-10:30"),),
        time_off=(TimeOff(start=at("11:00"), end=at("11:30")),),
    )
    assert (
        offered(ask, schedule(technician_schedule(worker)), job(30, before=60, after=60)) == "09:00 09:30 10:30 11:30"
    )


@pytest.mark.parametrize(
    ("claim", "need", "starts"),
    [
        pytest.param(booking("10:00", 60), job(60), "08:00 08:30 09:00 11:00 11:30 12:00", id="half-open"),
        pytest.param(booking("10:00", 60, before=30), job(60), "08:00 08:30 11:00 11:30 12:00", id="before it"),
        pytest.param(booking("10:00", 60, after=30), job(60), "08:00 08:30 09:00 11:30 12:00", id="after it"),
        pytest.param(booking("10:00", 60), job(60, before=30), "08:00 08:30 09:00 11:30 12:00", id="the new one's"),
        pytest.param(booking("10:00", 60, after=15), job(60, before=15), "08:00 08:30 09:00 11:30 12:00", id="15 + 15"),
        pytest.param(booking("10:00", 60, after=16), job(60, before=15), "08:00 08:30 09:00 12:00", id="16 + 15"),
        pytest.param(booking("10:00", 60, before=15), job(60, after=15), "08:00 08:30 11:00 11:30 12:00", id="front"),
        pytest.param(booking("07:00", 30, after=240), job(60), "11:30 12:00", id="from before the shift"),
    ],
)  # fmt: skip
def test_rule_10_buffers_add_up_between_two_jobs(ask: Ask, claim: Claim, need: Need, starts: str) -> None:
    assert offered(ask, schedule(technician_schedule(technician("a", "08:00-13:00"), claim)), need) == starts


@pytest.mark.parametrize(
    ("lives", "starts"),
    [
        pytest.param(1, "09:00 11:00", id="its last millisecond"),
        pytest.param(0, "09:00 10:00 11:00", id="gone at the millisecond"),
        pytest.param(-1, "09:00 10:00 11:00", id="long gone"),
    ],
)
def test_rule_10_a_hold_takes_time_until_the_millisecond_of_its_expiry(ask: Ask, lives: int, starts: str) -> None:
    now_ms = at("2025-06-01T12:00Z") * 60_000
    shop = schedule(
        technician_schedule(technician("a", "09:00-12:00"), hold("10:00", 60, until_ms=now_ms + lives)),
        project=replace(SHOP, slot_interval_minutes=60),
    )
    assert offered(ask, shop, job(60)) == starts


@pytest.mark.parametrize(
    ("need", "starts"),
    [
        pytest.param(job(60), "08:00 08:30 09:00 11:00 11:30 12:00", id="to the minute"),
        pytest.param(job(60, before=1), "08:00 08:30 09:00 11:30 12:00", id="the job's buffer before counts"),
        pytest.param(job(60, after=1), "08:00 08:30 11:00 11:30 12:00", id="and the one after"),
    ],
)
def test_rule_11_busy_times_have_no_buffers(ask: Ask, need: Need, starts: str) -> None:
    worker = technician_schedule(technician("a", "08:00-13:00"), busy=[("10:00", "10:40"), ("10:20", "11:00")])
    assert offered(ask, schedule(worker), need) == starts


@pytest.mark.parametrize(
    ("claims", "starts"),
    [
        pytest.param([], "09:00 10:00", id="none yet"),
        pytest.param([booking("20:00", 60, id_="1")], "09:00 10:00", id="one of two"),
        pytest.param([booking("20:00", 60, id_="1"), booking("22:00", 60, id_="2")], "", id="two of two"),
        pytest.param([booking("20:00", 60, id_="1"), hold("22:00", 60, id_="2")], "", id="a hold counts"),
        pytest.param(
            [booking("20:00", 60, id_="1"), hold("22:00", 60, id_="2", until_ms=0)], "09:00 10:00", id="a dead one not"
        ),
        pytest.param(
            [booking("20:00", 60, id_="1"), booking("2025-06-03T00:00Z", 60, id_="2")], "09:00 10:00", id="next date"
        ),
        pytest.param(
            [booking("20:00", 60, id_="1"), booking("2025-06-01T23:00Z", 120, id_="2")],
            "09:00 10:00",
            id="into today from yesterday",
        ),
    ],
)
def test_rule_12_a_technician_has_fewer_claims_than_the_maximum_that_day(
    ask: Ask, claims: Sequence[Claim], starts: str
) -> None:
    worker = replace(technician("a", "09:00-11:00"), max_bookings_per_day=2)
    shop = schedule(technician_schedule(worker, *claims), project=replace(SHOP, slot_interval_minutes=60))
    assert offered(ask, shop, job(60)) == starts


def test_rule_12_the_limit_counts_by_local_dates_of_the_project(ask: Ask) -> None:
    denver = replace(SHOP, timezone="America/Denver", slot_interval_minutes=60)
    worker = replace(technician("a", "04:00-08:00"), max_bookings_per_day=1)
    shop = schedule(technician_schedule(worker, booking("05:00", 60)), project=denver)
    assert offered(ask, shop, job(60), day="2025-06-01") == ""
    assert offered(ask, shop, job(60)) == "00:00 01:00 22:00 23:00"
