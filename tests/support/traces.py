"""Traces for tests."""

from itertools import count
from typing import Any

from slotmcp.domain.trace import Question, Trace, TracedUse
from support.shop import at

_numbers = count(1)


def question(start_from: str | int, start_to: str | int, **facts: Any) -> Question:  # noqa: ANN401  a Question's fields
    """Return a question for a visit of an hour."""
    usual = {"service_id": "visit", "duration_minutes": 60, "timezone": "UTC"}
    return Question(start_from=at(start_from), start_to=at(start_to), **{**usual, **facts})


def trace(use: TracedUse, at_ms: int, who: str = "kim", **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    """Return the trace of a call; by default of a successful one."""
    usual = {"id": f"t{next(_numbers):06}", "project_id": "shop", "outcome": "ok", "conversation": who}
    return Trace(use=use, at_ms=at_ms, **{**usual, **facts})
