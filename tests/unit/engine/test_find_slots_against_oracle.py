"""The engine against the oracle: every minute of generated books, in zones whose clocks are about to change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.capacity import Oracle
from slotmcp.engine.availability import Availability
from slotmcp.engine.slots import find_slots
from unit.engine.strategies import MOMENTS, Case, cases

A_THIRD = settings().max_examples // 3
"""Of the profile's examples, for each of ten zones."""


@pytest.mark.parametrize("zone", MOMENTS)
@settings(max_examples=A_THIRD)
@given(data=st.data())
def test_the_engine_offers_what_the_oracle_does(zone: str, data: st.DataObject) -> None:
    case: Case = data.draw(cases(zone), label="case")
    expected = Oracle(case.book, case.now_ms).slots(case.need, *case.span)
    assert find_slots(Availability.of(case.book, case.now_ms), case.need, *case.span) == expected
