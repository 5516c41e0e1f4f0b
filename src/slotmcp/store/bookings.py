"""Bookings and their contact keys: SQL, rows and values."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from slotmcp.domain.attention import Attention
from slotmcp.domain.booking import AssignmentReason, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import Claim, ClaimState
from slotmcp.domain.interval import Minute
from slotmcp.store.attention import attention_of, attention_text
from slotmcp.store.booking_rules import answers_json, answers_of
from slotmcp.store.claims import ERASE_CLAIM_CUSTOMER, claim_of
from slotmcp.store.columns import BOOKING_COLUMNS, BOOKING_CONTACTS, BOOKINGS, CLAIM_COLUMNS, BookingRow, ClaimRow
from slotmcp.store.statement import Fetch, Row, Statement, insert, select_with_keys, update
from slotmcp.store.values import json_text, ranking_of

PAGE_SIZE: Final = 1000
ERASED: Final = "The message was erased with its customer."
"""Text in place of a message of the calendar that may quote a customer."""
TAKING_TIME: Final = {ClaimState.HELD, ClaimState.BOOKED}


def _keys_of(kind: str) -> str:
    return f"""
       (SELECT {{keys}} FROM (SELECT key FROM booking_contacts AS k
        WHERE k.project_id = b.project_id AND k.claim_id = b.claim_id AND k.kind = '{kind}'
        ORDER BY k.position) AS ordered)"""


_COLUMNS: Final = f"{BOOKING_COLUMNS}, {_keys_of('contact')}, {_keys_of('former')}, {_keys_of('call')}"
_SELECT: Final = f"""
SELECT {_COLUMNS}
FROM bookings AS b
JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
JOIN technicians AS t ON t.number = c.technician_number
WHERE b.project_id = :project_id"""
_BY_KEY: Final = """
SELECT claim_id FROM booking_contacts INDEXED BY booking_contacts_by_key
WHERE project_id = :project_id AND key = :key"""

# Add a booking, whose claim exists.
ADD_BOOKING = Statement(insert(BOOKINGS, created_at_ms=":now_ms"))

# Replace a booking, but not its claim.
SAVE_BOOKING = Statement(update(BOOKINGS, unchanged=("created_at_ms",)))

# Read one booking.
BOOKING = select_with_keys(f"{_SELECT} AND b.claim_id = :claim_id")

# Read the claims of the bookings with some ids, in any status. PostgreSQL looks each one up by the primary key. Without
# OFFSET 0, a plan that was prepared while the table was empty would read all claims of the project.
BOOKING_CLAIMS = Statement(
    f"""
SELECT {CLAIM_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project_id AND c.id IN (SELECT value FROM json_each(:keys))
  AND c.state IN ('booked', 'cancelled')
""",
    postgres=f"""
SELECT {CLAIM_COLUMNS} FROM json_array_elements_text(:keys::json) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM claims WHERE project_id = :project_id AND claims.id = wanted.id OFFSET 0) AS c
JOIN technicians AS t ON t.number = c.technician_number
WHERE c.state IN ('booked', 'cancelled')
""",
)

# Read the bookings with a contact key. Former contacts find nothing.
BOOKINGS_BY = select_with_keys(f"""
{_SELECT}
  AND b.claim_id IN ({_BY_KEY} AND kind <> 'former')
ORDER BY c.start_minute, c.id
""")

_CLAIMS_BY_KEY: Final = f"""
SELECT c.id FROM claims AS c WHERE c.project_id = :project_id AND c.id IN ({_BY_KEY} AND kind <> 'former')"""

# Read the bookings with a contact key that are not cancelled and end later, and the others with the latest starts. A
# customer may have hundreds of others, so only their claims are read. Former contacts find nothing.
LATEST_BOOKINGS_BY = select_with_keys(f"""
{_SELECT} AND b.claim_id IN (
    {_CLAIMS_BY_KEY} AND c.state = 'booked' AND c.end_minute > :now_minute
    UNION ALL
    SELECT id FROM ({_CLAIMS_BY_KEY} AND NOT (c.state = 'booked' AND c.end_minute > :now_minute)
        ORDER BY c.start_minute DESC, c.id DESC LIMIT :max_others) AS ordered)
ORDER BY c.start_minute, c.id
""")

# Read the bookings of a service that have one of the contact keys, present or former, and overlap a time span.
BOOKINGS_OVERLAPPING = select_with_keys(f"""
{_SELECT} AND c.state = 'booked' AND c.service_id = :service_id
  AND c.start_minute < :end_minute AND c.end_minute > :start_minute
  AND b.claim_id IN (SELECT claim_id FROM booking_contacts WHERE project_id = :project_id AND key {{among_keys}})
ORDER BY c.start_minute, c.id
""")

# Condition of the claims of a technician that overlap a time span. Live claims of a technician never overlap, so none
# of them ends later than the first one that ends after the span.
_IN_SPAN: Final = """
c.technician_number = t.number AND c.state IN ('held', 'booked') AND c.state = 'booked'
AND c.start_minute < :end_minute AND c.end_minute > :start_minute AND c.end_minute <= coalesce((
    SELECT last.end_minute FROM claims AS last
    WHERE last.technician_number = t.number AND last.state IN ('held', 'booked') AND last.end_minute > :end_minute
    ORDER BY last.end_minute LIMIT 1), :end_minute)"""

# Read the bookings that are not cancelled and overlap a time span. `CROSS JOIN` and `OFFSET 0` make the databases start
# with the technicians, so that they do not read the other bookings of the project.
OVERLAPPING_BOOKINGS = select_with_keys(
    f"""
SELECT {_COLUMNS}
FROM technicians AS t CROSS JOIN claims AS c CROSS JOIN bookings AS b
WHERE t.project_id = :project_id AND {_IN_SPAN} AND b.project_id = :project_id AND b.claim_id = c.id
ORDER BY c.start_minute, c.id
""",
    postgres=f"""
SELECT {_COLUMNS}
FROM technicians AS t
CROSS JOIN LATERAL (SELECT * FROM claims AS c WHERE {_IN_SPAN} OFFSET 0) AS c
CROSS JOIN LATERAL (SELECT * FROM bookings WHERE project_id = c.project_id AND claim_id = c.id OFFSET 0) AS b
WHERE t.project_id = :project_id
ORDER BY c.start_minute, c.id
""",
)

# Read the bookings that need attention and have not ended.
BOOKINGS_NEEDING_ATTENTION = select_with_keys(
    f"""
SELECT {_COLUMNS}
FROM bookings AS b CROSS JOIN claims AS c CROSS JOIN technicians AS t
WHERE b.project_id = :project_id AND b.attention <> '' AND c.project_id = b.project_id AND c.id = b.claim_id
  AND c.state = 'booked' AND c.end_minute > :end_minute AND t.number = c.technician_number
ORDER BY c.start_minute, c.id
""",
    postgres=f"""
SELECT {_COLUMNS}
FROM (SELECT * FROM bookings WHERE project_id = :project_id AND attention <> '' OFFSET 0) AS b
CROSS JOIN LATERAL (
    SELECT * FROM claims WHERE project_id = b.project_id AND id = b.claim_id OFFSET 0
) AS c
JOIN technicians AS t ON t.number = c.technician_number
WHERE c.state = 'booked' AND c.end_minute > :end_minute
ORDER BY c.start_minute, c.id
""",
)

# Read the attention of every booking that needs some.
ATTENTION = Statement("SELECT claim_id, attention FROM bookings WHERE project_id = :project_id AND attention <> ''")

# Replace a booking's attention.
SET_ATTENTION = Statement("""
UPDATE bookings SET attention = :attention WHERE project_id = :project_id AND claim_id = :claim_id
""")

# Until the transaction ends, PostgreSQL reads rows in the order of an index. Without statistics it expects few rows,
# and would sort all that remain for each page.
READ_IN_INDEX_ORDER = Statement("SELECT 1", postgres="SELECT set_config('enable_bitmapscan', 'off', true)")

# Read the next bookings by id that are not cancelled.
BOOKINGS_AFTER = select_with_keys(f"""
{_SELECT} AND c.state = 'booked' AND b.claim_id > :after ORDER BY b.claim_id LIMIT :limit
""")

# Add a contact key to a booking.
ADD_BOOKING_CONTACT = Statement(insert(BOOKING_CONTACTS))

# Delete the contact keys of a booking.
DELETE_BOOKING_CONTACTS = Statement(
    "DELETE FROM booking_contacts WHERE project_id = :project_id AND claim_id = :claim_id"
)

# Delete a key that is a former contact of bookings.
DELETE_FORMER_CONTACT = Statement("""
DELETE FROM booking_contacts INDEXED BY booking_contacts_by_key
WHERE project_id = :project_id AND key = :key AND kind = 'former'
""")

# Read the holds and bookings of a customer, in any state, by a contact key or pseudonym.
CLAIMS_OF_CUSTOMER = Statement(f"""
SELECT t.id, c.id, c.state, c.latitude IS NOT NULL OR c.postal_code IS NOT NULL OR c.hold_terms IS NOT NULL,
       coalesce(b.created_at_ms, c.expires_at_ms, 0)
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
LEFT JOIN bookings AS b ON b.project_id = c.project_id AND b.claim_id = c.id
WHERE c.project_id = :project_id AND c.id IN (
    {_BY_KEY} AND kind <> 'former'
    UNION
    SELECT id FROM claims WHERE project_id = :project_id AND customer_pseudonym = :key AND customer_pseudonym <> ''
    UNION
    SELECT id FROM claims
    WHERE project_id = :project_id AND state IN ('held', 'lapsed', 'released', 'withdrawn')
      AND expires_at_ms IS NOT NULL AND :key <> '' AND hold_terms LIKE '%"' || :key || '"%'
)
""")

# Remove the customer from the booking of a claim, if there is one.
ERASE_BOOKING_CUSTOMER = Statement("""
UPDATE bookings
SET customer_name = NULL, customer_phone = '', customer_email = '', address = '', notes = '', answers = NULL,
    cancel_reason = ''
WHERE project_id = :project_id AND claim_id = :claim_id RETURNING attention
""")

# Remove the calendar's message, which may quote the customer, from the push of a booking.
ERASE_PUSH_MESSAGE = Statement(f"""
UPDATE calendar_pushes SET refused = '{ERASED}'
WHERE project_id = :project_id AND booking_id = :claim_id AND refused <> ''
""")


@dataclass(frozen=True, slots=True)
class ErasedClaim:
    """Hold or booking whose customer was erased."""

    id: str
    made_at_ms: int
    """Time at which it was booked, or at which the hold expires."""


@dataclass(frozen=True, slots=True)
class ErasedClaims:
    """Claims whose customer was erased."""

    claims: list[ErasedClaim] = field(default_factory=list)
    bookings: int = 0
    changes: list[tuple[str, str]] = field(default_factory=list)
    """Technician and claim ids of each live claim that lost its location or terms."""


def booking_values(booking: Booking) -> dict[str, object]:
    """Return a booking, without its claim, as its statements' values."""
    customer, visit = booking.customer, booking.visit
    return {
        "claim_id": booking.id,
        "customer_name": customer.name if customer else None,
        "customer_phone": customer.phone if customer else "",
        "customer_email": customer.email if customer else "",
        "address": visit.address,
        "notes": visit.notes,
        "reason": _reason_json(booking.reason) if booking.reason else None,
        "status": booking.status.value,
        "cancel_reason": booking.cancel_reason,
        "attention": attention_text(booking.attention),
        "is_additional": int(booking.is_additional),
        "answers": answers_json(booking.answers),
    }


def state_of(booking: Booking) -> ClaimState:
    """Return the state of a booking's claim; a canceled one takes no time."""
    return ClaimState.CANCELLED if booking.status is BookingStatus.CANCELLED else ClaimState.BOOKED


def time_taken_by(booking: Booking) -> Claim | None:
    """Return a booking's claim, unless it is canceled and takes no time."""
    return booking.claim if state_of(booking) is ClaimState.BOOKED else None


def booking_of(values: Row) -> Booking:
    """Return the booking that a row holds."""
    row = BookingRow(*values)
    customer = None
    if row.customer_name is not None:
        customer = Customer(name=row.customer_name, phone=row.customer_phone, email=row.customer_email)
    return Booking(
        claim=claim_of(row),
        customer=customer,
        visit=Visit(address=row.address, notes=row.notes),
        answers=answers_of(row.answers),
        reason=None if row.reason is None else _reason(orjson.loads(row.reason)),
        status=BookingStatus(row.status),
        contact_keys=tuple(orjson.loads(row.contact_keys)),
        former_keys=tuple(orjson.loads(row.former_keys)),
        call_keys=tuple(orjson.loads(row.call_keys)),
        cancel_reason=row.cancel_reason,
        attention=attention_of(row.attention),
        is_additional=bool(row.is_additional),
    )


async def read_booking(fetch: Fetch, project_id: str, booking_id: str) -> Booking | None:
    """Return a booking, in any status."""
    rows = await fetch(BOOKING, project_id=project_id, claim_id=booking_id)
    return booking_of(rows[0]) if rows else None


async def read_booking_claims(fetch: Fetch, project_id: str, booking_ids: Collection[str]) -> dict[str, Claim]:
    """Return the claims of bookings in any status, by id. Without ids, no statement runs."""
    rows = (
        await fetch(BOOKING_CLAIMS, project_id=project_id, keys=json_text(sorted(booking_ids))) if booking_ids else ()
    )
    claims = (replace(claim_of(ClaimRow(*row)), hold=None) for row in rows)
    return {claim.id: claim for claim in claims}


async def read_bookings_by(fetch: Fetch, project_id: str, contact_key: str) -> tuple[Booking, ...]:
    """Return the bookings with a contact key, by start and id, in any status."""
    return tuple(map(booking_of, await fetch(BOOKINGS_BY, project_id=project_id, key=contact_key)))


async def read_latest_bookings_by(
    fetch: Fetch, project_id: str, contact_key: str, *, now: Minute, max_others: int
) -> tuple[Booking, ...]:
    """Return the upcoming bookings with a contact key and the others with the latest starts, by start and id."""
    rows = await fetch(
        LATEST_BOOKINGS_BY, project_id=project_id, key=contact_key, now_minute=now, max_others=max_others
    )
    return tuple(map(booking_of, rows))


async def read_bookings_overlapping(  # noqa: PLR0913  the parts of the query
    fetch: Fetch, project_id: str, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
) -> tuple[Booking, ...]:
    """Return the bookings of a service with one of the keys that overlap a span and are not canceled."""
    rows = await fetch(
        BOOKINGS_OVERLAPPING,
        project_id=project_id,
        keys=json_text(sorted(contact_keys)),
        service_id=service_id,
        start_minute=start,
        end_minute=end,
    )
    return tuple(map(booking_of, rows))


async def read_attention(fetch: Fetch, project_id: str) -> dict[str, Attention]:
    """Return the attention of every booking that needs some, by booking id."""
    rows = await fetch(ATTENTION, project_id=project_id)
    return {booking_id: attention_of(text) for booking_id, text in rows}


async def read_pages(fetch: Fetch, project_id: str) -> AsyncIterator[Sequence[Booking]]:
    """Yield the bookings that are not canceled, by id, in pages."""
    await fetch(READ_IN_INDEX_ORDER)
    after = ""
    while rows := await fetch(BOOKINGS_AFTER, project_id=project_id, after=after, limit=PAGE_SIZE):
        page = [booking_of(row) for row in rows]
        yield page
        after = page[-1].id


def contact_values(booking: Booking) -> Iterator[dict[str, object]]:
    """Yield the values of each key of a booking."""
    by_kind = {"contact": booking.contact_keys, "former": booking.former_keys, "call": booking.call_keys}
    pairs = ((kind, key) for kind, keys in by_kind.items() for key in keys)
    for position, (kind, key) in enumerate(pairs):
        yield {"claim_id": booking.id, "position": position, "key": key, "kind": kind}


async def erase_customer(fetch: Fetch, project_id: str, key: str) -> ErasedClaims:
    """Erase the customer with a contact key or pseudonym from claims and bookings.

    Bookings for which the key is only a former contact lose the key, and keep their customer.
    """
    claims, changes, count = list[ErasedClaim](), list[tuple[str, str]](), 0
    await fetch(DELETE_FORMER_CONTACT, project_id=project_id, key=key)
    rows = await fetch(CLAIMS_OF_CUSTOMER, project_id=project_id, key=key)
    for technician_id, claim_id, state, has_changed, made_at_ms in rows:
        count += await erase_claim(fetch, project_id, claim_id)
        claims.append(ErasedClaim(claim_id, made_at_ms))
        if has_changed and state in TAKING_TIME:
            changes.append((technician_id, claim_id))
    return ErasedClaims(claims, count, changes)


async def erase_claim(fetch: Fetch, project_id: str, claim_id: str) -> int:
    """Erase the customer from a claim and its booking; return the number of bookings, 0 or 1."""
    await fetch(ERASE_CLAIM_CUSTOMER, project_id=project_id, id=claim_id)
    await fetch(DELETE_BOOKING_CONTACTS, project_id=project_id, claim_id=claim_id)
    await fetch(ERASE_PUSH_MESSAGE, project_id=project_id, claim_id=claim_id)
    rows = await fetch(ERASE_BOOKING_CUSTOMER, project_id=project_id, claim_id=claim_id)
    for (text,) in rows:
        attention = attention_of(text)
        if attention.detail:
            erased = attention_text(replace(attention, detail=ERASED))
            await fetch(SET_ATTENTION, project_id=project_id, claim_id=claim_id, attention=erased)
    return len(rows)


def _reason_json(reason: AssignmentReason) -> str:
    return json_text(
        {
            "policy": reason.policy,
            "values": {key.value: value for key, value in reason.values.items()},
            "considered": reason.considered,
            "wished": reason.wished,
            "kept": reason.kept,
            "decided_by": reason.decided_by,
        }
    )


def _reason(stored: dict[str, Any]) -> AssignmentReason:
    return AssignmentReason(
        policy=ranking_of(stored["policy"]),
        values={RankingKey(key): value for key, value in stored["values"].items()},
        considered=stored["considered"],
        wished=stored["wished"],
        kept=stored.get("kept", False),  # missing in rows of schema 0001
        decided_by=RankingKey(decided) if (decided := stored.get("decided_by")) else None,
    )
