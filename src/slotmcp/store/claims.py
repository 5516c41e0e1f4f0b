"""Claims and busy times: SQL, rows and values. All ids except `:project_id` are unique within their project."""

from collections.abc import Collection
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import BusyTime, Claim, ClaimState, Hold
from slotmcp.ports import ClaimConflict
from slotmcp.store import columns
from slotmcp.store.hold_terms import terms_of
from slotmcp.store.statement import Fetch, Row, Statement, insert, select_among_keys, update
from slotmcp.store.values import coordinates, json_text

OVERLAP_CONSTRAINT: Final = "claims_never_overlap"
"""Name of PostgreSQL's exclusion constraint, and message of SQLite's triggers."""

TECHNICIAN_NUMBER: Final = "(SELECT number FROM technicians WHERE project_id = :project_id AND id = :technician_id)"

_CLAIMS_WITH_OWNER: Final = (
    f"SELECT {columns.CLAIM_COLUMNS} FROM technicians AS t JOIN claims AS c ON c.technician_number = t.number"
)
_BUSY_WITH_OWNER: Final = (
    f"SELECT {columns.BUSY_COLUMNS} FROM technicians AS t JOIN busy_times AS b ON b.technician_number = t.number"
)

# Read the live claims of every technician in the catalog that end at `:since` or later.
LIVE_CLAIMS = Statement(f"""
{_CLAIMS_WITH_OWNER}
WHERE t.project_id = :project_id AND t.archived = 0 AND c.state IN ('held', 'booked') AND c.end_minute >= :since
ORDER BY t.number, c.end_minute
""")

# Read the live claims of one technician that end at `:since` or later.
CLAIMS_OF_TECHNICIAN = Statement(f"""
{_CLAIMS_WITH_OWNER}
WHERE t.project_id = :project_id AND t.id = :technician_id AND c.state IN ('held', 'booked') AND c.end_minute >= :since
ORDER BY c.end_minute
""")

# Read a claim if it is live, belongs to this technician, and ends at `:since` or later.
CLAIM_OF_TECHNICIAN = Statement(f"""
SELECT {columns.CLAIM_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project_id AND c.id = :claim_id AND t.id = :technician_id AND c.state IN ('held', 'booked')
  AND c.end_minute >= :since
""")

# Read a hold by its token, in any state.
HOLD = Statement(f"""
SELECT {columns.HOLD_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project_id AND c.hold_token = :hold_token
""")

_HOLDS: Final = f"""
SELECT {columns.HOLD_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.hold_token {{among_keys}} AND """

# Read the holds with some tokens, in any state. The plus sign keeps SQLite from reading all claims of the project.
HOLDS = select_among_keys(f"{_HOLDS}+c.project_id = :project_id", f"{_HOLDS}c.project_id = :project_id")

# Read a hold by the id of its claim, in any state.
HOLD_OF_CLAIM = Statement(f"""
SELECT {columns.HOLD_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project_id AND c.id = :id AND c.hold_token IS NOT NULL
""")

# Mark expired holds as lapsed, so that the constraint frees their time, and holds that would live longer than any hold
# is kept, because the clock was set back.
LAPSE_HOLDS = Statement("""
UPDATE claims SET state = 'lapsed'
WHERE project_id = :project_id AND state = 'held' AND (expires_at_ms <= :now_ms OR expires_at_ms > :latest_ms)
RETURNING id, expires_at_ms
""")

_ADD_CLAIM: Final = insert(columns.CLAIMS, technician_number=TECHNICIAN_NUMBER)

# Add a claim. PostgreSQL returns no row if the time is taken: plain inserts under an exclusion constraint deadlock.
ADD_CLAIM = Statement(
    _ADD_CLAIM,
    postgres=f"{_ADD_CLAIM} ON CONFLICT ON CONSTRAINT {OVERLAP_CONSTRAINT} DO NOTHING RETURNING id",
    takes_time=True,
)

_MOVE_HOLD: Final = (
    f"UPDATE claims SET technician_number = {TECHNICIAN_NUMBER} WHERE project_id = :project_id AND id = :id"
)

# Move a hold to another technician.
MOVE_HOLD = Statement(
    _MOVE_HOLD,
    postgres=f"""
{_MOVE_HOLD} AND NOT EXISTS (
    SELECT 1 FROM claims AS other JOIN technicians AS t ON t.number = other.technician_number
    WHERE t.project_id = :project_id AND t.id = :technician_id AND other.state IN ('held', 'booked')
      AND other.end_minute > claims.start_minute AND other.start_minute < claims.end_minute AND other.id <> claims.id)
RETURNING id
""",
    takes_time=True,
)

# End a hold, which frees its time.
END_HOLD = Statement("UPDATE claims SET state = :state WHERE project_id = :project_id AND id = :id")

_SAVE_CLAIM: Final = update(
    columns.CLAIMS,
    unchanged=("hold_token", "customer_pseudonym"),
    technician_number=TECHNICIAN_NUMBER,
    expires_at_ms="NULL",
    hold_terms="NULL",
)

# Turn a hold into a booking, or move or cancel a booking. One update: the time is never free in between.
SAVE_CLAIM = Statement(
    _SAVE_CLAIM,
    postgres=f"""
{_SAVE_CLAIM} AND (:state = 'cancelled' OR NOT EXISTS (
    SELECT 1 FROM claims AS other JOIN technicians AS t ON t.number = other.technician_number
    WHERE t.project_id = :project_id AND t.id = :technician_id AND other.state IN ('held', 'booked')
      AND other.end_minute > :start_minute AND other.start_minute < :end_minute AND other.id <> claims.id))
RETURNING id
""",
    takes_time=True,
)

# Remove the customer and the location from a claim.
ERASE_CLAIM_CUSTOMER = Statement("""
UPDATE claims SET customer_pseudonym = '', hold_terms = NULL, latitude = NULL, longitude = NULL,
    postal_code = NULL
WHERE project_id = :project_id AND id = :id
""")

# Read the busy times of every technician in the catalog.
BUSY = Statement(f"""
{_BUSY_WITH_OWNER}
WHERE t.project_id = :project_id AND t.archived = 0
ORDER BY t.number, b.start_minute, b.end_minute, b.source
""")

# Read the busy times of one technician.
BUSY_OF_TECHNICIAN = Statement(f"""
{_BUSY_WITH_OWNER}
WHERE t.project_id = :project_id AND t.id = :technician_id
ORDER BY b.start_minute, b.end_minute, b.source
""")

# Add a busy time unless it exists.
ADD_BUSY = Statement(f"""
{insert(columns.BUSY_TIMES, technician_number=TECHNICIAN_NUMBER)}
ON CONFLICT DO NOTHING RETURNING technician_number
""")

# Remove a busy time.
REMOVE_BUSY = Statement(f"""
DELETE FROM busy_times
WHERE technician_number = {TECHNICIAN_NUMBER}
  AND start_minute = :start_minute AND end_minute = :end_minute AND source = :source
RETURNING technician_number
""")


def claim_conflict() -> ClaimConflict:
    """Return the error for a claim on taken time."""
    return ClaimConflict("The technician's time is taken by a live claim.")


def claim_values(claim: Claim) -> dict[str, object]:
    """Return a claim as its statements' values."""
    latitude, longitude = coordinates(claim.location)
    return {
        "id": claim.id,
        "technician_id": claim.technician_id,
        "service_id": claim.service_id,
        "start_minute": claim.start,
        "end_minute": claim.end,
        "buffer_before_minutes": claim.buffer_before_minutes,
        "buffer_after_minutes": claim.buffer_after_minutes,
        "technician_chosen": int(claim.technician_chosen),
        "latitude": latitude,
        "longitude": longitude,
        "postal_code": claim.postal_code or None,
        "priority": None if claim.priority is Priority.NORMAL else claim.priority.value,
    }


def claim_of(row: columns.ClaimRow | columns.HoldRow | columns.BookingRow) -> Claim:
    """Return the claim that a row holds."""
    latitude, longitude = row.latitude, row.longitude
    return Claim(
        technician_id=row.technician_id,
        id=row.id,
        service_id=row.service_id,
        start=row.start_minute,
        end=row.end_minute,
        buffer_before_minutes=row.buffer_before_minutes,
        buffer_after_minutes=row.buffer_after_minutes,
        expires_at_ms=row.expires_at_ms,
        technician_chosen=row.technician_chosen != 0,
        location=None if latitude is None or longitude is None else Location(latitude, longitude),
        postal_code=row.postal_code or "",
        priority=Priority(row.priority or Priority.NORMAL),
        hold=None if isinstance(row, columns.BookingRow) or row.hold_terms is None else terms_of(row.hold_terms),
    )


def hold_of(values: Row) -> Hold:
    """Return the hold that a row holds."""
    row = columns.HoldRow(*values)
    return Hold(
        claim=claim_of(row),
        token=row.hold_token or "",
        state=ClaimState(row.state),
        customer_pseudonym=row.customer_pseudonym,
    )


def busy_values(busy: BusyTime) -> dict[str, object]:
    """Return a busy time as its statements' values."""
    return {
        "technician_id": busy.technician_id,
        "start_minute": busy.start,
        "end_minute": busy.end,
        "source": busy.source,
    }


def busy_of(row: columns.BusyRow) -> BusyTime:
    """Return the busy time that a row holds."""
    return BusyTime(technician_id=row.technician_id, start=row.start_minute, end=row.end_minute, source=row.source)


async def read_holds(fetch: Fetch, project_id: str, tokens: Collection[str]) -> dict[str, Hold]:
    """Return the holds with some tokens, in any state, by token. Without tokens, no statement runs."""
    rows = await fetch(HOLDS, project_id=project_id, keys=json_text(sorted(tokens))) if tokens else ()
    return {hold.token: hold for hold in map(hold_of, rows)}


async def read_hold(fetch: Fetch, project_id: str, token: str) -> Hold | None:
    """Return the hold with a token, in any state."""
    rows = await fetch(HOLD, project_id=project_id, hold_token=token)
    return hold_of(rows[0]) if rows else None
