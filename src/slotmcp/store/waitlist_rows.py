"""The rows of the waitlist and of events to domain values and back."""

from collections.abc import Collection

import orjson

from slotmcp.domain.booking import Customer
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ProjectEvent
from slotmcp.store.rows import Row, coordinates, json_text, location_of


def wait_values(wait: WaitlistEntry) -> dict[str, object]:
    """A wait as its statements' values."""
    latitude, longitude = coordinates(wait.location)
    return {
        "id": wait.id,
        "service": wait.service_id,
        "duration_minutes": wait.duration_minutes,
        "start_from": wait.start_from,
        "start_to": wait.start_to,
        "technician": wait.technician_id,
        "latitude": latitude,
        "longitude": longitude,
        "customer_name": wait.customer.name,
        "customer_phone": wait.customer.phone,
        "customer_email": wait.customer.email,
        "customer": wait.customer_pseudonym,
        "state": wait.state.value,
        "token": wait.hold_token,
        "let_go": json_text(wait.let_go),
        "joined_at_ms": wait.joined_at_ms,
    }


def wait_of(row: Row) -> WaitlistEntry:
    """A wait from its row."""
    name, phone, email, pseudonym, state, token, let_go, joined_at_ms, keys = row[8:]
    return WaitlistEntry(
        id=row[0],
        service_id=row[1],
        duration_minutes=row[2],
        start_from=row[3],
        start_to=row[4],
        technician_id=row[5],
        location=location_of(row[6], row[7]),
        customer=Customer(name=name, phone=phone, email=email),
        customer_pseudonym=pseudonym,
        contact_keys=tuple(orjson.loads(keys)),
        state=WaitlistState(state),
        hold_token=token,
        let_go=tuple(map(tuple, orjson.loads(let_go))),
        joined_at_ms=joined_at_ms,
    )


def asked_states(states: Collection[WaitlistState]) -> dict[str, object]:
    """States as their statement's values: each under its own name."""
    return {state.value: state.value if state in states else None for state in WaitlistState}


def event_of(row: Row) -> ProjectEvent:
    """An event from its row."""
    number, kind, subject_id, at_ms = row
    return ProjectEvent(number=number, kind=kind, subject_id=subject_id, at_ms=at_ms)
