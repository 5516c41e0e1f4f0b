"""Taking a start with a hold: those who are in its way move aside, and one technician's time is pinned."""

from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.engine.assign import Assignment, assign
from slotmcp.engine.availability import Availability
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.services.intents import Appointment
from slotmcp.services.noting import record_moves
from slotmcp.services.unit_of_work import UnitOfWork


async def take_hold(
    unit: UnitOfWork,
    availability: Availability,
    appointment: Appointment,
    *,
    customer_pseudonym: str,
    lives_ms: int,
) -> Hold | None:
    """Hold one unit of a start; None where it cannot be had."""
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        return None
    expires_at_ms = unit.transaction.now_ms + lives_ms
    hold = Hold(
        claim=appointment.claim(unit.ids.new_id(), assignment.technician_id, expires_at_ms=expires_at_ms),
        token=unit.ids.new_token(),
        state=ClaimState.HELD,
        customer_pseudonym=customer_pseudonym,
    )
    try:
        await make_moves(unit.transaction, assignment)
        await unit.transaction.add_hold(hold)
    except ClaimConflict:
        return None
    return hold


async def make_moves(transaction: Transaction, assignment: Assignment) -> None:
    """Pin the holds that make room for an assignment to their new technicians.

    Raises:
        ClaimConflict: the database knows better.
    """
    record_moves(len(assignment.moves))
    for move in assignment.moves:
        await transaction.move_hold(move.claim.id, move.technician_id)
