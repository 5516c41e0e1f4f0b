"""Erasure of a customer from all tables of a project, and the log of erasures."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from slotmcp.domain.erasure import Erasure
from slotmcp.store import bookings, waitlist
from slotmcp.store.calendar_pages import SqlCalendarRecords
from slotmcp.store.columns import ERASURES
from slotmcp.store.schedules import Snapshot
from slotmcp.store.statement import Fetch, Statement, upsert

CONVERSATION_MS: Final = 2 * 3_600_000
"""Time before and after a booking was made in which the traces of its phone call are searched."""
_CONVERSATION_BYTES: Final = 8

# Log an erasure.
ADD_ERASURE = Statement(upsert(ERASURES))

# Read the erasures of a project.
PROJECT_ERASURES = Statement("SELECT key, at_ms FROM erasures WHERE project_id = :project_id ORDER BY at_ms, key")

# Read the erasures of all projects.
ALL_ERASURES = Statement("SELECT project_id, key, at_ms FROM erasures ORDER BY at_ms, project_id, key")

# Read the traces of a time span that name a claim.
TRACES_OF_CLAIM = Statement("""
SELECT told FROM traces
WHERE project_id = :project_id AND at_ms >= :from_ms AND at_ms < :to_ms AND told LIKE '%"' || :claim_id || '"%'
""")

# Read the traces of a conversation within a time span.
TRACES_OF_CONVERSATION = Statement("""
SELECT told FROM traces
WHERE project_id = :project_id AND conversation = :conversation AND at_ms >= :from_ms AND at_ms < :to_ms
""")

# Replace a trace.
SAVE_TRACE = Statement("UPDATE traces SET told = :told, conversation = :conversation WHERE id = :id")


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """Rows that an erasure changed."""

    count: int
    """Number of bookings and waitlist entries."""
    changes: list[tuple[str, str]]
    """Technician and claim ids of each live claim that lost its location or terms."""


async def erase_customer(snapshot: Snapshot, key: str) -> ErasedRows:
    """Erase the customer with a contact key or pseudonym from all tables of the snapshot's project."""
    fetch, project_id = snapshot.fetch, snapshot.project_id
    await SqlCalendarRecords(snapshot).erase_customer(key)
    erased = await bookings.erase_customer(fetch, project_id, key)
    for claim in erased.claims:
        await _erase_from_traces(fetch, project_id, claim)
    entries = await waitlist.erase_customer(fetch, project_id, key)
    return ErasedRows(erased.bookings + entries, erased.changes)


async def read_erasures(fetch: Fetch, project_id: str) -> tuple[Erasure, ...]:
    """Return the logged erasures of a project, in order."""
    rows = await fetch(PROJECT_ERASURES, project_id=project_id)
    return tuple(Erasure(project_id=project_id, key=key, at_ms=at_ms) for key, at_ms in rows)


async def _erase_from_traces(fetch: Fetch, project_id: str, claim: bookings.ErasedClaim) -> None:
    """Erase the call id and the area from the traces of a claim, and of the phone call in which it was made."""
    span = {
        "project_id": project_id,
        "from_ms": claim.made_at_ms - CONVERSATION_MS,
        "to_ms": claim.made_at_ms + CONVERSATION_MS,
    }
    traces = _loaded(await fetch(TRACES_OF_CLAIM, claim_id=claim.id, **span))
    for conversation in sorted({trace["conversation"] for trace in traces if trace["call_id"]}):
        found = _loaded(await fetch(TRACES_OF_CONVERSATION, conversation=conversation, **span))
        await _anonymize(fetch, found, conversation=secrets.token_hex(_CONVERSATION_BYTES))
    await _anonymize(fetch, [trace for trace in traces if not trace["call_id"]])


async def _anonymize(fetch: Fetch, traces: Iterable[dict[str, Any]], *, conversation: str = "") -> None:
    """Replace traces by ones without a call id and an area, and with another conversation if one is passed."""
    for trace in traces:
        trace["call_id"] = ""
        trace["conversation"] = conversation or trace["conversation"]
        if trace["question"]:
            trace["question"]["area"] = None
        told = orjson.dumps(trace).decode()
        await fetch(SAVE_TRACE, id=trace["id"], told=told, conversation=trace["conversation"])


def _loaded(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [orjson.loads(told) for (told,) in rows]
