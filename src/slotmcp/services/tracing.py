"""Trace of the current call: its request, result and timed spans, collected while the call runs."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from opentelemetry import trace as otel

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import US_PER_SECOND, Minute
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.offer import Slot
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import ScheduleSource, TracedUse
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.services.appointments import Appointment

_CURRENT: ContextVar["TraceBuilder | None"] = ContextVar("slotmcp_trace", default=None)
_tracer: Final = otel.get_tracer("slotmcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRequest:
    """Request of a call, resolved against the schedule."""

    availability: Availability
    service_id: str
    need: Need
    start_from: Minute
    start_to: Minute
    timezone: str
    part_of_day: PartOfDay | None = None
    days_of_week: frozenset[int] = frozenset()
    start: Minute | None = None
    """Requested start; None for a search."""
    hold: Hold | None = None
    """Hold that the call books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedResult:
    """Result of a call: slots found, alternatives offered, a hold, or a booking."""

    slots: tuple[Slot, ...] = ()
    reasons: Mapping[str, Mapping[Reason, int]] = field(default_factory=dict)
    """If no slot was found: the number of starts that each reason blocks, by technician id."""
    reason: Reason | None = None
    """If no slot was found: the reason that the caller heard."""
    capacity: int = 0
    """Capacity of the start before it was held."""
    hold_key: str = ""
    booking: Booking | None = None
    was_replayed: bool = False


@dataclass(slots=True)
class TraceBuilder:
    """Collector of the facts of one call."""

    trace_id: str
    use: TracedUse
    conversation: str
    call_id: str
    began_s: float
    availability: Availability | None = None
    """Availability read last, for a request that cannot be resolved."""
    schedule_source: ScheduleSource = ScheduleSource.DATABASE
    request: TracedRequest | None = None
    result: TracedResult = field(default_factory=TracedResult)
    moved_holds: int = 0
    outcome: str = ""
    spans_us: dict[str, int] = field(default_factory=dict)


def current_trace() -> TraceBuilder | None:
    """Return the current call's trace builder; None if the call is not traced."""
    return _CURRENT.get()


@contextmanager
def tracing_into(builder: TraceBuilder | None) -> Iterator[None]:
    """Make a builder the current one within the block, and in threads started by it. None: the call is not traced."""
    token = _CURRENT.set(builder)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def record_start(availability: Availability, appointment: Appointment, hold: Hold | None = None) -> None:
    """Record the request for one start, if the call is traced."""
    if builder := _CURRENT.get():
        builder.request = TracedRequest(
            availability=availability,
            service_id=appointment.service.id,
            need=appointment.need,
            start_from=appointment.start,
            start_to=appointment.start + 1,
            timezone=availability.schedule.project.timezone,
            start=appointment.start,
            hold=hold,
        )


def record_result(result: TracedResult) -> None:
    """Record a call's result, if the call is traced."""
    if builder := _CURRENT.get():
        builder.result = result


def may_export_spans() -> bool:
    """Return whether a provider of OpenTelemetry is set. The MCP SDK begins the span of each message."""
    return not isinstance(otel.get_tracer_provider(), otel.ProxyTracerProvider | otel.NoOpTracerProvider)


def span(name: str) -> AbstractContextManager[object]:
    """Time the block as a span of the current trace, and of the current OpenTelemetry trace if that is recorded."""
    builder = _CURRENT.get()
    timer = _UNTIMED if builder is None else _Timer(builder.spans_us, name)
    return _otel_span(name, timer) if otel.get_current_span().is_recording() else timer


@contextmanager
def _otel_span(name: str, timer: AbstractContextManager[object]) -> Iterator[None]:
    with timer, _tracer.start_as_current_span(name):
        yield


@dataclass(slots=True)
class _Timer(AbstractContextManager[None]):
    """Timer that adds the block's duration to a span. A class, because a generator takes three times as long."""

    spans_us: dict[str, int]
    name: str
    began_s: float = 0.0

    def __enter__(self) -> None:
        self.began_s = perf_counter()

    def __exit__(self, *_raised: object) -> None:
        duration_us = round((perf_counter() - self.began_s) * US_PER_SECOND)
        self.spans_us[self.name] = self.spans_us.get(self.name, 0) + duration_us


_UNTIMED: Final = nullcontext()
