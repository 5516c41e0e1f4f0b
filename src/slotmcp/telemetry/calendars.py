"""What calendars say and are told, and how far they are behind."""

from collections.abc import Mapping
from math import inf, nan
from typing import Final

from slotmcp.ports.calendar import CalendarBacklog
from slotmcp.telemetry.declared import (
    CALENDAR_CONFLICTS,
    CALENDAR_DIFFERENCES,
    CALENDAR_PUSHES,
    EVENTS_PARKED,
    OLDEST_PUSH_SECONDS,
    PUSHES_DUE,
    PUSHES_REFUSED,
    RECONCILE_AGE_SECONDS,
    WEBHOOK_DELIVERIES,
)

for _outcome in ("done", "refused", "away"):
    CALENDAR_PUSHES.labels(_outcome)


_MS_PER_SECOND: Final = 1000
_NOTHING: Final = CalendarBacklog(due=0, oldest_since_ms=None, refused=0, deferred=0, finished_ms=0)
"""Of a project that is connected no longer."""
_seen: Final = set[str]()


def webhook_answered(outcome: str) -> None:
    """A webhook of a calendar's was answered; the outcome is one of those that there are."""
    WEBHOOK_DELIVERIES.labels(outcome).inc()


def conflicts_began(count: int) -> None:
    """A calendar has something on so many bookings' time."""
    CALENDAR_CONFLICTS.inc(count)


def pushed(outcome: str) -> None:
    """A calendar was told of a booking: "done", "refused" or "away"."""
    CALENDAR_PUSHES.labels(outcome).inc()


def differences_healed(kind: str) -> None:
    """Reconciling with a calendar found a difference of a kind, and healed it."""
    CALENDAR_DIFFERENCES.labels(kind).inc()


def calendars_seen(backlogs: Mapping[str, CalendarBacklog], *, now_ms: int) -> None:
    """How far each calendar is behind, by project: those alone that an operator has connected, and not too many."""
    for project_id in _seen - set(backlogs):
        _set(project_id, _NOTHING, nan, nan)
    for project_id, backlog in backlogs.items():
        since_ms = now_ms if backlog.oldest_since_ms is None else backlog.oldest_since_ms
        reconcile_age = (now_ms - backlog.finished_ms) / _MS_PER_SECOND if backlog.finished_ms else inf
        _set(project_id, backlog, (now_ms - since_ms) / _MS_PER_SECOND, reconcile_age)
    _seen.update(backlogs)


def _set(project_id: str, backlog: CalendarBacklog, oldest_push_seconds: float, reconcile_age_seconds: float) -> None:
    PUSHES_DUE.labels(project_id).set(backlog.due)
    PUSHES_REFUSED.labels(project_id).set(backlog.refused)
    EVENTS_PARKED.labels(project_id).set(backlog.deferred)
    OLDEST_PUSH_SECONDS.labels(project_id).set(oldest_push_seconds)
    RECONCILE_AGE_SECONDS.labels(project_id).set(reconcile_age_seconds)
