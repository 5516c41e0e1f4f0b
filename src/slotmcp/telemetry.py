"""Every metric, with its unit and its help. Labels are few and known: never what somebody said.

Several processes of one server add theirs up where PROMETHEUS_MULTIPROC_DIR names a folder that they share.
"""

from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

disable_created_metrics()  # type: ignore[no-untyped-call] # the library's
_registry: Final = CollectorRegistry()
_tool_calls: Final = Counter(
    "slotmcp_tool_calls", "Calls of tools, by how they ended.", ("tool", "outcome"), registry=_registry
)
_tool_seconds: Final = Histogram(
    "slotmcp_tool_seconds", "How long a call of a tool took.", ("tool",), buckets=_BUCKETS, registry=_registry
)
_http_requests: Final = Counter(
    "slotmcp_http_requests", "HTTP requests, by how they were answered.", ("route", "status"), registry=_registry
)
_webhooks: Final = Counter(
    "slotmcp_webhook_deliveries", "Webhooks of calendars, by what became of them.", ("outcome",), registry=_registry
)
_conflicts: Final = Counter(
    "slotmcp_calendar_conflicts", "Times that a calendar has, and that were promised or sold here.", registry=_registry
)
_pushes: Final = Counter(
    "slotmcp_calendar_pushes",
    "Bookings of which a calendar was told, by how that went.",
    ("outcome",),
    registry=_registry,
)
_differences: Final = Counter(
    "slotmcp_calendar_differences",
    "What reconciling with calendars found and healed, by kind.",
    ("kind",),
    registry=_registry,
)
_build: Final = Gauge(
    "slotmcp_build_info", "Always 1.", ("version",), registry=_registry, multiprocess_mode="mostrecent"
)
_build.labels(version("slotmcp")).set(1)


def tool_called(tool: str, outcome: str, seconds: float) -> None:
    """A call of a tool ended with "ok" or an error's code."""
    _tool_calls.labels(tool, outcome).inc()
    _tool_seconds.labels(tool).observe(seconds)


def http_answered(route: str, status: int) -> None:
    """A request was answered. The route is one of those that there are."""
    _http_requests.labels(route, status).inc()


def webhook_answered(outcome: str) -> None:
    """A webhook of a calendar's was answered; the outcome is one of those that there are."""
    _webhooks.labels(outcome).inc()


def conflicts_began(count: int) -> None:
    """A calendar has something on so many bookings' time."""
    _conflicts.inc(count)


def pushed(outcome: str) -> None:
    """A calendar was told of a booking: "done", "refused" or "away"."""
    _pushes.labels(outcome).inc()


def differences_healed(kind: str) -> None:
    """Reconciling with a calendar found a difference of a kind, and healed it."""
    _differences.labels(kind).inc()


def exposition() -> bytes:
    """All metrics, as Prometheus reads them; of all processes that share the folder."""
    if not _are_shared():
        return generate_latest(_registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library's
    return generate_latest(together)


def _are_shared() -> bool:
    return bool(ValueClass.__name__ == "MmapedValue")  # the library decides by the environment, when it is imported
