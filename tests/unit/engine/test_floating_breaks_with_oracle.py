"""Rule 35 of docs/reference/availability.md: floating breaks, by handwritten examples and by their bounds."""

from dataclasses import replace
from time import process_time

import pytest

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.catalog import Technician, TimeOff
from slotmcp.domain.claim import Claim
from slotmcp.domain.reasons import Reason
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import explain
from slotmcp.engine.fit import ScheduleFit
from slotmcp.engine.slots import list_starts
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

LUNCH = FloatingBreak(window=weekly("11:30-14:00"), minutes=30)
TEA = FloatingBreak(window=weekly("13:00-14:00"), minutes=30)
NOW_MS = at("2025-06-01T12:00Z") * 60_000


def worker(*breaks: FloatingBreak, hours: str = "11:00-14:30") -> Technician:
    return replace(technician("a", hours), floating_breaks=breaks)


@pytest.mark.parametrize(
    ("claims", "minutes", "starts"),
    [
        pytest.param((), 60, "11:00 11:30 12:00 12:30 13:00 13:30", id="it moves aside"),
        pytest.param((), 120, "11:00 11:30 12:00 12:30", id="before or after a long job"),
        pytest.param((), 150, "11:00 12:00", id="a job over nearly the whole window"),
        pytest.param((), 180, "", id="a job over the whole window"),
        pytest.param((booking("12:00", 90),), 30, "11:00 11:30 13:30 14:00", id="one of two rooms"),
        pytest.param((booking("12:00", 120),), 30, "11:00 14:00", id="the last room"),
        pytest.param((booking("11:45", 135),), 30, "11:00 14:00", id="no room any more"),
        pytest.param((hold("12:00", 120),), 30, "11:00 14:00", id="holds count"),
        pytest.param((booking("12:00", 100, after=20),), 30, "11:00 14:00", id="buffers count"),
    ],
)
def test_a_break_is_placed_where_it_fits(ask: Ask, claims: tuple[Claim, ...], minutes: int, starts: str) -> None:
    assert offered(ask, schedule(technician_schedule(worker(LUNCH), *claims)), job(minutes)) == starts


@pytest.mark.parametrize(
    ("before", "after", "starts"),
    [(30, 0, "11:00 11:30 12:00 13:00 13:30"), (0, 30, "11:00 11:30 12:30 13:00 13:30")],
)
def test_the_buffers_of_the_job_count(ask: Ask, before: int, after: int, starts: str) -> None:
    shop = schedule(technician_schedule(worker(replace(LUNCH, window=weekly("12:00-13:30")))))
    assert offered(ask, shop, job(60, before=before, after=after)) == starts


def test_two_breaks_that_share_a_window_are_placed_together(ask: Ask) -> None:
    early = replace(LUNCH, window=weekly("12:00-13:00"))
    late = replace(LUNCH, window=weekly("12:30-13:30"))
    shop = schedule(technician_schedule(worker(early, late, hours="12:00-14:00")))
    assert offered(ask, shop, job(30)) == "12:00 12:30 13:00 13:30"
    assert offered(ask, shop, job(60)) == "13:00"
    both = schedule(technician_schedule(worker(early, late, hours="12:00-14:00"), booking("12:00", 30)))
    assert offered(ask, both, job(30)) == "13:30"


def test_a_break_without_enough_working_time_is_not_due(ask: Ask) -> None:
    short = schedule(technician_schedule(worker(LUNCH, hours="10:00-11:45")))
    assert offered(ask, short, job(45)) == "10:00 10:30 11:00"
    away = replace(worker(LUNCH), time_off=(TimeOff(start=at("11:30"), end=at("13:40")),))
    assert offered(ask, schedule(technician_schedule(away)), job(30)) == "11:00 14:00"


def test_a_second_break_that_does_not_fit_beside_the_first_is_not_due(ask: Ask) -> None:
    shop = schedule(technician_schedule(worker(replace(LUNCH, minutes=60), TEA, hours="13:00-15:00")))
    assert offered(ask, shop, job(30)) == "14:00 14:30"


def test_a_busy_time_that_takes_the_last_room_ends_the_sale_of_the_window(ask: Ask) -> None:
    shop = schedule(technician_schedule(worker(LUNCH), busy=(("11:40", "13:50"),)))
    assert offered(ask, shop, job(10, before=0)) == "11:00 14:00"
    assert offered(ask, shop, job(30)) == "11:00 14:00"


def test_the_reason_is_the_break_without_an_end(ask: Ask) -> None:
    shop = schedule(technician_schedule(worker(LUNCH), booking("12:00", 120)))
    (reason,) = explain(Availability.of(shop, NOW_MS), job(30), at("11:30")).technicians
    assert (reason.reason, reason.until) == (Reason.BREAK, None)
    assert ask(shop, job(30), NOW_MS, at("11:30"), at("11:31")) == []


def test_bookings_beside_a_break_without_room_are_too_close() -> None:
    shop = schedule(
        technician_schedule(worker(LUNCH), booking("12:00", 60), busy=(("11:00", "12:00"), ("13:00", "14:00")))
    )
    (claim,) = shop.technician_schedules["a"].claims
    assert ScheduleFit.among_bookings(Availability.of(shop, NOW_MS), "a").causes(claim) == {AttentionCause.TOO_CLOSE}


def test_a_horizon_of_a_year_with_500_technicians_stays_fast() -> None:
    """Technicians with the same hours and breaks share the positions that breaks block."""
    project = replace(SHOP, horizon_days=366, slot_interval_minutes=15)
    people = [
        technician_schedule(replace(worker(LUNCH, TEA, hours="08:00-17:00"), id=f"t{number}"), booking("09:00", 60))
        for number in range(500)
    ]
    before = process_time()
    starts = list_starts(Availability.of(schedule(*people, project=project), NOW_MS), job(60), at("08:00"), at("20:00"))
    assert starts
    assert process_time() - before < 2
