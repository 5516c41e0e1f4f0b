"""What calendars say and are told, and how far they are behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFigures:
    """How far a project's calendar is behind."""

    pushes_due: int
    oldest_push_seconds: float
    """0: none is due."""
    pushes_refused: int
    events_parked: int
    reconcile_age_seconds: float
    """Infinite: never yet."""


_UNKNOWN: Final = CalendarFigures(
    pushes_due=0, oldest_push_seconds=0, pushes_refused=0, events_parked=0, reconcile_age_seconds=nan
)
"""Of a project that is connected no longer. Nothing is said of its reconciling."""
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


def calendars_seen(figures: Mapping[str, CalendarFigures]) -> None:
    """How far each calendar is behind, by project: those alone that an operator has connected, and not too many."""
    for project_id in _seen - set(figures):
        _set(project_id, _UNKNOWN)
    for project_id, of_project in figures.items():
        _set(project_id, of_project)
    _seen.update(figures)


def _set(project_id: str, figures: CalendarFigures) -> None:
    PUSHES_DUE.labels(project_id).set(figures.pushes_due)
    OLDEST_PUSH_SECONDS.labels(project_id).set(figures.oldest_push_seconds)
    PUSHES_REFUSED.labels(project_id).set(figures.pushes_refused)
    EVENTS_PARKED.labels(project_id).set(figures.events_parked)
    RECONCILE_AGE_SECONDS.labels(project_id).set(figures.reconcile_age_seconds)
