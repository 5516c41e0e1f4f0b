"""A project's calendar: conflicts with it, what it has to be told, and what it said that could not be applied."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from slotmcp.domain.calendar import DeferredEvent, Push, SyncState
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.services.calendar.calendars import ConflictsAnswer
from slotmcp.services.calendar.conflicts import Conflict
from slotmcp.services.calendar.words import describe_deferred, describe_push
from slotmcp.services.named import service_of, technician_of
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.when import ago, written

_NEVER: Final = "It has not been reconciled yet: a server does that every few minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """What is promised or sold here, and what the calendar has then."""

    technician: str
    service: str
    here: str
    booking_id: str
    """Empty: a hold."""
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRow:
    """A booking of which the calendar does not know yet."""

    booking_id: str
    since: str
    attempts: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """An event that was put aside."""

    uid: str
    starts: str
    since: str
    help: str


async def calendar(visit: DashboardRequest) -> Response:
    """The page."""
    seen = await visit.app.calendars.conflicts(visit.project_id)
    kept = await visit.app.calendars.view(visit.project_id)
    zone_key = seen.project.timezone
    return visit.page(
        "calendar.html",
        is_connected=seen.project.calcom is not None,
        reconciled=_reconciled(kept.sync, kept.now_ms),
        problem=kept.sync.problem,
        conflicts=[_conflict(one, seen) for one in seen.conflicts],
        pushes=[_push(one, zone_key) for one in kept.pushes],
        deferred=[_parked(one, zone_key) for one in kept.deferred],
    )


PANELS: Final = (Panel(path="/calendar", handler=calendar),)


def _reconciled(sync: SyncState, now_ms: int) -> str:
    return f"Reconciled {ago(now_ms, sync.finished_ms)}." if sync.finished_ms else _NEVER


def _conflict(one: Conflict, seen: ConflictsAnswer) -> ConflictRow:
    zone_key = seen.project.timezone
    event = f"the event {one.uid}" if one.uid else "a connected calendar"
    return ConflictRow(
        technician=technician_of(seen.schedule, one.technician_id).name,
        service=service_of(seen.schedule, one.claim).name,
        here=written(zone_key, one.claim.start),
        booking_id="" if one.claim.is_hold else one.claim.id,
        there=f"{written(zone_key, one.busy.start)} to {written(zone_key, one.busy.end)}, {event}",
    )


def _push(push: Push, zone_key: str) -> PushRow:
    return PushRow(
        booking_id=push.booking_id,
        since=written(zone_key, push.since_ms // MS_PER_MINUTE),
        attempts=push.attempts,
        status=describe_push(push),
    )


def _parked(deferred: DeferredEvent, zone_key: str) -> ParkedRow:
    return ParkedRow(
        uid=deferred.event.uid,
        starts=written(zone_key, deferred.event.start),
        since=written(zone_key, deferred.at_ms // MS_PER_MINUTE),
        help=describe_deferred(deferred),
    )
