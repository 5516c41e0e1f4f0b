"""Rules 17 to 21 of docs/reference/availability.md: capacity and candidates, by handwritten examples.

Where a hold has to move, `s` is asked for at 10:00 and everybody works from 10:00 to 11:00 unless said otherwise.
"""

from dataclasses import replace

import pytest

from slotmcp.domain.catalog import RankingKey, SlotAlignment
from slotmcp.domain.claim import Claim
from unit.engine.examples import (
    SHOP,
    Ask,
    booking,
    hold,
    job,
    offered,
    schedule,
    service,
    slots,
    technician,
    technician_schedule,
)

HOURLY = replace(SHOP, slot_interval_minutes=60)
A, B, C = (technician(id_, "10:00-11:00") for id_ in "abc")
LATE_B = technician("b", "10:00-12:00")


def test_rule_17_capacity_is_the_number_of_available_technicians(ask: Ask) -> None:
    shop = schedule(
        technician_schedule(A), technician_schedule(LATE_B), technician_schedule(technician("c", "09:30-10:30"))
    )
    assert offered(ask, shop, job(30)) == "09:30 10:00x3 10:30x2 11:00 11:30"


def test_rule_17_each_hold_and_booking_reduces_capacity_by_one(ask: Ask) -> None:
    shop = schedule(
        technician_schedule(A, hold("10:00", 60)), technician_schedule(B), technician_schedule(C, booking("10:30", 30))
    )
    assert offered(ask, shop, job(30)) == "10:00x2 10:30"


def test_rule_18_a_hold_moves_to_a_free_technician(ask: Ask) -> None:
    plumber = technician("a", "10:00-11:00", skills="pipes")
    shop = schedule(technician_schedule(plumber, hold("10:00", 60)), technician_schedule(B))
    assert offered(ask, shop, job(60, skills="pipes")) == "10:00"
    assert offered(ask, shop, job(60)) == "10:00"


def test_rule_18_two_holds_move_in_a_chain(ask: Ask) -> None:
    a = technician("a", "10:00-11:00", skills="pipes wires")
    b = technician("b", "10:00-11:00", skills="wires")
    wires = service("wiring", skills="wires")
    chain = (
        technician_schedule(a, hold("10:00", 60, id_="1", service="wiring")),
        technician_schedule(b, hold("10:00", 60, id_="2")),
    )
    assert offered(ask, schedule(*chain, technician_schedule(C), services=[wires]), job(60, skills="pipes")) == "10:00"
    assert offered(ask, schedule(*chain, services=[wires]), job(60, skills="pipes")) == ""


def test_rule_18_the_second_hold_does_not_move_to_the_technician_of_the_job(ask: Ask) -> None:
    plumber = technician("a", "10:00-13:00", skills="pipes")
    full = replace(technician("b", "10:00-13:00"), max_bookings_per_day=1)
    swap = (
        technician_schedule(plumber, hold("10:00", 60, id_="1")),
        technician_schedule(full, hold("12:00", 60, id_="2")),
    )
    assert offered(ask, schedule(*swap), job(180, skills="pipes")) == ""
    assert (
        offered(ask, schedule(*swap, technician_schedule(technician("c", "12:00-13:00"))), job(180, skills="pipes"))
        == "10:00"
    )


def test_rule_18_three_holds_do_not_move_in_a_chain(ask: Ask) -> None:
    skills = ("pipes wires", "wires roofs", "roofs doors", "doors")
    people = [technician(id_, "10:00-11:00", skills=skill) for id_, skill in zip("abcd", skills, strict=True)]
    kinds = [service(skill, skills=skill) for skill in ("wires", "roofs", "doors")]
    held = [hold("10:00", 60, id_=kind.id, service=kind.id) for kind in kinds]
    technician_schedules = [technician_schedule(one, claim) for one, claim in zip(people, held, strict=False)]
    assert (
        offered(
            ask,
            schedule(*technician_schedules, technician_schedule(people[3]), services=kinds),
            job(60, skills="pipes"),
        )
        == ""
    )
    assert (
        offered(
            ask,
            schedule(*technician_schedules, technician_schedule(people[3]), services=kinds),
            job(60, skills="roofs"),
        )
        == "10:00"
    )


@pytest.mark.parametrize(
    ("claim", "starts"),
    [
        pytest.param(hold("10:00", 60), "10:00", id="a hold moves"),
        pytest.param(booking("10:00", 60), "", id="a booking never"),
        pytest.param(replace(hold("10:00", 60), technician_chosen=True), "", id="nor a hold for a chosen technician"),
        pytest.param(hold("10:00", 60, service="forgotten"), "", id="nor one of a service that is gone"),
        pytest.param(hold("10:00", 60, service="wiring"), "", id="nor to somebody without its skills"),
        pytest.param(hold("09:59", 60), "", id="nor to somebody who is not there yet"),
        pytest.param(hold("10:01", 60), "", id="or no longer"),
    ],
)
def test_rule_18_which_holds_move(ask: Ask, claim: Claim, starts: str) -> None:
    plumber = technician("a", "09:00-12:00", skills="pipes wires")
    wires = service("wiring", skills="wires")
    full = booking("11:01", 59, id_="full")
    shop = schedule(technician_schedule(plumber, claim, full), technician_schedule(B), project=HOURLY, services=[wires])
    assert offered(ask, shop, job(60, skills="pipes"), now="2025-06-02T09:30Z") == starts


def test_rule_18_at_most_one_hold_moves_away_from_a_technician(ask: Ask) -> None:
    plumber = technician("a", "10:00-11:00", skills="pipes")
    shop = schedule(
        technician_schedule(plumber, hold("10:00", 30, id_="1"), hold("10:30", 30, id_="2")),
        technician_schedule(B),
        technician_schedule(C),
    )
    assert offered(ask, shop, job(60, skills="pipes")) == ""
    assert offered(ask, shop, job(30, skills="pipes")) == "10:00 10:30"


def test_rule_18_a_moved_hold_keeps_its_buffers(ask: Ask) -> None:
    plumber = technician("a", "10:00-11:00", skills="pipes")
    held = replace(hold("10:00", 60), buffer_after_minutes=15)
    early, late = booking("11:00", 60, id_="early"), booking("11:15", 60, id_="late")
    assert (
        offered(
            ask,
            schedule(technician_schedule(plumber, held), technician_schedule(LATE_B, early)),
            job(60, skills="pipes"),
        )
        == ""
    )
    assert (
        offered(
            ask,
            schedule(technician_schedule(plumber, held), technician_schedule(LATE_B, late)),
            job(60, skills="pipes"),
        )
        == "10:00"
    )


def test_rule_18_a_moved_hold_counts_toward_the_new_technicians_daily_limit(ask: Ask) -> None:
    plumber = replace(technician("a", "10:00-12:00", skills="pipes"), max_bookings_per_day=1)
    full = replace(LATE_B, max_bookings_per_day=1)
    shop = schedule(technician_schedule(plumber, hold("10:00", 60)), technician_schedule(full), project=HOURLY)
    assert offered(ask, shop, job(60, skills="pipes")) == "10:00 11:00"
    shop = schedule(
        technician_schedule(plumber, hold("10:00", 60)), technician_schedule(full, booking("18:00", 60)), project=HOURLY
    )
    assert offered(ask, shop, job(60, skills="pipes")) == ""


def test_rule_18_a_moved_hold_is_not_checked_against_grid_notice_and_horizon_again(ask: Ask) -> None:
    plumber = technician("a", "10:00-11:10", skills="pipes")
    strict = replace(HOURLY, min_notice_minutes=60)
    shop = schedule(
        technician_schedule(plumber, hold("09:53", 60)),
        technician_schedule(technician("b", "09:53-10:53")),
        project=strict,
    )
    assert offered(ask, shop, job(60, skills="pipes"), now="2025-06-02T09:00Z") == "10:00"


def test_rule_18_the_opening_grid_ignores_the_moved_hold(ask: Ask) -> None:
    opening = replace(SHOP, slot_alignment=SlotAlignment.OPENING)
    plumber = technician("a", "09:00-10:30", skills="pipes")
    shop = schedule(
        technician_schedule(plumber, hold("09:20", 30)),
        technician_schedule(technician("b", "09:20-09:50")),
        project=opening,
    )
    assert offered(ask, shop, job(30, skills="pipes")) == "09:00 09:30 09:50 10:00"


def test_rule_18_a_hold_anywhere_on_the_day_moves_to_free_a_daily_limit(ask: Ask) -> None:
    plumber = replace(technician("a", "10:00-12:00", skills="pipes"), max_bookings_per_day=1)
    shop = schedule(technician_schedule(plumber, hold("11:00", 60)), technician_schedule(LATE_B), project=HOURLY)
    assert offered(ask, shop, job(60, skills="pipes")) == "10:00 11:00"


def test_rule_19_a_requested_technician_is_the_only_candidate(ask: Ask) -> None:
    shop = schedule(technician_schedule(A), technician_schedule(LATE_B), technician_schedule(C))
    assert offered(ask, shop, job(30, technician_id="b")) == "10:00 10:30 11:00 11:30"
    assert offered(ask, shop, job(30, technician_id="nobody")) == ""


def test_rule_19_a_hold_moves_away_from_the_requested_technician(ask: Ask) -> None:
    shop = schedule(technician_schedule(A, hold("10:00", 60)), technician_schedule(B), technician_schedule(C))
    assert offered(ask, shop, job(60)) == "10:00x2"
    assert offered(ask, shop, job(60, technician_id="a")) == "10:00"


def ranked(ask: Ask, *policy: RankingKey) -> str:
    """Check priorities 2, 1, 2, 1; d had a booking yesterday evening, b has two today, c a hold."""
    shop = schedule(
        technician_schedule(replace(technician("a", "10:00-11:00"), priority=2)),
        technician_schedule(technician("d", "10:00-11:00"), booking("2025-06-01T23:30Z", 60, id_="yesterday")),
        technician_schedule(replace(technician("c", "10:00-11:00"), priority=2), hold("18:00", 60)),
        technician_schedule(
            technician("b", "10:00-11:00"), booking("12:00", 60, id_="1"), booking("23:30", 60, id_="2")
        ),
        project=replace(HOURLY, candidate_ranking=policy),
    )
    (found,) = slots(ask, shop, job(60))
    return " ".join(f"{one.technician_id}{one.priority}{one.bookings_that_day}" for one in found.candidates)


def test_rule_21_candidates_are_ranked_by_the_projects_policy_and_then_by_id(ask: Ask) -> None:
    assert ranked(ask) == "a20 b12 c20 d10"
    assert ranked(ask, RankingKey.PRIORITY) == "b12 d10 a20 c20"
    assert ranked(ask, RankingKey.LOAD) == "a20 c20 d10 b12"
    assert ranked(ask, RankingKey.PRIORITY, RankingKey.LOAD) == "d10 b12 a20 c20"
    assert ranked(ask, RankingKey.LOAD, RankingKey.PRIORITY) == "d10 a20 c20 b12"


def test_rule_21_load_counts_by_local_dates_of_the_project(ask: Ask) -> None:
    worker = technician("a", "00:00-24:00")
    denver = replace(HOURLY, timezone="America/Denver")
    shop = schedule(
        technician_schedule(worker, booking("05:00", 60, id_="1"), booking("06:00", 60, id_="2")), project=denver
    )
    sunday, monday = (slots(ask, shop, job(60), day=day) for day in ("2025-06-01", "2025-06-02"))
    assert {one.candidates[0].bookings_that_day for one in sunday} == {1}
    assert {one.candidates[0].bookings_that_day for one in monday} == {1}


def test_rule_21_candidates_of_a_start_that_needs_a_move_are_available_after_it(ask: Ask) -> None:
    held = [hold("10:00", 60, id_=id_) for id_ in "abc"]
    skilled = [technician(id_, "10:00-11:00", skills="pipes") for id_ in "ba"]
    busy_c = technician_schedule(
        technician("c", "10:00-11:00", skills="pipes"), replace(held[2], technician_chosen=True)
    )
    shop = schedule(
        technician_schedule(skilled[0], held[0]),
        technician_schedule(skilled[1], held[1]),
        busy_c,
        technician_schedule(technician("d", "10:00-11:00")),
    )
    (found,) = slots(ask, shop, job(60, skills="pipes"))
    assert found.capacity == 1
    assert [one.technician_id for one in found.candidates] == ["a", "b"]
