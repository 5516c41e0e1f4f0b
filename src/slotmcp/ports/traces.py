"""Storage of decision traces."""

from collections.abc import Collection, Sequence
from typing import Protocol

from slotmcp.domain.trace import Trace


class Traces(Protocol):
    """Storage of traces in the store's database, written outside of calls."""

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        """Insert traces, not necessarily durably. Existing traces stay, and traces of missing projects are dropped.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def trace(self, trace_id: str) -> Trace | None:
        """Return a trace of any project by id."""

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        """Return the traces of a half-open time interval, by time and id."""

    async def conversations(
        self, project_id: str, conversation_ids: Collection[str], *, from_ms: int, limit: int
    ) -> tuple[Trace, ...]:
        """Return the newest `limit` traces of each conversation since a time, by time and id."""

    async def refusals(self, project_id: str, *, from_ms: int, limit: int) -> tuple[Trace, ...]:
        """Return the newest calls since a time that were refused or had nothing to offer, newest first."""

    async def drop_traces(self, before_ms: int) -> int:
        """Delete older traces, at most a few hundred; return their number."""

    async def excess_traces(self, max_bytes: int) -> int:
        """Return the estimated number of the oldest traces that must be deleted so that all take at most a size."""

    async def drop_oldest_traces(self, count: int) -> int:
        """Delete the oldest traces of all projects, at most a few hundred; return their number."""
