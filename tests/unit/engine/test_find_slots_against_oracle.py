"""Engine against oracle: every minute of generated schedules, in time zones near a clock change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.capacity import Oracle
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from support.slot_search import find_slots
from unit.engine.booking_simulator import BookingSimulator
from unit.engine.drawing import MOMENTS
from unit.engine.rush import Caller, callers, rushes
from unit.engine.strategies import Case, cases

PROJECTS_A_ZONE = settings().max_examples if settings.get_current_profile_name() == "thorough" else 25
"""Number for each of ten time zones: 25 in the usual run, 2,000 in a thorough one."""


@pytest.mark.parametrize("zone", MOMENTS)
@settings(max_examples=PROJECTS_A_ZONE)
@given(data=st.data())
def test_the_engine_offers_the_same_slots_as_the_oracle(zone: str, data: st.DataObject) -> None:
    case: Case = data.draw(cases(zone), label="case")
    expected = Oracle(case.schedule, case.now_ms).slots(case.need, *case.span)
    assert find_slots(Availability.of(case.schedule, case.now_ms), case.need, *case.span) == expected


@settings(max_examples=settings().max_examples // 2)
@given(case=rushes(), callers=callers())
def test_the_engine_offers_the_same_slots_as_the_oracle_during_a_rush(case: Case, callers: list[Caller]) -> None:
    simulator = BookingSimulator(case.schedule, case.now_ms)
    for caller in callers:
        service, need = simulator.wanted(caller)
        if slot := simulator.chosen(caller, need, *case.span):
            simulator.sell(service.id, need, slot.start, hold=caller.hold)
    site = site_at(callers[0].place, case.schedule.project.travel)
    for service in case.schedule.services.values():
        need = Need.of_service(service, site=site)
        assert find_slots(simulator.availability, need, *case.span) == simulator.oracle.slots(need, *case.span)
