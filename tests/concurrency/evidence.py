"""Evidence: the rows of one business, read by plain SQL without slotmcp's own code."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

CLAIMS: Final = """
SELECT c.project_id, c.id, t.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes,
       c.buffer_after_minutes, c.state, c.expires_at_ms, c.hold_token
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
"""
BOOKINGS: Final = "SELECT project_id, claim_id, customer_email, status FROM bookings"
RECEIPTS: Final = "SELECT project_id, use_case, key, answer FROM receipts"
ENTRIES: Final = "SELECT project_id, wait_id, key FROM wait_contacts"
HOLDS: Final = """
SELECT project_id, hold_terms, hold_token, service_id, start_minute, end_minute, expires_at_ms
FROM claims WHERE hold_terms IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of claims. Times are minutes since the epoch."""

    id: str
    technician: str
    service: str
    start: int
    end: int
    before: int
    after: int
    state: str
    expires_at_ms: int | None
    token: str | None

    @property
    def takes_time(self) -> bool:
        return self.state in {"held", "booked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOffer:
    """An offer of the waitlist that nobody booked, whether or not it ended. Times are minutes since the epoch."""

    wait: str
    token: str
    service: str
    start: int
    end: int
    created_at_ms: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one business."""

    entries: dict[str, Entry]
    """By id."""
    bookings: dict[str, tuple[str, str]]
    """By id: the customer's e-mail address, and the status."""
    receipts: tuple[tuple[str, str, str], ...]
    """Receipts: the use case, the key's hash, and the response as JSON."""
    offers: tuple[StoredOffer, ...] = ()


def rows_of(business: str, ask: Callable[[str], list[tuple[Any, ...]]]) -> Rows:
    """Read all rows of a business; `ask` runs a statement."""
    claims, bookings, receipts, waits, holds = (
        [row[1:] for row in ask(statement) if row[0] == business]
        for statement in (CLAIMS, BOOKINGS, RECEIPTS, ENTRIES, HOLDS)
    )
    entries = [Entry(**dict(zip(Entry.__slots__, row, strict=True))) for row in claims]
    return Rows(
        entries={entry.id: entry for entry in entries},
        bookings={claim: (email, status) for claim, email, status in bookings},
        receipts=tuple((use_case, key, answer) for use_case, key, answer in receipts),
        offers=tuple(_offers(holds, waits)),
    )


def _offers(holds: list[tuple[Any, ...]], waits: list[tuple[Any, ...]]) -> Iterator[StoredOffer]:
    """Return the holds that no caller requested. A contact of the customer leads to the entry."""
    wait_of = {key: wait for wait, key in waits}
    for text, token, service, start, end, expires_at_ms in holds:
        terms = json.loads(text)
        if not terms["credential"]:
            yield StoredOffer(
                wait=next(wait_of[key] for key in terms["caller"].values() if key in wait_of),
                token=token,
                service=service,
                start=start,
                end=end,
                created_at_ms=terms["created_at_ms"],
                expires_at_ms=expires_at_ms,
            )


def made_in(answer: str) -> str:
    """Return the booking's id or the hold's token in a receipt's response; "" if there is none."""
    response = json.loads(answer)
    return str(response.get("bookingId") or response.get("token") or "")
