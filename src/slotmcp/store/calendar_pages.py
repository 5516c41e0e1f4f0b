"""Implementation of the port CalendarPages, and reads of calendar data outside of transactions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Visit
from slotmcp.domain.calendar import CalendarBacklog, CalendarEntry, DeferredEvent, Push, SyncState
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.ports.calendar import CalendarView, CalendarWork
from slotmcp.store import calendar
from slotmcp.store.schedules import Snapshot
from slotmcp.store.statement import Fetch, Row, Statement

DELIVERY_RETENTION_MS: Final = 30 * MINUTES_PER_DAY * MS_PER_MINUTE
ENTRY_RETENTION_MINUTES: Final = 60 * MINUTES_PER_DAY
"""Retention after an event's end, within which late deliveries about it still have an effect."""


class SqlCalendarRecords:
    """Implementation of the port CalendarRecords."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def record_delivery(self, digest: str) -> bool:
        return bool(await self._fetch(calendar.RECORD_DELIVERY, digest=digest, now_ms=self._snapshot.now_ms))

    async def entry(self, uid: str) -> CalendarEntry | None:
        rows = await self._fetch(calendar.ENTRY, uid=uid)
        return calendar.entry_of(rows[0]) if rows else None

    async def entries_in_series(self, series: str) -> tuple[CalendarEntry, ...]:
        return tuple(map(calendar.entry_of, await self._fetch(calendar.ENTRIES_IN_SERIES, series=series)))

    async def entries_of_booking(self, booking_id: str) -> tuple[CalendarEntry, ...]:
        return tuple(map(calendar.entry_of, await self._fetch(calendar.ENTRIES_OF_BOOKING, booking_id=booking_id)))

    async def successors(self, uid: str) -> tuple[CalendarEntry, ...]:
        return tuple(map(calendar.entry_of, await self._fetch(calendar.SUCCESSORS, uid=uid)))

    async def open_entries(self, end_after: Minute) -> tuple[CalendarEntry, ...]:
        return tuple(map(calendar.entry_of, await self._fetch(calendar.OPEN_ENTRIES, end_after=end_after)))

    async def save_entry(self, entry: CalendarEntry) -> None:
        await self._fetch(calendar.SAVE_ENTRY, **calendar.entry_values(entry))

    async def defer(self, deferred: DeferredEvent) -> None:
        await self._fetch(calendar.SAVE_DEFERRED, **calendar.deferred_values(deferred))

    async def deferred_events(self, uid: str = "") -> tuple[DeferredEvent, ...]:
        rows = await (self._fetch(calendar.DEFERRED_EVENT, uid=uid) if uid else self._fetch(calendar.DEFERRED))
        return tuple(map(calendar.deferred_of, rows))

    async def remove_deferred(self, uid: str) -> bool:
        return bool(await self._fetch(calendar.REMOVE_DEFERRED, uid=uid))

    async def push(self, booking_id: str) -> Push | None:
        rows = await self._fetch(calendar.PUSH, booking_id=booking_id)
        return calendar.push_of(rows[0]) if rows else None

    async def request_push(self, booking_id: str, *, renews: bool = False) -> None:
        now_ms = self._snapshot.now_ms
        await self._fetch(calendar.REQUEST_PUSH, booking_id=booking_id, now_ms=now_ms, renews=int(renews))

    async def save_push(self, push: Push) -> None:
        await self._fetch(calendar.SAVE_PUSH, **calendar.push_values(push))

    async def complete_push(self, booking_id: str, version: int) -> bool:
        return bool(await self._fetch(calendar.COMPLETE_PUSH, booking_id=booking_id, version=version))

    async def sync_state(self) -> SyncState:
        return _sync(await self._fetch(calendar.SYNC_STATE))

    async def save_sync_state(self, state: SyncState) -> None:
        now_ms = self._snapshot.now_ms
        await self._fetch(calendar.SAVE_SYNC_STATE, **calendar.sync_values(state))
        await self._fetch(calendar.DELETE_OLD_DELIVERIES, received_by=now_ms - DELIVERY_RETENTION_MS)
        ended_by = now_ms // MS_PER_MINUTE - ENTRY_RETENTION_MINUTES
        await self._fetch(calendar.DELETE_ENDED_ENTRIES, ended_by=ended_by)

    async def erase_customer(self, contact_key: str) -> None:
        """Erase a customer from entries and deferred events."""
        for uid, keys in await self._fetch(calendar.ENTRIES_WITH_CUSTOMER):
            if contact_key in keys:
                await self._fetch(calendar.ERASE_ENTRY_CUSTOMER, uid=uid)
        for deferred in await self.deferred_events():
            if contact_key in deferred.contact_keys:
                event = replace(deferred.event, customer=None, visit=Visit())
                await self.defer(replace(deferred, event=event, contact_keys=()))

    async def _fetch(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        return await self._snapshot.fetch(statement, project_id=self._snapshot.project_id, **values)


async def read_view(fetch: Fetch, project_id: str, now_ms: int) -> CalendarView:
    """Return a project's calendar data, read in one snapshot."""
    pages = SqlCalendarRecords(Snapshot(fetch=fetch, project_id=project_id, now_ms=now_ms))
    return CalendarView(
        entries=await pages.open_entries(now_ms // MS_PER_MINUTE),
        deferred=await pages.deferred_events(),
        pushes=tuple(map(calendar.push_of, await fetch(calendar.PUSHES, project_id=project_id))),
        sync=await pages.sync_state(),
        now_ms=now_ms,
    )


async def read_work(fetch: Fetch, project_id: str, now_ms: int) -> CalendarWork:
    """Return a project's due pushes and sync state."""
    due = await fetch(calendar.DUE_PUSHES, project_id=project_id, now_ms=now_ms)
    state = _sync(await fetch(calendar.SYNC_STATE, project_id=project_id))
    return CalendarWork(due=tuple(booking_id for (booking_id,) in due), sync=state, now_ms=now_ms)


async def read_projects(fetch: Fetch) -> tuple[str, ...]:
    """Return the ids of the projects that are connected to a calendar."""
    return tuple(project_id for (project_id,) in await fetch(calendar.CALENDAR_PROJECTS))


async def read_due_projects(fetch: Fetch, *, now_ms: int, finished_by_ms: int) -> tuple[str, ...]:
    """Return the ids of the connected projects that have work now."""
    rows = await fetch(calendar.DUE_CALENDARS, now_ms=now_ms, finished_by=finished_by_ms)
    return tuple(project_id for (project_id,) in rows)


async def read_backlogs(fetch: Fetch) -> dict[str, CalendarBacklog]:
    """Return the outstanding work of the calendars of connected projects."""
    return {
        project_id: CalendarBacklog(
            due=due, oldest_since_ms=since_ms, refused=refused, deferred=deferred, finished_ms=finished_ms
        )
        for project_id, due, since_ms, refused, deferred, finished_ms in await fetch(calendar.BACKLOGS)
    }


def _sync(rows: Sequence[Row]) -> SyncState:
    return calendar.sync_of(rows[0]) if rows else SyncState()
