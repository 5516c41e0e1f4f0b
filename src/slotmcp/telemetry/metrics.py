"""All metrics with their units, help and labels. docs/reference/metrics.md has a heading for each.

Several processes of one server add up their metrics if PROMETHEUS_MULTIPROC_DIR names a folder that they share. The
mode of a gauge defines how: "mostrecent" if all processes see the same value, "live..." if each sees its own. Dead
processes do not count in the "live..." modes.
"""

from collections.abc import Iterable
from enum import StrEnum
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from slotmcp.domain.trace import ScheduleSource, TracedUse

_CALL_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SPAN_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
_FIRST_SLOT_SECONDS: Final = (0.01, 0.1, 1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_CONVERSATION_SECONDS: Final = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)

disable_created_metrics()  # type: ignore[no-untyped-call] # the library's
REGISTRY: Final = CollectorRegistry()


class FunnelStage(StrEnum):
    """Stage of a conversation. A conversation that reached a stage has reached all stages before it."""

    STARTED = "asked"
    OFFERED = "offered"
    HELD = "held"
    """Held a time, or booked one without a hold."""
    BOOKED = "booked"


class HoldEvent(StrEnum):
    """Change of a hold."""

    CREATED = "created"
    """Created for a caller, or for a customer on the waitlist."""
    MOVED = "moved"
    """Moved to another technician, to make room."""
    EXPIRED = "expired"
    """Marked as expired, at the next write to its project."""
    REVIVED = "revived"
    """Booked after it had expired."""
    RELEASED = "released"
    """Given back; or a booking was moved to its time."""
    WITHDRAWN = "withdrawn"
    """Withdrawn, because no technician can serve it."""
    BOOKED = "booked"


class Limit(StrEnum):
    """Limit of what a credential may use, which took effect."""

    MESSAGES = "messages_per_credential"
    """The credential sent more messages than its rate allows."""
    CREDENTIAL_STREAMS = "streams_per_credential"
    """The credential has as many open event streams as allowed."""
    ALL_STREAMS = "streams_in_total"
    """The process has as many open event streams as allowed."""
    HOLDS = "holds_per_credential"
    """A hold was refused: the credential has as many in the project as allowed."""
    WAITS = "waits_per_credential"
    """A waitlist entry was refused: the credential or the project has as many as allowed."""
    UNREAD_MESSAGES = "unread_messages"
    """A stream was ended: its client left too many messages, or too many bytes, unread."""
    STALLED_STREAM = "stalled_stream"
    """A stream was ended: its client did not accept data in time."""
    IDLE_STREAM = "idle_stream"
    """A stream was ended: its client sent no message for a long time."""


class CloseReason(StrEnum):
    """Limit that closed a connection."""

    TOTAL = "total"
    """Refused: all connections of the process were answering requests."""
    PEER = "peer"
    """Refused: all connections of the peer were answering requests."""
    EVICTED = "evicted"
    """Closed for a new connection, after the longest wait."""
    SIZE = "size"
    """More bytes than allowed."""
    DEADLINE = "deadline"
    """The request did not arrive, or its answer was not read, in time."""
    INVALID = "invalid"
    """The bytes were not HTTP."""


def _counter(name: str, help_: str, *labels: str, initial: Iterable[str] = ()) -> Counter:
    """Declare a counter. With initial label values, it starts at 0 for each of them."""
    counter = Counter(name, help_, labels, registry=REGISTRY)
    for value in initial:
        counter.labels(value)
    return counter


def _histogram(name: str, help_: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    return Histogram(name, help_, labels, buckets=buckets, registry=REGISTRY)


def _gauge(
    name: str, help_: str, *labels: str, mode: Literal["mostrecent", "livemin", "livemax", "livesum"] = "mostrecent"
) -> Gauge:
    return Gauge(name, help_, labels, registry=REGISTRY, multiprocess_mode=mode)


# Calls
TOOL_CALLS: Final = _counter("slotmcp_tool_calls", "Calls of tools, by how they ended.", "tool", "outcome")
TOOL_SECONDS: Final = _histogram(
    "slotmcp_tool_seconds", "How long a call of a tool took.", "tool", buckets=_CALL_SECONDS
)
HTTP_REQUESTS: Final = _counter("slotmcp_http_requests", "HTTP requests, by how they were answered.", "route", "status")
OPEN_CONNECTIONS: Final = _gauge(
    "slotmcp_open_connections", "Open connections of clients; of all processes together.", mode="livesum"
)
CLOSED_CONNECTIONS: Final = _counter(
    "slotmcp_closed_connections", "Connections that a limit closed, by limit.", "reason", initial=CloseReason
)

LIMITS: Final = _counter(
    "slotmcp_limits", "Times that a limit of a credential took effect, by limit.", "limit", initial=Limit
)

# Decisions
HOP_SECONDS: Final = _histogram(
    "slotmcp_hop_seconds", "How long one hop of a decision took.", "use_case", "hop", buckets=_SPAN_SECONDS
)
BOOKS_FOUND: Final = _counter(
    "slotmcp_books_found",
    "Decisions, by where the book was found that they were made by.",
    "layer",
    initial=ScheduleSource,
)
REFUSALS: Final = _counter(
    "slotmcp_refusals",
    "Decisions that gave the caller nothing, by code and by what was mostly in the way.",
    *("use_case", "code", "reason"),
)
BOOKINGS: Final = _counter(
    "slotmcp_bookings", "Appointments sold by book_slot, by what they came of.", "way", initial=("hold", "direct")
)
CONVERSATIONS: Final = _counter(
    "slotmcp_conversations", "Conversations that came to a step for the first time.", "step", initial=FunnelStage
)
FIRST_SLOT_SECONDS: Final = _histogram(
    "slotmcp_first_slot_seconds",
    "Time from a conversation's first question to the first slot that it was offered.",
    buckets=_FIRST_SLOT_SECONDS,
)
FIRST_HOLD_SECONDS: Final = _histogram(
    "slotmcp_first_hold_seconds",
    "Time from a conversation's first question to the first time that it held, or booked.",
    buckets=_CONVERSATION_SECONDS,
)
COLLISIONS: Final = _counter(
    "slotmcp_collisions",
    "Times that had been offered in a conversation, and were gone when it took them.",
    "use_case",
    initial=(TracedUse.CREATE_HOLD, TracedUse.BOOK_SLOT),
)
HOLDS: Final = _counter("slotmcp_holds", "What became of holds.", "event", initial=HoldEvent)
FAILED_VERIFICATIONS: Final = _counter(
    "slotmcp_failed_verifications", "Requests for a booking with a phone number or email that is not on it."
)
GUESSING_ALERTS: Final = _counter(
    "slotmcp_guessing_alerts", "Failed verifications of a credential that had at least 100 within the hour."
)
TRACES_KEPT: Final = _counter("slotmcp_traces_kept", "Decision traces that were kept.")
TRACES_SAMPLED_OUT: Final = _counter(
    "slotmcp_traces_sampled_out", "Decision traces that were not kept, because there were more than the size allows."
)
TRACES_DROPPED: Final = _counter(
    "slotmcp_traces_dropped", "Decision traces that were lost: too many at once, or no database."
)

# Calendars
WEBHOOK_DELIVERIES: Final = _counter(
    "slotmcp_webhook_deliveries", "Webhooks of calendars, by what became of them.", "outcome"
)
CALENDAR_CONFLICTS: Final = _counter(
    "slotmcp_calendar_conflicts", "Times that a calendar has, and that were promised or sold here."
)
CALENDAR_PUSHES: Final = _counter(
    "slotmcp_calendar_pushes",
    "Bookings of which a calendar was told, by how that went.",
    "outcome",
    initial=("done", "refused", "away"),
)
CALENDAR_DIFFERENCES: Final = _counter(
    "slotmcp_calendar_differences", "What reconciling with calendars found and healed, by kind.", "kind"
)
PUSHES_DUE: Final = _gauge("slotmcp_calendar_pushes_due", "Bookings of which a calendar does not know yet.", "project")
OLDEST_PUSH_SECONDS: Final = _gauge(
    "slotmcp_calendar_oldest_push_seconds",
    "For how long a calendar has not known of a booking; 0: it knows all.",
    "project",
)
PUSHES_REFUSED: Final = _gauge("slotmcp_calendar_pushes_refused", "Bookings that a calendar will not have.", "project")
EVENTS_PARKED: Final = _gauge(
    "slotmcp_calendar_events_parked", "Events of a calendar that could not be applied, and were put aside.", "project"
)
RECONCILE_AGE_SECONDS: Final = _gauge(
    "slotmcp_calendar_reconcile_age_seconds", "Time since a calendar was last read to its end; +Inf: never.", "project"
)

# Health of the server
DEPENDENCY_UP: Final = _gauge(
    "slotmcp_dependency_up", "Whether every process reaches a dependency: 1 or 0.", "dependency", mode="livemin"
)
DEPENDENCY_SECONDS: Final = _gauge(
    "slotmcp_dependency_seconds",
    "How long a dependency took to answer the last check; of several processes, the longest.",
    "dependency",
    mode="livemax",
)
CONNECTIONS_IN_USE: Final = _gauge(
    "slotmcp_connections_in_use",
    "Connections to a dependency that somebody is using; of all processes together.",
    "dependency",
    mode="livesum",
)
PROJECT_BYTES: Final = _gauge(
    "slotmcp_project_memory_bytes",
    "Estimated memory of the projects that processes keep; of all processes together.",
    mode="livesum",
)
EVICTED_PROJECTS: Final = _counter(
    "slotmcp_evicted_projects", "Projects that left a process's memory, and are read again at their next call."
)
VITALS_TIMESTAMP: Final = _gauge(
    "slotmcp_vitals_timestamp_seconds",
    "When the gauges were last brought up to date; of several processes, the latest.",
    mode="livemax",
)
_BUILD_INFO: Final = _gauge("slotmcp_build_info", "Always 1.", "version")
_BUILD_INFO.labels(version("slotmcp")).set(1)
