"""Deletion of old rows: ended holds, receipts, closed waitlist entries, events and changes.

Each process deletes them once per minute and project, in the transaction of a write.
"""

from typing import Final

from slotmcp.domain.interval import MS_PER_DAY, MS_PER_MINUTE
from slotmcp.store import waitlist
from slotmcp.store.change_log import SET_REVISION
from slotmcp.store.schedules import REVISIONS_LOGGED, WritableSnapshot
from slotmcp.store.statement import CoveredBy, Statement

HOLD_RETENTION_MS: Final = MS_PER_DAY
RECEIPT_RETENTION_MS: Final = 30 * MS_PER_DAY
ENTRY_RETENTION_MS: Final = 30 * MS_PER_DAY
MAX_EVENTS: Final = 10_000

_OLD_HOLDS: Final = """
DELETE FROM claims
WHERE project_id = :project_id AND state IN ('held', 'lapsed', 'released', 'withdrawn') AND expires_at_ms <= :expired_by
"""
_OLD_RECEIPTS: Final = "DELETE FROM receipts WHERE project_id = :project_id AND created_at_ms <= :created_by"
_OLD_EVENTS: Final = """
DELETE FROM events WHERE project_id = :project_id
  AND number <= (SELECT max(newest.number) FROM events AS newest WHERE newest.project_id = :project_id) - :max_events
"""
_OLD_CHANGES: Final = """
DELETE FROM changes WHERE project_id = :project_id
  AND revision <= (SELECT p.revision FROM projects AS p WHERE p.id = :project_id) - :revisions_logged
"""

# Delete holds that ended long ago, also those that no write has marked as lapsed. PostgreSQL also deletes old receipts
# and events.
DELETE_OLD_HOLDS = Statement(
    _OLD_HOLDS,
    postgres=f"""
WITH forgotten_receipts AS ({_OLD_RECEIPTS}), forgotten_events AS ({_OLD_EVENTS})
{_OLD_HOLDS}
""",
)

# Delete receipts that were created long ago.
DELETE_OLD_RECEIPTS = Statement(_OLD_RECEIPTS, postgres=CoveredBy(DELETE_OLD_HOLDS))

# Delete all events but the newest.
DELETE_OLD_EVENTS = Statement(_OLD_EVENTS, postgres=CoveredBy(DELETE_OLD_HOLDS))

# Delete changes that are no longer read.
DELETE_OLD_CHANGES = Statement(_OLD_CHANGES, postgres=CoveredBy(SET_REVISION))


async def clean_up(snapshot: WritableSnapshot) -> None:
    """Delete the old rows of a project."""
    project_id, now_ms = snapshot.project_id, snapshot.now_ms
    values = {
        "project_id": project_id,
        "expired_by": now_ms - HOLD_RETENTION_MS,
        "created_by": now_ms - RECEIPT_RETENTION_MS,
        "max_events": MAX_EVENTS,
        "revisions_logged": REVISIONS_LOGGED,
    }
    for statement in (DELETE_OLD_HOLDS, DELETE_OLD_RECEIPTS, DELETE_OLD_EVENTS, DELETE_OLD_CHANGES):
        await snapshot.fetch(statement, **values)
    passed_by = (now_ms - ENTRY_RETENTION_MS) // MS_PER_MINUTE
    await waitlist.delete_old_entries(snapshot.fetch, project_id, passed_by)
