"""No overselling: bookings, live holds and the offered capacity can all be served at once."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.capacity import Oracle
from oracle.servable import all_servable
from slotmcp.engine.need import Need
from unit.engine.booking_simulator import BookingSimulator, without_claims
from unit.engine.examples import at, hold, job, schedule, service, technician, technician_schedule
from unit.engine.rush import Caller, callers, rushes
from unit.engine.strategies import Case, cases

NOW_MS = at("08:00") * 60_000


@pytest.mark.parametrize("order", sorted(set(permutations("xxy"))))
def test_three_holds_with_skills_x_x_y_exceed_the_capacity_of_two(order: tuple[str, ...]) -> None:
    """Check skills: A has X and Y, B has X. Counting free technicians would accept all three."""
    kinds = {skill: service(skill, skills=skill) for skill in "xy"}
    everyone = (
        technician_schedule(technician("a", "10:00-11:00", skills="x y")),
        technician_schedule(technician("b", "10:00-11:00", skills="x")),
    )
    simulator = BookingSimulator(schedule(*everyone, services=tuple(kinds.values())), NOW_MS)
    sold = [simulator.sell(skill, Need.of_service(kinds[skill]), at("10:00")) for skill in order]
    assert sold == [True, True, False]


@pytest.mark.parametrize("order", [*permutations(["09:30", "10:00", "10:30"])])
def test_three_holds_in_the_windows_of_two_technicians_exceed_the_capacity_of_two(order: tuple[str, ...]) -> None:
    """Check windows: A works from 9 to 11, B from 10 to 12. No minute has more holds than technicians."""
    simulator = BookingSimulator(
        schedule(
            technician_schedule(technician("a", "09:00-11:00")), technician_schedule(technician("b", "10:00-12:00"))
        ),
        NOW_MS,
    )
    assert [simulator.sell("service", job(60), at(start)) for start in order] == [True, True, False]


def test_two_moves_are_ordered_so_that_each_target_is_free() -> None:
    """Check with the oracle before each hold and job is placed."""
    a = technician_schedule(technician("a", "10:00-11:00", skills="x y"), hold("10:00", 60, id_="1", service="y"))
    b = technician_schedule(technician("b", "10:00-11:00", skills="y"), hold("10:00", 60, id_="2"))
    kinds = (service("x", skills="x"), service("y", skills="y"))
    simulator = BookingSimulator(
        schedule(a, b, technician_schedule(technician("c", "10:00-11:00")), services=kinds), NOW_MS
    )
    assert simulator.sell("x", job(60, skills="x"), at("10:00"))
    where = {
        claim.id: id_ for id_, one in simulator.oracle.schedule.technician_schedules.items() for claim in one.claims
    }
    assert where["2"] == "c"
    assert where["1"] == "b"


def test_the_search_detects_claims_that_cannot_be_served() -> None:
    """Run the exact search on the two examples."""
    people = (
        technician_schedule(technician("a", "10:00-11:00", skills="x y")),
        technician_schedule(technician("b", "10:00-11:00", skills="x")),
    )
    skilled = Oracle(schedule(*people), NOW_MS)
    x, y = (job(60, skills=skill) for skill in "xy")
    assert all_servable(skilled, [(x, at("10:00")), (y, at("10:00"))])
    assert not all_servable(skilled, [(x, at("10:00")), (x, at("10:00")), (y, at("10:00"))])
    windows = Oracle(
        schedule(
            technician_schedule(technician("a", "09:00-11:00")), technician_schedule(technician("b", "10:00-12:00"))
        ),
        NOW_MS,
    )
    assert all_servable(windows, [(job(60), at("09:30")), (job(60), at("10:30"))])
    assert not all_servable(windows, [(job(60), at(start)) for start in ("09:30", "10:00", "10:30")])


@given(case=st.one_of(rushes(), rushes(), cases()), callers=callers())
def test_all_holds_and_bookings_can_be_served_together(case: Case, callers: list[Caller]) -> None:
    simulator = BookingSimulator(without_claims(case.schedule), case.now_ms)
    for caller in callers:
        service, need = simulator.wanted(caller)
        if slot := simulator.chosen(caller, need, *case.span):
            assert simulator.capacity(need, slot.start) == slot.capacity
            assert all_servable(simulator.oracle, [(need, slot.start)] * slot.capacity)
            assert simulator.sell(service.id, need, slot.start, hold=caller.hold)
    assert all_servable(simulator.oracle)
