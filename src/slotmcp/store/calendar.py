"""Calendar entries, deferred events, pushes and sync states: SQL, rows and values.

`:uid` is the id of an event in its calendar.
"""

from typing import Any, Final

import orjson

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.calendar import (
    CalendarEntry,
    CalendarEvent,
    DeferredEvent,
    EventKind,
    EventStatus,
    HostReference,
    Push,
    SyncState,
)
from slotmcp.domain.claim import BusyTime
from slotmcp.store import columns
from slotmcp.store.statement import Row, Statement, insert, upsert
from slotmcp.store.values import json_text, values_of

_SELECT_ENTRIES: Final = f"SELECT {columns.CALENDAR_ENTRY_COLUMNS} FROM calendar_entries"
_ENTRIES: Final = f"{_SELECT_ENTRIES} WHERE project_id = :project_id"
_DEFERRED: Final = f"SELECT {columns.DEFERRED_EVENT_COLUMNS} FROM calendar_parked WHERE project_id = :project_id"
_PUSHES: Final = f"SELECT {columns.PUSH_COLUMNS} FROM calendar_pushes WHERE project_id = :project_id"

# Record a delivery, and return a row unless it was recorded before.
RECORD_DELIVERY = Statement(f"""
{insert(columns.CALENDAR_DELIVERIES, received_at_ms=":now_ms")} ON CONFLICT DO NOTHING RETURNING digest
""")

# Delete old deliveries.
DELETE_OLD_DELIVERIES = Statement("""
DELETE FROM calendar_deliveries WHERE project_id = :project_id AND received_at_ms <= :received_by
""")

# Read an event, in any status.
ENTRY = Statement(f"{_ENTRIES} AND uid = :uid")

# Read the events of a series.
ENTRIES_IN_SERIES = Statement(f"""
{_SELECT_ENTRIES} INDEXED BY calendar_entries_in_series
WHERE project_id = :project_id AND series = :series AND series <> '' ORDER BY uid
""")

# Read the events that are or were a booking.
ENTRIES_OF_BOOKING = Statement(f"""
{_SELECT_ENTRIES} INDEXED BY calendar_entries_of
WHERE project_id = :project_id AND booking_id = :booking_id AND booking_id <> '' ORDER BY uid
""")

# Read the events that replaced an event.
SUCCESSORS = Statement(f"""
{_SELECT_ENTRIES} INDEXED BY calendar_entries_replacing
WHERE project_id = :project_id AND replaces = :uid AND replaces <> '' ORDER BY uid
""")

# Read the pending and accepted events that end after `:end_after`.
OPEN_ENTRIES = Statement(f"""
{_ENTRIES} AND status IN ('pending', 'accepted') AND end_minute > :end_after ORDER BY start_minute, uid
""")

# Insert or replace an event.
SAVE_ENTRY = Statement(upsert(columns.CALENDAR_ENTRIES))

# Delete events that ended long ago.
DELETE_ENDED_ENTRIES = Statement("""
DELETE FROM calendar_entries WHERE project_id = :project_id AND end_minute <= :ended_by
""")

# Read the contact keys of the events that have a customer.
ENTRIES_WITH_CUSTOMER = Statement("""
SELECT uid, contact_keys FROM calendar_entries WHERE project_id = :project_id AND contact_keys <> '[]'
""")

# Remove the customer from an event.
ERASE_ENTRY_CUSTOMER = Statement("""
UPDATE calendar_entries
SET customer_name = NULL, customer_phone = '', customer_email = '', address = '', notes = '', contact_keys = '[]'
WHERE project_id = :project_id AND uid = :uid
""")

# Insert or replace a deferred event.
SAVE_DEFERRED = Statement(upsert(columns.CALENDAR_PARKED))

# Read the deferred events, oldest first.
DEFERRED = Statement(f"{_DEFERRED} ORDER BY parked_at_ms, uid")

# Read one deferred event.
DEFERRED_EVENT = Statement(f"{_DEFERRED} AND uid = :uid")

# Delete a deferred event.
REMOVE_DEFERRED = Statement("DELETE FROM calendar_parked WHERE project_id = :project_id AND uid = :uid RETURNING uid")

# Request a push of a booking. If the push exists, increment its version.
REQUEST_PUSH = Statement(
    insert(
        columns.CALENDAR_PUSHES,
        version="1",
        since_ms=":now_ms",
        due_ms=":now_ms",
        attempts="0",
        tried_at_ms="NULL",
        tried_start_minute="NULL",
        refused="''",
        renews=":renews",
    )
    + """
ON CONFLICT (project_id, booking_id) DO UPDATE SET
    version = calendar_pushes.version + 1, due_ms = excluded.due_ms, attempts = 0, refused = '',
    renews = CASE WHEN excluded.renews = 1 THEN 1 ELSE calendar_pushes.renews END
"""
)

# Read the push of a booking.
PUSH = Statement(f"{_PUSHES} AND booking_id = :booking_id")

# Read all pushes, by due time.
PUSHES = Statement(f"{_PUSHES} ORDER BY due_ms, booking_id")

# Read the bookings whose push is due, at most 100.
DUE_PUSHES = Statement("""
SELECT booking_id FROM calendar_pushes WHERE project_id = :project_id AND due_ms <= :now_ms AND refused = ''
ORDER BY due_ms, booking_id LIMIT 100
""")

# Insert or replace a push, except for its version.
SAVE_PUSH = Statement(upsert(columns.CALENDAR_PUSHES, unchanged=("version",)))

# Delete the push of a booking, if it still has this version.
COMPLETE_PUSH = Statement("""
DELETE FROM calendar_pushes
WHERE project_id = :project_id AND booking_id = :booking_id AND version = :version RETURNING booking_id
""")

# Read a project's sync state.
SYNC_STATE = Statement(f"SELECT {columns.SYNC_COLUMNS} FROM calendar_syncs WHERE project_id = :project_id")

# Insert or replace a project's sync state.
SAVE_SYNC_STATE = Statement(upsert(columns.CALENDAR_SYNCS))

# Count the outstanding work of the calendars of connected projects, at most 100.
BACKLOGS = Statement("""
SELECT p.id,
       (SELECT count(*) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused = ''),
       (SELECT min(u.since_ms) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused = ''),
       (SELECT count(*) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused <> ''),
       (SELECT count(*) FROM calendar_parked AS k WHERE k.project_id = p.id),
       coalesce((SELECT s.finished_ms FROM calendar_syncs AS s WHERE s.project_id = p.id), 0)
FROM projects AS p WHERE p.calcom IS NOT NULL ORDER BY p.id LIMIT 100
""")

# List the connected projects with a push that is due, or whose last reconciliation ended by a time.
DUE_CALENDARS = Statement("""
SELECT p.id FROM projects AS p
WHERE p.calcom IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM calendar_syncs AS s WHERE s.project_id = p.id AND s.finished_ms > :finished_by)
    OR EXISTS (
        SELECT 1 FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.due_ms <= :now_ms AND u.refused = ''
    )
) ORDER BY p.id
""")

# List the projects that are connected to a calendar.
CALENDAR_PROJECTS = Statement("SELECT id FROM projects WHERE calcom IS NOT NULL ORDER BY id")


def entry_values(entry: CalendarEntry) -> dict[str, object]:
    """Return an event and its effects as their statement's values."""
    event, customer = entry.event, entry.event.customer
    return {
        "uid": event.uid,
        "status": event.status.value,
        "kind": event.kind.value,
        "start_minute": event.start,
        "end_minute": event.end,
        "said_at_ms": event.at_ms,
        "series": event.series,
        "sequence": event.sequence,
        "event_type_id": event.event_type_id,
        "replaces": event.replaces,
        "hosts": json_text(event.hosts),
        "customer_name": customer.name if customer else None,
        "customer_phone": customer.phone if customer else "",
        "customer_email": customer.email if customer else "",
        "address": event.visit.address,
        "notes": event.visit.notes,
        "contact_keys": json_text(entry.contact_keys),
        "said_booking_id": event.booking_id,
        "booking_id": entry.booking_id,
        "busy": json_text([[busy.technician_id, busy.start, busy.end, busy.source] for busy in entry.busy]),
        "no_show_at_ms": entry.no_show_at_ms,
    }


def entry_of(values: Row) -> CalendarEntry:
    """Return the event and its effects that a row holds."""
    row = columns.CalendarEntryRow(*values)
    customer = None
    if row.customer_name is not None:
        customer = Customer(name=row.customer_name, phone=row.customer_phone, email=row.customer_email)
    event = CalendarEvent(
        uid=row.uid,
        status=EventStatus(row.status),
        kind=EventKind(row.kind),
        start=row.start_minute,
        end=row.end_minute,
        at_ms=row.said_at_ms,
        series=row.series,
        sequence=row.sequence,
        event_type_id=row.event_type_id,
        replaces=row.replaces,
        hosts=_hosts(orjson.loads(row.hosts)),
        customer=customer,
        visit=Visit(address=row.address, notes=row.notes),
        booking_id=row.said_booking_id,
    )
    return CalendarEntry(
        event=event,
        booking_id=row.booking_id,
        busy=tuple(
            BusyTime(technician_id=technician_id, start=start, end=end, source=source)
            for technician_id, start, end, source in orjson.loads(row.busy)
        ),
        contact_keys=tuple(orjson.loads(row.contact_keys)),
        no_show_at_ms=row.no_show_at_ms,
    )


def deferred_values(deferred: DeferredEvent) -> dict[str, object]:
    """Return a deferred event as its statement's values."""
    return {
        "uid": deferred.event.uid,
        "event": json_text(deferred.event),
        "contact_keys": json_text(deferred.contact_keys),
        "why": deferred.why,
        "parked_at_ms": deferred.at_ms,
    }


def deferred_of(values: Row) -> DeferredEvent:
    """Return the deferred event that a row holds."""
    row = columns.DeferredEventRow(*values)
    return DeferredEvent(
        event=_event(orjson.loads(row.event)),
        contact_keys=tuple(orjson.loads(row.contact_keys)),
        why=row.why,
        at_ms=row.parked_at_ms,
    )


def push_values(push: Push) -> dict[str, object]:
    """Return a push as its statement's values."""
    return values_of(columns.PushRow._fields, push, tried_start_minute=push.tried_start, renews=int(push.renews))


def push_of(values: Row) -> Push:
    """Return the push that a row holds."""
    fields = columns.PushRow(*values)._asdict()
    return Push(tried_start=fields.pop("tried_start_minute"), renews=bool(fields.pop("renews")), **fields)


def sync_values(state: SyncState) -> dict[str, object]:
    """Return a sync state as its statement's values."""
    return values_of(columns.SyncRow._fields, state)


def sync_of(values: Row) -> SyncState:
    """Return the sync state that a row holds."""
    return SyncState(**columns.SyncRow(*values)._asdict())


def _hosts(stored: list[dict[str, Any]]) -> tuple[HostReference, ...]:
    return tuple(HostReference(**host) for host in stored)


def _event(stored: dict[str, Any]) -> CalendarEvent:
    customer = stored["customer"]
    return CalendarEvent(
        **{
            **stored,
            "status": EventStatus(stored["status"]),
            "kind": EventKind(stored["kind"]),
            "hosts": _hosts(stored["hosts"]),
            "customer": Customer(**customer) if customer else None,
            "visit": Visit(**stored["visit"]),
        }
    )
