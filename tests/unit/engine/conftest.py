"""Fixture that runs each handwritten example against the engine and the oracle."""

import pytest

from oracle.capacity import Oracle
from slotmcp.domain.offer import Slot
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from support.slot_search import find_slots
from unit.engine.examples import Ask


def ask_engine(schedule: Schedule, need: Need, now_ms: int, start_from: int, start_to: int) -> list[Slot]:
    return find_slots(Availability.of(schedule, now_ms), need, start_from, start_to)


def ask_oracle(schedule: Schedule, need: Need, now_ms: int, start_from: int, start_to: int) -> list[Slot]:
    return Oracle(schedule, now_ms).slots(need, start_from, start_to)


@pytest.fixture(params=[ask_engine, ask_oracle], ids=["engine", "oracle"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """The engine, then the oracle."""
    answer: Ask = request.param
    return answer
