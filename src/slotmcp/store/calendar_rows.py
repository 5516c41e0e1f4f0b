"""The rows of calendars to domain values and back."""

from typing import Any

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
from slotmcp.store.rows import Row, json_text


def entry_values(entry: CalendarEntry) -> dict[str, object]:
    """An event and what it takes, as its statement's values."""
    event, customer = entry.event, entry.event.customer
    return {
        "uid": event.uid,
        "status": event.status.value,
        "kind": event.kind.value,
        "start": event.start,
        "end": event.end,
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
        "booking": entry.booking_id,
        "busy": json_text([[one.technician_id, one.start, one.end, one.source] for one in entry.busy]),
        "no_show_at_ms": entry.no_show_at_ms,
    }


def entry_of(row: Row) -> CalendarEntry:
    """An event and what it takes, from its row."""
    name, phone, email, address, notes, contact_keys, said_booking_id, booking_id, busy, no_show_at_ms = row[11:]
    event = CalendarEvent(
        uid=row[0],
        status=EventStatus(row[1]),
        kind=EventKind(row[2]),
        start=row[3],
        end=row[4],
        at_ms=row[5],
        series=row[6],
        sequence=row[7],
        event_type_id=row[8],
        replaces=row[9],
        hosts=_hosts(orjson.loads(row[10])),
        customer=None if name is None else Customer(name=name, phone=phone, email=email),
        visit=Visit(address=address, notes=notes),
        booking_id=said_booking_id,
    )
    return CalendarEntry(
        event=event,
        booking_id=booking_id,
        busy=tuple(
            BusyTime(technician_id=technician_id, start=start, end=end, source=source)
            for technician_id, start, end, source in orjson.loads(busy)
        ),
        contact_keys=tuple(orjson.loads(contact_keys)),
        no_show_at_ms=no_show_at_ms,
    )


def parked_values(deferred: DeferredEvent) -> dict[str, object]:
    """What was put aside, as its statement's values."""
    return {
        "uid": deferred.event.uid,
        "event": json_text(deferred.event),
        "contact_keys": json_text(deferred.contact_keys),
        "why": deferred.why,
        "at_ms": deferred.at_ms,
    }


def parked_of(row: Row) -> DeferredEvent:
    """What was put aside, from its row."""
    event, contact_keys, why, at_ms = row
    return DeferredEvent(
        event=_event(orjson.loads(event)), contact_keys=tuple(orjson.loads(contact_keys)), why=why, at_ms=at_ms
    )


def push_values(push: Push) -> dict[str, object]:
    """A push as its statement's values."""
    return {
        "booking": push.booking_id,
        "version": push.version,
        "since_ms": push.since_ms,
        "due_ms": push.due_ms,
        "attempts": push.attempts,
        "tried_at_ms": push.tried_at_ms,
        "tried_start": push.tried_start,
        "refused": push.refused,
    }


def push_of(row: Row) -> Push:
    """A push from its row."""
    booking_id, version, since_ms, due_ms, attempts, tried_at_ms, tried_start, refused = row
    return Push(
        booking_id=booking_id,
        version=version,
        since_ms=since_ms,
        due_ms=due_ms,
        attempts=attempts,
        tried_at_ms=tried_at_ms,
        tried_start=tried_start,
        refused=refused,
    )


def sync_values(state: SyncState) -> dict[str, object]:
    """How far a calendar was read, as its statement's values."""
    return {
        "watermark_ms": state.watermark_ms,
        "worker": state.worker,
        "worker_until_ms": state.worker_until_ms,
        "finished_ms": state.finished_ms,
        "problem": state.problem,
    }


def sync_of(row: Row) -> SyncState:
    """How far a calendar was read, from its row."""
    watermark_ms, worker, worker_until_ms, finished_ms, problem = row
    return SyncState(
        watermark_ms=watermark_ms,
        worker=worker,
        worker_until_ms=worker_until_ms,
        finished_ms=finished_ms,
        problem=problem,
    )


def _hosts(stored: list[dict[str, Any]]) -> tuple[HostReference, ...]:
    return tuple(HostReference(**one) for one in stored)


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
