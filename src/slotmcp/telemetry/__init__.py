"""Recording of metrics. Labels have few and known values, and never contain caller data."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf, nan
from typing import Final

from slotmcp.domain.calendar import CalendarBacklog
from slotmcp.domain.errors import ErrorCode
from slotmcp.domain.interval import MS_PER_SECOND, US_PER_SECOND
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.telemetry import metrics
from slotmcp.telemetry.metrics import CloseReason, FunnelStage, HoldEvent

_OK: Final = "ok"
_NOTHING_OFFERED: Final = "nothing_offered"
"""Refusal code of a get_slots call that found no start."""
_NO_REASON: Final = "none"
_ALERTED_OUTCOMES: Final = (_OK, ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE)
"""Outcomes whose first occurrence must be able to trigger an alert."""
_TOTAL: Final = "total"
"""Span of the whole call, which TOOL_SECONDS measures."""
_DISCONNECTED: Final = CalendarBacklog(due=0, oldest_since_ms=None, refused=0, deferred=0, finished_ms=0)
"""Backlog of a project that is no longer connected to a calendar."""
_calendar_projects: Final = set[str]()


def initialize_tool_metrics(tools: Iterable[str]) -> None:
    """Create the counters of tools at 0. Otherwise Prometheus would not see the first failure as an increase."""
    for tool in tools:
        for outcome in _ALERTED_OUTCOMES:
            metrics.TOOL_CALLS.labels(tool, outcome)


def record_tool_call(tool: str, outcome: str, seconds: float) -> None:
    """Record a call of a tool that ended with "ok" or an error code."""
    metrics.TOOL_CALLS.labels(tool, outcome).inc()
    metrics.TOOL_SECONDS.labels(tool).observe(seconds)


def record_http_request(route: str, status: int) -> None:
    """Record the response to a request of an existing route."""
    metrics.HTTP_REQUESTS.labels(route, status).inc()


def record_open_connections(count: int) -> None:
    """Record the number of this process's open connections of clients."""
    metrics.OPEN_CONNECTIONS.set(count)


def record_closed_connection(reason: CloseReason) -> None:
    """Record a connection that a limit closed."""
    metrics.CLOSED_CONNECTIONS.labels(reason).inc()


def record_decision(trace: Trace) -> None:
    """Record a decision whose trace was saved."""
    if trace.revision:
        metrics.BOOKS_FOUND.labels(trace.book_from).inc()
    for span, took_us in trace.hops.items():
        if span != _TOTAL:
            metrics.HOP_SECONDS.labels(trace.use, span).observe(took_us / US_PER_SECOND)
    if code := _refusal_code(trace):
        metrics.REFUSALS.labels(trace.use, code, trace.main_reason or _NO_REASON).inc()
    if trace.use is TracedUse.BOOK_SLOT and trace.outcome == _OK and not trace.was_replayed:
        metrics.BOOKINGS.labels("hold" if trace.hold_key else "direct").inc()


def _refusal_code(trace: Trace) -> str:
    """Return the error code, or the code for no offered start; "": the call succeeded."""
    if trace.outcome != _OK:
        return trace.outcome
    return _NOTHING_OFFERED if trace.use is TracedUse.GET_SLOTS and not trace.offered else ""


def record_failed_verification() -> None:
    """Record a request for a booking with a contact that is not on it."""
    metrics.FAILED_VERIFICATIONS.inc()


def record_guessing_alert() -> None:
    """Record a failed verification of a credential that had many."""
    metrics.GUESSING_ALERTS.inc()


def record_stage(stage: FunnelStage) -> None:
    """Record that a conversation reached a stage for the first time."""
    metrics.CONVERSATIONS.labels(stage).inc()


def record_first_slot(seconds: float) -> None:
    """Record the time from a conversation's first question to its first offered slot."""
    metrics.FIRST_SLOT_SECONDS.observe(seconds)


def record_first_hold(seconds: float) -> None:
    """Record the time from a conversation's first question to its first hold or booking."""
    metrics.FIRST_HOLD_SECONDS.observe(seconds)


def record_collision(use: TracedUse) -> None:
    """Record that a conversation requested an offered time that was no longer available."""
    metrics.COLLISIONS.labels(use).inc()


def record_hold_events(events: Sequence[HoldEvent]) -> None:
    """Record the changes of holds that a committed write made."""
    for event in set(events):
        metrics.HOLDS.labels(event).inc(events.count(event))


def record_saved_traces(count: int, *, sampled_out: int) -> None:
    """Record that traces were saved to the database, and that others were not, because there were too many."""
    metrics.TRACES_SAMPLED_OUT.inc(sampled_out)
    metrics.TRACES_KEPT.inc(count)


def record_dropped_traces(count: int) -> None:
    """Record that traces were lost."""
    metrics.TRACES_DROPPED.inc(count)


def record_webhook(outcome: str) -> None:
    """Record the response to a calendar's webhook."""
    metrics.WEBHOOK_DELIVERIES.labels(outcome).inc()


def record_calendar_conflicts(count: int) -> None:
    """Record new conflicts of a calendar with holds or bookings."""
    metrics.CALENDAR_CONFLICTS.inc(count)


def record_calendar_push(outcome: str) -> None:
    """Record a push of a booking to a calendar: "done", "refused" or "away"."""
    metrics.CALENDAR_PUSHES.labels(outcome).inc()


def record_calendar_difference(kind: str) -> None:
    """Record a difference that reconciliation with a calendar found and repaired."""
    metrics.CALENDAR_DIFFERENCES.labels(kind).inc()


def record_calendar_backlogs(backlogs: Mapping[str, CalendarBacklog], *, now_ms: int) -> None:
    """Record the backlogs of connected calendars, by project."""
    for project_id in _calendar_projects - set(backlogs):
        _record_backlog(project_id, _DISCONNECTED, nan, nan)
    for project_id, backlog in backlogs.items():
        since_ms = now_ms if backlog.oldest_since_ms is None else backlog.oldest_since_ms
        reconcile_age = (now_ms - backlog.finished_ms) / MS_PER_SECOND if backlog.finished_ms else inf
        _record_backlog(project_id, backlog, (now_ms - since_ms) / MS_PER_SECOND, reconcile_age)
    _calendar_projects.update(backlogs)


def _record_backlog(
    project_id: str, backlog: CalendarBacklog, oldest_push_seconds: float, reconcile_age_seconds: float
) -> None:
    metrics.PUSHES_DUE.labels(project_id).set(backlog.due)
    metrics.PUSHES_REFUSED.labels(project_id).set(backlog.refused)
    metrics.EVENTS_PARKED.labels(project_id).set(backlog.deferred)
    metrics.OLDEST_PUSH_SECONDS.labels(project_id).set(oldest_push_seconds)
    metrics.RECONCILE_AGE_SECONDS.labels(project_id).set(reconcile_age_seconds)


def record_dependency_check(dependency: str, *, is_up: bool, seconds: float) -> None:
    """Record the result and the duration of a check of a dependency."""
    metrics.DEPENDENCY_UP.labels(dependency).set(is_up)
    metrics.DEPENDENCY_SECONDS.labels(dependency).set(seconds)


def record_connections(dependency: str, in_use: int) -> None:
    """Record the number of this process's connections to a dependency that are in use."""
    metrics.CONNECTIONS_IN_USE.labels(dependency).set(in_use)


def record_project_memory(total_bytes: int, *, evictions: int) -> None:
    """Record the estimated memory of cached projects, and the number of those that left since the last record."""
    metrics.PROJECT_BYTES.set(total_bytes)
    metrics.EVICTED_PROJECTS.inc(evictions)


def record_update(at_seconds: float) -> None:
    """Record the store's time (seconds since the Unix epoch) at which all gauges were updated."""
    metrics.VITALS_TIMESTAMP.set(at_seconds)
