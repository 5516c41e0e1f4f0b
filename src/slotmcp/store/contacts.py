"""The keys by which customers find what is theirs: written beside it, and erased with all that names them."""

from collections.abc import Sequence

from slotmcp.domain.claim import ClaimState
from slotmcp.domain.interval import Minute
from slotmcp.store import booking_statements, waitlist_statements
from slotmcp.store.change_log import ChangeLog
from slotmcp.store.reading import Snapshot

TAKING_TIME = {ClaimState.HELD, ClaimState.BOOKED}


async def add_keys(snapshot: Snapshot, statement: str, owner_id: str, keys: Sequence[str]) -> None:
    """Let a booking or a wait that has none be found by these keys."""
    for position, key in enumerate(keys):
        await snapshot.fetch(statement, project=snapshot.project_id, id=owner_id, position=position, key=key)


async def forget_customer(snapshot: Snapshot, change_log: ChangeLog, key: str) -> int:
    """Erase whoever is known by this key; say from how many bookings and waits."""
    return await _forget_claims(snapshot, change_log, key) + await _forget_waits(snapshot, key)


async def forget_old_waits(snapshot: Snapshot, passed_by: Minute) -> None:
    """Let go of the waits that are over and whose window had passed by a minute."""
    fetch, project = snapshot.fetch, snapshot.project_id
    for (wait_id,) in await fetch(waitlist_statements.OLD_WAITS, project=project, passed_by=passed_by):
        await fetch(waitlist_statements.FORGET_WAIT_CONTACTS, project=project, id=wait_id)
        await fetch(waitlist_statements.REMOVE_WAIT, project=project, id=wait_id)


async def _forget_claims(snapshot: Snapshot, change_log: ChangeLog, key: str) -> int:
    fetch, project, bookings = snapshot.fetch, snapshot.project_id, 0
    for technician_id, claim_id, state, latitude in await fetch(
        booking_statements.CLAIMS_OF_CUSTOMER, project=project, key=key
    ):
        await fetch(booking_statements.FORGET_CLAIM, project=project, id=claim_id)
        await fetch(booking_statements.FORGET_BOOKING_CONTACTS, project=project, id=claim_id)
        bookings += len(await fetch(booking_statements.FORGET_BOOKING, project=project, id=claim_id))
        if latitude is not None and state in TAKING_TIME:
            await change_log.change((technician_id, claim_id))
    return bookings


async def _forget_waits(snapshot: Snapshot, key: str) -> int:
    fetch, project = snapshot.fetch, snapshot.project_id
    found = await fetch(waitlist_statements.WAITS_OF_CUSTOMER, project=project, key=key)
    for (wait_id,) in found:
        await fetch(waitlist_statements.FORGET_WAIT, project=project, id=wait_id)
        await fetch(waitlist_statements.FORGET_WAIT_CONTACTS, project=project, id=wait_id)
    return len(found)
