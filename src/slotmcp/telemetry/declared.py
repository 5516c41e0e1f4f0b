"""Every metric, with its unit and its help: docs/reference/metrics.md has a heading for each.

Several processes of one server add theirs up where PROMETHEUS_MULTIPROC_DIR names a folder that they share. A gauge's
mode says how: "mostrecent" where all see the same; "live..." where each sees its own, and the dead do not count.
"""

from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

_CALL_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_HOP_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
_TALK_SECONDS: Final = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)

disable_created_metrics()  # type: ignore[no-untyped-call] # the library's
REGISTRY: Final = CollectorRegistry()

# What is asked.
TOOL_CALLS: Final = Counter(
    "slotmcp_tool_calls", "Calls of tools, by how they ended.", ("tool", "outcome"), registry=REGISTRY
)
TOOL_SECONDS: Final = Histogram(
    "slotmcp_tool_seconds", "How long a call of a tool took.", ("tool",), buckets=_CALL_SECONDS, registry=REGISTRY
)
HTTP_REQUESTS: Final = Counter(
    "slotmcp_http_requests", "HTTP requests, by how they were answered.", ("route", "status"), registry=REGISTRY
)

# What is decided.
HOP_SECONDS: Final = Histogram(
    "slotmcp_hop_seconds",
    "How long one hop of a decision took.",
    ("use_case", "hop"),
    buckets=_HOP_SECONDS,
    registry=REGISTRY,
)
BOOKS_FOUND: Final = Counter(
    "slotmcp_books_found",
    "Decisions, by where the book was found that they were made by.",
    ("layer",),
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "slotmcp_refusals",
    "Decisions that gave the caller nothing, by code and by what was mostly in the way.",
    ("use_case", "code", "reason"),
    registry=REGISTRY,
)
BOOKINGS: Final = Counter(
    "slotmcp_bookings", "Appointments sold by book_slot, by what they came of.", ("way",), registry=REGISTRY
)
CONVERSATIONS: Final = Counter(
    "slotmcp_conversations", "Conversations that came to a step for the first time.", ("step",), registry=REGISTRY
)
FIRST_HOLD_SECONDS: Final = Histogram(
    "slotmcp_first_hold_seconds",
    "Time from a conversation's first question to the first time that it held, or booked.",
    buckets=_TALK_SECONDS,
    registry=REGISTRY,
)
COLLISIONS: Final = Counter(
    "slotmcp_collisions",
    "Times that had been offered in a conversation, and were gone when it took them.",
    ("use_case",),
    registry=REGISTRY,
)
HOLDS: Final = Counter("slotmcp_holds", "What became of holds.", ("event",), registry=REGISTRY)
TRACES_KEPT: Final = Counter("slotmcp_traces_kept", "Decision traces that were kept.", registry=REGISTRY)
TRACES_DROPPED: Final = Counter(
    "slotmcp_traces_dropped", "Decision traces that were lost: too many at once, or no database.", registry=REGISTRY
)

# What calendars say, and are told.
WEBHOOK_DELIVERIES: Final = Counter(
    "slotmcp_webhook_deliveries", "Webhooks of calendars, by what became of them.", ("outcome",), registry=REGISTRY
)
CALENDAR_CONFLICTS: Final = Counter(
    "slotmcp_calendar_conflicts", "Times that a calendar has, and that were promised or sold here.", registry=REGISTRY
)
CALENDAR_PUSHES: Final = Counter(
    "slotmcp_calendar_pushes",
    "Bookings of which a calendar was told, by how that went.",
    ("outcome",),
    registry=REGISTRY,
)
CALENDAR_DIFFERENCES: Final = Counter(
    "slotmcp_calendar_differences",
    "What reconciling with calendars found and healed, by kind.",
    ("kind",),
    registry=REGISTRY,
)
PUSHES_DUE: Final = Gauge(
    "slotmcp_calendar_pushes_due",
    "Bookings of which a calendar does not know yet.",
    ("project",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
OLDEST_PUSH_SECONDS: Final = Gauge(
    "slotmcp_calendar_oldest_push_seconds",
    "For how long a calendar has not known of a booking; 0: it knows all.",
    ("project",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
PUSHES_REFUSED: Final = Gauge(
    "slotmcp_calendar_pushes_refused",
    "Bookings that a calendar will not have.",
    ("project",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
EVENTS_PARKED: Final = Gauge(
    "slotmcp_calendar_events_parked",
    "Events of a calendar that could not be applied, and were put aside.",
    ("project",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
RECONCILE_AGE_SECONDS: Final = Gauge(
    "slotmcp_calendar_reconcile_age_seconds",
    "Time since a calendar was last read to its end; +Inf: never.",
    ("project",),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)

# How the server is.
DEPENDENCY_UP: Final = Gauge(
    "slotmcp_dependency_up",
    "Whether every process reaches a dependency: 1 or 0.",
    ("dependency",),
    registry=REGISTRY,
    multiprocess_mode="livemin",
)
DEPENDENCY_SECONDS: Final = Gauge(
    "slotmcp_dependency_seconds",
    "How long a dependency took to answer the last check; of several processes, the longest.",
    ("dependency",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
CONNECTIONS_IN_USE: Final = Gauge(
    "slotmcp_connections_in_use",
    "Connections to a dependency that somebody is using; of all processes together.",
    ("dependency",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
VITALS_TIMESTAMP: Final = Gauge(
    "slotmcp_vitals_timestamp_seconds",
    "When the gauges were last brought up to date; of several processes, the latest.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
_BUILD_INFO: Final = Gauge(
    "slotmcp_build_info", "Always 1.", ("version",), registry=REGISTRY, multiprocess_mode="mostrecent"
)
_BUILD_INFO.labels(version("slotmcp")).set(1)
