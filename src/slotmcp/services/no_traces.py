"""Where no traces are kept."""

from collections.abc import Sequence

from slotmcp.domain.trace import Trace


class NoTraces:
    """The Traces port, of who keeps none."""

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        """Keep nothing."""

    async def trace(self, trace_id: str) -> Trace | None:  # noqa: ARG002  the port's
        """There is none."""
        return None

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:  # noqa: ARG002  the port's
        """There are none."""
        return ()

    async def drop_traces(self, before_ms: int) -> int:  # noqa: ARG002  the port's
        """There was none to forget."""
        return 0
