"""Calendar page: conflicts, pending updates to the calendar, and events that could not be applied."""

from typing import Final

from starlette.responses import Response

from slotmcp.domain.calendar import DeferredEvent, Push, SyncState
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.services.calendar.conflicts import Conflict
from slotmcp.services.calendar.service import ConflictsAnswer, describe_deferred, describe_push
from slotmcp.services.lookups import service_of, technician_of
from slotmcp.web.dashboard.labels import format_ago, format_minute
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute

_NEVER_SYNCED: Final = "Not synced yet. A running server syncs every few minutes."


async def calendar(request: DashboardRequest) -> Response:
    """Show the page."""
    answer = await request.app.calendars.conflicts(request.project_id)
    view = await request.app.calendars.view(request.project_id)
    zone_key = answer.project.timezone
    return request.page(
        "calendar.html",
        is_connected=answer.project.calcom is not None,
        last_sync=_last_sync(view.sync, view.now_ms),
        problem=view.sync.problem,
        conflicts=[_conflict_row(conflict, answer) for conflict in answer.conflicts],
        pushes=[_push_row(push, zone_key) for push in view.pushes],
        deferred=[_deferred_row(deferred, zone_key) for deferred in view.deferred],
    )


ROUTES: Final = (PageRoute(path="/calendar", handler=calendar),)


def _last_sync(sync: SyncState, now_ms: int) -> str:
    return f"Synced {format_ago(now_ms, sync.finished_ms)}." if sync.finished_ms else _NEVER_SYNCED


def _conflict_row(conflict: Conflict, answer: ConflictsAnswer) -> dict[str, str]:
    """Describe a conflict. A hold has an empty `booking_id`."""
    zone_key = answer.project.timezone
    event = f"event {conflict.uid}" if conflict.uid else "a connected calendar"
    busy = conflict.busy
    return {
        "technician": technician_of(answer.schedule, conflict.technician_id).name,
        "service": service_of(answer.schedule, conflict.claim).name,
        "start": format_minute(zone_key, conflict.claim.start),
        "booking_id": "" if conflict.claim.is_hold else conflict.claim.id,
        "event": f"{format_minute(zone_key, busy.start)} to {format_minute(zone_key, busy.end)}, {event}",
    }


def _push_row(push: Push, zone_key: str) -> dict[str, str | int]:
    return {
        "booking_id": push.booking_id,
        "since": format_minute(zone_key, push.since_ms // MS_PER_MINUTE),
        "attempts": push.attempts,
        "status": describe_push(push),
    }


def _deferred_row(deferred: DeferredEvent, zone_key: str) -> dict[str, str]:
    return {
        "uid": deferred.event.uid,
        "start": format_minute(zone_key, deferred.event.start),
        "since": format_minute(zone_key, deferred.at_ms // MS_PER_MINUTE),
        "help": describe_deferred(deferred),
    }
