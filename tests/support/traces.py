"""Traces as calls leave them, built by hand; and a place that keeps them in memory."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from slotmcp.domain.trace import Question, Trace, TracedUse
from support.shop import at

_numbers = count(1)


def question(start_from: str | int, start_to: str | int, **facts: Any) -> Question:  # noqa: ANN401  a Question's fields
    """A wish for a visit of an hour."""
    usual = {"service_id": "visit", "duration_minutes": 60, "timezone": "UTC"}
    return Question(start_from=at(start_from), start_to=at(start_to), **{**usual, **facts})


def trace(use: TracedUse, at_ms: int, who: str = "kim", **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    """One call that went well, unless said otherwise."""
    usual = {"id": f"t{next(_numbers):06}", "project_id": "shop", "outcome": "ok", "conversation": who}
    return Trace(use=use, at_ms=at_ms, **{**usual, **facts})


class GivenTraces:
    """The Traces port, of a test that has them all."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._all = list(traces)

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        """Keep more."""
        self._all += traces

    async def trace(self, trace_id: str) -> Trace | None:
        """One by its id."""
        return next((one for one in self._all if one.id == trace_id), None)

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        """Those of a time."""
        theirs = [one for one in self._all if one.project_id == project_id and from_ms <= one.at_ms < to_ms]
        return tuple(sorted(theirs, key=lambda one: (one.at_ms, one.id)))

    async def drop_traces(self, before_ms: int) -> int:
        """Forget the old ones."""
        kept = [one for one in self._all if one.at_ms >= before_ms]
        dropped = len(self._all) - len(kept)
        self._all = kept
        return dropped
