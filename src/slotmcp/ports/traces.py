"""Where traces are kept."""

from collections.abc import Collection, Sequence
from typing import Protocol

from slotmcp.domain.trace import Trace


class Traces(Protocol):
    """Keeps traces, until they are too old. Of the store: the same database, off the path of every call."""

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        """Keep traces, durably or not; one that is there already is left alone.

        Those of a project that is not there are dropped.

        Raises:
            Unavailable: the database is away; nothing was kept.
        """
        ...

    async def trace(self, trace_id: str) -> Trace | None:
        """A trace by its id, of whichever project."""
        ...

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        """The traces of a half-open span of time, by time and id."""
        ...

    async def conversations(
        self, project_id: str, names: Collection[str], *, from_ms: int, most: int
    ) -> tuple[Trace, ...]:
        """What was said in some conversations from a time on, by time and id; of each the newest, so many at most."""
        ...

    async def refusals(self, project_id: str, *, from_ms: int, most: int) -> tuple[Trace, ...]:
        """The calls since a time that were told no, or asked what is free when nothing was: the newest first."""
        ...

    async def drop_traces(self, before_ms: int) -> int:
        """Forget older traces, a few thousand at most; how many."""
        ...
