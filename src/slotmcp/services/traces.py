"""Traces: why a call was answered as it was, for whoever wants to know."""

from dataclasses import dataclass
from typing import Final

from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Trace
from slotmcp.ports import Store

REFUSAL_DAYS: Final = 7
"""How far back refusals are looked for."""
_MS_PER_DAY: Final = MINUTES_PER_DAY * MS_PER_MINUTE
_HOUR_MS: Final = 60 * MS_PER_MINUTE
_MOST_CALLS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """A trace, and the book as it is now: what its ids stand for."""

    trace: Trace
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsAnswer:
    """Calls that were told no, the latest first, and the book as it is now."""

    refusals: tuple[Trace, ...]
    schedule: Schedule


class TraceService:
    """Finds traces."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def find(self, trace_id: str) -> TraceAnswer:
        """A trace by its id, of whichever project: whoever asks checks whether that is within reach.

        Raises:
            NotFound: there is none, or none any more, or not yet.
            Unavailable.
        """
        trace = await self._store.trace(trace_id)
        if trace is None:
            raise self.unknown(trace_id)
        return TraceAnswer(trace=trace, schedule=await self._store.schedule(trace.project_id))

    async def around(self, trace: Trace) -> tuple[Trace, ...]:
        """What was said in the same conversation within an hour of it, itself too; by time and id.

        Raises:
            Unavailable.
        """
        if not trace.conversation:
            return (trace,)
        since_ms = trace.at_ms - _HOUR_MS
        said = await self._store.conversations(
            trace.project_id, [trace.conversation], from_ms=since_ms, most=_MOST_CALLS
        )
        return tuple(one for one in said if one.at_ms <= trace.at_ms + _HOUR_MS)

    async def refusals(self, project_id: str, *, most: int) -> RefusalsAnswer:
        """A project's latest calls that were refused, or to which nothing could be offered; of REFUSAL_DAYS.

        Raises:
            NotFound, Unavailable.
        """
        schedule = await self._store.schedule(project_id)
        from_ms = await self._store.now_ms() - REFUSAL_DAYS * _MS_PER_DAY
        return RefusalsAnswer(
            refusals=await self._store.refusals(project_id, from_ms=from_ms, most=most), schedule=schedule
        )

    @staticmethod
    def unknown(trace_id: str) -> NotFound:
        """The error for a trace that is not there, or not theirs."""
        return NotFound(
            "traceId",
            "There is no trace with that id. One is written a second or so after the answer, and kept for as many days "
            "as SLOTMCP_TRACE_DAYS says.",
            wanted=trace_id,
        )
