"""Deletion of data whose retention is over, in limited numbers of rows."""

from typing import Final

from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.retention import MIN_BOOKING_DAYS, DataKind, Purged, Retention
from slotmcp.store import bookings
from slotmcp.store.calendar_pages import DELIVERY_RETENTION_MS, ENTRY_RETENTION_MINUTES
from slotmcp.store.schedules import Snapshot
from slotmcp.store.statement import Fetch, Statement

_ENDED: Final = """
SELECT c.id FROM claims AS c JOIN bookings AS b ON b.project_id = c.project_id AND b.claim_id = c.id
WHERE c.project_id = :project_id AND c.end_minute <= :ended_by"""
_UNUSED: Final = """
  AND NOT EXISTS (SELECT 1 FROM calendar_pushes AS p WHERE p.project_id = c.project_id AND p.booking_id = c.id)
  AND NOT EXISTS (
      SELECT 1 FROM calendar_entries AS e
      WHERE e.project_id = c.project_id AND e.booking_id = c.id AND e.booking_id <> '')"""
"""Condition of bookings that no calendar needs any more."""

# Find the past bookings with a customer.
WITH_CUSTOMER = Statement(f"""
{_ENDED} AND (
    b.customer_name IS NOT NULL OR b.address <> '' OR b.notes <> '' OR b.answers IS NOT NULL OR c.latitude IS NOT NULL
) LIMIT :limit
""")

# Find the past bookings that are not canceled.
PAST = Statement(f"{_ENDED} AND c.state = 'booked' {_UNUSED} LIMIT :limit")

# Find the canceled bookings whose former time is past.
CANCELED = Statement(f"{_ENDED} AND c.state = 'cancelled' {_UNUSED} LIMIT :limit")

# Delete the booking of a claim. Its contact keys must be deleted first.
DELETE_BOOKING = Statement("DELETE FROM bookings WHERE project_id = :project_id AND claim_id = :claim_id")

# Delete a claim, whose booking must be deleted first.
DELETE_CLAIM = Statement("DELETE FROM claims WHERE project_id = :project_id AND id = :claim_id")

# Find the deferred events that were received long ago.
OLD_DEFERRED = Statement("""
SELECT uid FROM calendar_parked WHERE project_id = :project_id AND parked_at_ms <= :received_by LIMIT :limit
""")

# Delete a deferred event.
DELETE_DEFERRED = Statement("DELETE FROM calendar_parked WHERE project_id = :project_id AND uid = :id")

# Find the calendar events that ended long ago.
OLD_ENTRIES = Statement("""
SELECT uid FROM calendar_entries WHERE project_id = :project_id AND end_minute <= :ended_by LIMIT :limit
""")

# Delete a calendar event.
DELETE_ENTRY = Statement("DELETE FROM calendar_entries WHERE project_id = :project_id AND uid = :id")

# Find the webhook deliveries that were received long ago.
OLD_DELIVERIES = Statement("""
SELECT digest FROM calendar_deliveries WHERE project_id = :project_id AND received_at_ms <= :received_by LIMIT :limit
""")

# Delete a webhook delivery.
DELETE_DELIVERY = Statement("DELETE FROM calendar_deliveries WHERE project_id = :project_id AND digest = :id")

_OVER: Final = """
FROM access_keys
WHERE (revoked_at_ms <= :over_by_ms OR expires_at_ms <= :over_by_ms)
  AND NOT EXISTS (SELECT 1 FROM dashboard_sessions AS s WHERE s.key_id = access_keys.id)"""

# Find the access keys that expired or were revoked long ago and have no session any more.
OLD_KEYS = Statement(f"SELECT id {_OVER}")

# Delete these access keys.
DELETE_OLD_KEYS = Statement(f"DELETE {_OVER} RETURNING id")

# Claim a periodic task until its next time, unless another server has claimed it.
CLAIM_TASK = Statement("""
INSERT INTO maintenance (task, not_before_ms) VALUES (:task, :next_ms)
ON CONFLICT (task) DO UPDATE SET not_before_ms = excluded.not_before_ms WHERE maintenance.not_before_ms <= :now_ms
RETURNING task
""")

# Change the next time of a periodic task.
POSTPONE_TASK = Statement("UPDATE maintenance SET not_before_ms = :next_ms WHERE task = :task RETURNING task")


async def purge(snapshot: Snapshot, retention: Retention, *, limit: int, is_dry_run: bool = False) -> Purged:
    """Delete at most `limit` rows of each kind of a project's data; in a dry run, only count them."""
    found = await _find(snapshot, retention, limit)
    if not is_dry_run:
        for kind, ids in found.items():
            for row_id in ids:
                await _delete(snapshot.fetch, snapshot.project_id, kind, row_id)
    return Purged({kind: len(ids) for kind, ids in found.items() if ids})


async def _find(snapshot: Snapshot, retention: Retention, limit: int) -> dict[DataKind, list[str]]:
    now_ms, now = snapshot.now_ms, snapshot.now_ms // MS_PER_MINUTE
    searches = [
        (DataKind.DEFERRED, OLD_DEFERRED, {"received_by": now_ms - ENTRY_RETENTION_MINUTES * MS_PER_MINUTE}),
        (DataKind.ENTRIES, OLD_ENTRIES, {"ended_by": now - ENTRY_RETENTION_MINUTES}),
        (DataKind.DELIVERIES, OLD_DELIVERIES, {"received_by": now_ms - DELIVERY_RETENTION_MS}),
    ]
    for kind, statement, days in (
        (DataKind.CUSTOMERS, WITH_CUSTOMER, retention.customer_days),
        (DataKind.BOOKINGS, PAST, retention.booking_days),
        (DataKind.CANCELED, CANCELED, retention.canceled_days),
    ):
        if days:
            searches.append((kind, statement, {"ended_by": now - max(days, MIN_BOOKING_DAYS) * MINUTES_PER_DAY}))
    found = {}
    for kind, statement, values in searches:
        rows = await snapshot.fetch(statement, project_id=snapshot.project_id, limit=limit, **values)
        found[kind] = [row_id for (row_id,) in rows]
    return found


async def _delete(fetch: Fetch, project_id: str, kind: DataKind, row_id: str) -> None:
    match kind:
        case DataKind.CUSTOMERS:
            await bookings.erase_claim(fetch, project_id, row_id)
        case DataKind.BOOKINGS | DataKind.CANCELED:
            await fetch(bookings.DELETE_BOOKING_CONTACTS, project_id=project_id, claim_id=row_id)
            await fetch(DELETE_BOOKING, project_id=project_id, claim_id=row_id)
            await fetch(DELETE_CLAIM, project_id=project_id, claim_id=row_id)
        case DataKind.DEFERRED:
            await fetch(DELETE_DEFERRED, project_id=project_id, id=row_id)
        case DataKind.ENTRIES:
            await fetch(DELETE_ENTRY, project_id=project_id, id=row_id)
        case DataKind.DELIVERIES:
            await fetch(DELETE_DELIVERY, project_id=project_id, id=row_id)
        case DataKind.KEYS:
            raise ValueError("access keys belong to no project")
