"""Check of responses of get_slots against the slots that an independent algorithm finds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from benchmarks import baselines
from benchmarks.schedules import NOW, REPAIR, schedule_of

LIMIT: Final = 10
ARGUMENTS: Final = {"limit": LIMIT}
"""Arguments of the measured calls."""

Body = Mapping[str, Any]


def utc(minute: int) -> str:
    """Return a minute as responses have it."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def capacities() -> Mapping[str, int]:
    """Return the capacity of each free start of 50x7, by its time in UTC."""
    found = baselines.bisect(baselines.build(schedule_of(50, 7), NOW), REPAIR, 1)
    return {utc(start): count for start, _, count, _ in found}


def check_slots(bodies: Sequence[Body]) -> None:
    """Require that each response has the requested number of free starts with their capacity, and always the same."""
    expected = capacities()
    for body in bodies:
        slots = {slot["start"]: slot["capacity"] for slot in body["slots"]}
        if len(slots) != LIMIT or not slots.items() <= expected.items():
            raise AssertionError(f"wrong slots: {slots}")
        if body["slots"] != bodies[0]["slots"]:
            raise AssertionError(f"different slots: {slots}")
