"""Taking a start with a hold: those who are in its way move aside, and one technician's time is pinned."""

from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.engine.assign import Assignment, assign
from slotmcp.engine.availability import Availability
from slotmcp.ports import ClaimConflict, Ids, Transaction
from slotmcp.services.intents import Appointment
from slotmcp.services.noting import note_moves


async def take_hold(  # noqa: PLR0913  what a hold is made of
    transaction: Transaction,
    availability: Availability,
    appointment: Appointment,
    ids: Ids,
    *,
    customer_pseudonym: str,
    lives_ms: int,
) -> Hold | None:
    """Hold one unit of a start; None where it cannot be had."""
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        return None
    expires_at_ms = transaction.now_ms + lives_ms
    hold = Hold(
        claim=appointment.claim(ids.new_id(), assignment.technician_id, expires_at_ms=expires_at_ms),
        token=ids.new_token(),
        state=ClaimState.HELD,
        customer_pseudonym=customer_pseudonym,
    )
    try:
        await make_moves(transaction, assignment)
        await transaction.add_hold(hold)
    except ClaimConflict:
        return None
    return hold


async def make_moves(transaction: Transaction, assignment: Assignment) -> None:
    """Pin the holds that make room for an assignment to their new technicians.

    Raises:
        ClaimConflict: the database knows better.
    """
    note_moves(len(assignment.moves))
    for move in assignment.moves:
        await transaction.move_hold(move.claim.id, move.technician_id)
