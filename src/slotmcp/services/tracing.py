"""Tracing: what a call is decided by is noted while it is answered, by reference, and written down afterwards.

On the path of a call only references and numbers are taken. Nobody waits for a trace, and none changes an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from opentelemetry import trace as otel

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.interval import Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import ScheduleSource, TracedUse
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need

_MICROSECONDS: Final = 1_000_000
_CURRENT: ContextVar["TraceBuilder | None"] = ContextVar("slotmcp_trace", default=None)
_tracer: Final = otel.get_tracer("slotmcp")


@dataclass(slots=True)
class TraceBuilder:
    """What is known of one call so far."""

    trace_id: str
    use: TracedUse
    conversation: str
    call_id: str
    began: float
    availability: Availability | None = None
    """By which it was decided."""
    book_from: ScheduleSource = ScheduleSource.DATABASE
    service_id: str = ""
    need: Need | None = None
    start_from: Minute = 0
    start_to: Minute = 0
    zone_key: str = ""
    part_of_day: PartOfDay | None = None
    days_of_week: frozenset[int] | None = None
    offered: Sequence[Minute] = ()
    could: Sequence[tuple[str, ...]] = ()
    """The candidates of each start that was offered."""
    in_the_way: Mapping[str, Mapping[Reason, int]] = field(default_factory=dict)
    """Of a question without an answer: what was in each technician's way, by their ids."""
    start: Minute | None = None
    capacity: int = 0
    hold_key: str = ""
    booking_id: str = ""
    technician_id: str = ""
    reason: AssignmentReason | None = None
    was_replayed: bool = False
    was_revived: bool = False
    moved_holds: int = 0
    outcome: str = ""
    hops: dict[str, int] = field(default_factory=dict)

    def wants(self, availability: Availability, service_id: str, need: Need, start: Minute) -> None:
        """A start that was named."""
        self.availability = availability
        self.service_id = service_id
        self.need = need
        self.start = self.start_from = start
        self.start_to = start + 1
        self.zone_key = availability.schedule.project.timezone


def current_trace() -> TraceBuilder | None:
    """What is to be noted of the current call; None: it is not traced."""
    return _CURRENT.get()


@contextmanager
def tracing_into(one: TraceBuilder) -> Iterator[None]:
    """Let what is decided within be noted there, in other threads that work for it, too."""
    token = _CURRENT.set(one)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def span(name: str) -> AbstractContextManager[object]:
    """Count the time within as a hop of the current call, and as a span where the call is one that is collected."""
    one = _CURRENT.get()
    counted = _NOT_COUNTED if one is None else _Counted(one.hops, name)
    return _spanning(name, counted) if otel.get_current_span().is_recording() else counted


@contextmanager
def _spanning(name: str, counted: AbstractContextManager[object]) -> Iterator[None]:
    with counted, _tracer.start_as_current_span(name):
        yield


@dataclass(slots=True)
class _Counted(AbstractContextManager[None]):
    """Adds the time within to a hop. A class, since every call has several: a generator takes three times as long."""

    hops: dict[str, int]
    name: str
    began: float = 0.0

    def __enter__(self) -> None:
        self.began = perf_counter()

    def __exit__(self, *_raised: object) -> None:
        took = round((perf_counter() - self.began) * _MICROSECONDS)
        self.hops[self.name] = self.hops.get(self.name, 0) + took


_NOT_COUNTED: Final = nullcontext()
