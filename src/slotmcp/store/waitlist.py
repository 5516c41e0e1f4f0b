"""Waitlist and events: SQL, rows and values."""

from collections.abc import Collection
from typing import Final

import orjson

from slotmcp.domain.booking import Customer
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.interval import Minute
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ProjectEvent
from slotmcp.store import columns
from slotmcp.store.statement import Fetch, Row, Statement, insert, select_with_keys, update
from slotmcp.store.values import coordinates, json_text, location_of, values_of

_SELECT: Final = f"""
SELECT {columns.WAITLIST_ENTRY_COLUMNS},
       (SELECT {{keys}} FROM (SELECT key FROM wait_contacts AS k
        WHERE k.project_id = w.project_id AND k.wait_id = w.id ORDER BY k.position) AS ordered)
FROM waits AS w
WHERE w.project_id = :project_id"""

# Add an entry to the waitlist.
ADD_ENTRY = Statement(insert(columns.WAITS))

# Replace an entry; its number stays.
SAVE_ENTRY = Statement(f"{update(columns.WAITS)} RETURNING id")

# Read one entry.
ENTRY = select_with_keys(f"{_SELECT} AND w.id = :id")

# Read the entries in some states, in order of joining. Each state is a value, which is NULL for other states.
ENTRIES = select_with_keys(f"{_SELECT} AND w.state IN (:waiting, :offered, :booked, :expired) ORDER BY w.number")

# Read the projects with an open entry. An index finds the first one of each project.
WAITING_PROJECTS = Statement("""
SELECT id FROM projects AS p
WHERE EXISTS (SELECT 1 FROM waits AS w WHERE w.project_id = p.id AND w.state IN ('waiting', 'offered'))
ORDER BY id
""")

# Read the projects that have an entry with an id. An index finds it in each project.
PROJECTS_OF_ENTRY = Statement("""
SELECT id FROM projects AS p
WHERE EXISTS (SELECT 1 FROM waits AS w WHERE w.project_id = p.id AND w.id = :id)
ORDER BY id
""")

# Add a contact key to an entry.
ADD_ENTRY_CONTACT = Statement(insert(columns.WAIT_CONTACTS))

# Delete the contact keys of an entry.
DELETE_ENTRY_CONTACTS = Statement("DELETE FROM wait_contacts WHERE project_id = :project_id AND wait_id = :wait_id")

# Read the ids of a customer's entries, by a contact key or pseudonym.
ENTRIES_OF_CUSTOMER = Statement("""
SELECT wait_id FROM wait_contacts WHERE project_id = :project_id AND key = :key
UNION
SELECT id FROM waits WHERE project_id = :project_id AND customer_pseudonym = :key AND customer_pseudonym <> ''
""")

# Remove the customer from an entry, which expires if it is open.
ERASE_ENTRY_CUSTOMER = Statement("""
UPDATE waits
SET customer_name = '', customer_phone = '', customer_email = '', customer_pseudonym = '', latitude = NULL,
    longitude = NULL, postal_code = NULL,
    state = CASE WHEN state IN ('waiting', 'offered') THEN 'expired' ELSE state END
WHERE project_id = :project_id AND id = :id
""")

# Read the ids of closed entries whose window passed long ago.
OLD_ENTRIES = Statement("""
SELECT id FROM waits
WHERE project_id = :project_id AND state IN ('booked', 'expired') AND start_to_minute <= :passed_by
""")

# Delete an entry. Its contact keys must be deleted first.
DELETE_ENTRY = Statement("DELETE FROM waits WHERE project_id = :project_id AND id = :id")

# Add an event under the project's next number.
ADD_EVENT = Statement(
    insert(
        columns.EVENTS,
        number="1 + coalesce((SELECT max(number) FROM events WHERE project_id = :project_id), 0)",
        at_ms=":now_ms",
    )
    + " RETURNING number"
)

# Read the events after a number.
EVENTS_AFTER = Statement(f"""
SELECT {columns.EVENT_COLUMNS} FROM events
WHERE project_id = :project_id AND number > :after ORDER BY number
""")

# Read the number of the newest event of each project that has any. An index finds it.
NEWEST_EVENTS = Statement("""
SELECT n.id, n.number FROM (
    SELECT p.id, (SELECT max(e.number) FROM events AS e WHERE e.project_id = p.id) AS number FROM projects AS p
) AS n WHERE n.number IS NOT NULL
""")


def entry_values(entry: WaitlistEntry) -> dict[str, object]:
    """Return an entry as its statements' values."""
    latitude, longitude = coordinates(entry.location)
    return values_of(
        columns.WaitlistEntryRow._fields,
        entry,
        start_from_minute=entry.start_from,
        start_to_minute=entry.start_to,
        latitude=latitude,
        longitude=longitude,
        customer_name=entry.customer.name,
        customer_phone=entry.customer.phone,
        customer_email=entry.customer.email,
        state=entry.state.value,
        let_go=json_text(entry.declined_times),
        postal_code=entry.postal_code or None,
        priority=None if entry.priority is Priority.NORMAL else entry.priority.value,
    )


def entry_of(values: Row) -> WaitlistEntry:
    """Return the entry that a row holds."""
    row = columns.WaitlistEntryRow(*values)
    return WaitlistEntry(
        id=row.id,
        service_id=row.service_id,
        duration_minutes=row.duration_minutes,
        start_from=row.start_from_minute,
        start_to=row.start_to_minute,
        technician_id=row.technician_id,
        location=location_of(row.latitude, row.longitude),
        postal_code=row.postal_code or "",
        priority=Priority(row.priority or Priority.NORMAL),
        customer=Customer(name=row.customer_name, phone=row.customer_phone, email=row.customer_email),
        customer_pseudonym=row.customer_pseudonym,
        contact_keys=tuple(orjson.loads(row.contact_keys)),
        state=WaitlistState(row.state),
        hold_token=row.hold_token,
        declined_times=tuple(map(tuple, orjson.loads(row.let_go))),
        joined_at_ms=row.joined_at_ms,
    )


async def read_entry(fetch: Fetch, project_id: str, entry_id: str) -> WaitlistEntry | None:
    """Return an entry, in any state."""
    rows = await fetch(ENTRY, project_id=project_id, id=entry_id)
    return entry_of(rows[0]) if rows else None


async def read_entries(fetch: Fetch, project_id: str, states: Collection[WaitlistState]) -> tuple[WaitlistEntry, ...]:
    """Return the entries in some states, in order of joining."""
    values = {state.value: state.value if state in states else None for state in WaitlistState}
    return tuple(map(entry_of, await fetch(ENTRIES, project_id=project_id, **values)))


async def read_events(fetch: Fetch, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
    """Return the events after a number, in order."""
    rows = await fetch(EVENTS_AFTER, project_id=project_id, after=after)
    return tuple(ProjectEvent(**columns.EventRow(*values)._asdict()) for values in rows)


async def add_contact_keys(fetch: Fetch, project_id: str, entry: WaitlistEntry) -> None:
    """Add the contact keys of an entry that has none in the database."""
    for position, key in enumerate(entry.contact_keys):
        await fetch(ADD_ENTRY_CONTACT, project_id=project_id, wait_id=entry.id, position=position, key=key)


async def erase_customer(fetch: Fetch, project_id: str, key: str) -> int:
    """Erase the customer with a contact key or pseudonym; return the number of affected entries."""
    rows = await fetch(ENTRIES_OF_CUSTOMER, project_id=project_id, key=key)
    for (entry_id,) in rows:
        await fetch(ERASE_ENTRY_CUSTOMER, project_id=project_id, id=entry_id)
        await fetch(DELETE_ENTRY_CONTACTS, project_id=project_id, wait_id=entry_id)
    return len(rows)


async def delete_old_entries(fetch: Fetch, project_id: str, passed_by: Minute) -> None:
    """Delete the closed entries whose window had passed by a minute."""
    for (entry_id,) in await fetch(OLD_ENTRIES, project_id=project_id, passed_by=passed_by):
        await fetch(DELETE_ENTRY_CONTACTS, project_id=project_id, wait_id=entry_id)
        await fetch(DELETE_ENTRY, project_id=project_id, id=entry_id)
