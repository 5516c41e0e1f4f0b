"""The engine against the oracle: every minute of generated books, in zones whose clocks are about to change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.capacity import Oracle
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import find_slots
from slotmcp.engine.travel import site_at
from unit.engine.desk import Desk
from unit.engine.drawing import MOMENTS
from unit.engine.rush import Errand, background_tasks, rushes
from unit.engine.strategies import Case, cases

A_THIRD = settings().max_examples // 3
"""Of the profile's examples, for each of ten zones."""


@pytest.mark.parametrize("zone", MOMENTS)
@settings(max_examples=A_THIRD)
@given(data=st.data())
def test_the_engine_offers_the_same_slots_as_the_oracle(zone: str, data: st.DataObject) -> None:
    case: Case = data.draw(cases(zone), label="case")
    expected = Oracle(case.schedule, case.now_ms).slots(case.need, *case.span)
    assert find_slots(Availability.of(case.schedule, case.now_ms), case.need, *case.span) == expected


@settings(max_examples=settings().max_examples // 2)
@given(case=rushes(), background_tasks=background_tasks())
def test_the_engine_offers_the_same_slots_as_the_oracle_during_a_rush(
    case: Case, background_tasks: list[Errand]
) -> None:
    desk = Desk(case.schedule, case.now_ms)
    for errand in background_tasks:
        service, need = desk.wanted(errand)
        if slot := desk.chosen(errand, need, *case.span):
            desk.sell(service.id, need, slot.start, hold=errand.hold)
    site = site_at(background_tasks[0].place, case.schedule.project.travel)
    for service in case.schedule.services.values():
        need = Need.of_service(service, site=site)
        assert find_slots(desk.availability, need, *case.span) == desk.oracle.slots(need, *case.span)
