"""Traces as JSON, and back."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from slotmcp.domain.catalog import Location
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import Question, ScheduleSource, TechnicianTrace, Trace, TracedUse


def traces_values(traces: Sequence[Trace]) -> dict[str, object]:
    """Traces as their statement's values."""
    return {"traces": orjson.dumps(traces, option=orjson.OPT_NON_STR_KEYS).decode()}


def trace_of(told: str) -> Trace:
    """A trace from its JSON."""
    said = orjson.loads(told)
    return Trace(
        **{
            **said,
            "use": TracedUse(said["use"]),
            "book_from": ScheduleSource(said["book_from"]),
            "question": _question(said["question"]) if said["question"] else None,
            "offered": tuple(said["offered"]),
            "technicians": tuple(
                _technician(one["technician_id"], one["could"], tuple(one["reasons"].items()))
                for one in said["technicians"]
            ),
        }
    )


def _question(said: dict[str, Any]) -> Question:
    return Question(
        **{
            **said,
            "part_of_day": PartOfDay(said["part_of_day"]) if said["part_of_day"] else None,
            "days_of_week": tuple(said["days_of_week"]),
            "area": Location(**said["area"]) if said["area"] else None,
        }
    )


@lru_cache(maxsize=4096)
def _technician(technician_id: str, could: int, reasons: tuple[tuple[str, int], ...]) -> TechnicianTrace:
    """One for all that say the same: a month's traces tell little that is new of anybody."""
    return TechnicianTrace(
        technician_id=technician_id, could=could, reasons={Reason(reason): count for reason, count in reasons}
    )
