"""Traces: why a call was answered as it was, for whoever wants to know."""

from dataclasses import dataclass

from slotmcp.domain.book import Book
from slotmcp.domain.errors import NotFound
from slotmcp.domain.trace import Trace
from slotmcp.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """A trace, and the book as it is now: what its ids stand for."""

    trace: Trace
    book: Book


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
        return TraceAnswer(trace=trace, book=await self._store.book(trace.project_id))

    @staticmethod
    def unknown(trace_id: str) -> NotFound:
        """The error for a trace that is not there, or not theirs."""
        return NotFound(
            "traceId",
            "There is no trace with that id. One is written a second or so after the answer, and kept for as many days "
            "as SLOTMCP_TRACE_DAYS says.",
            wanted=trace_id,
        )
