"""Placement of holds on technicians, and moves of holds to make room."""

from dataclasses import replace

from slotmcp.domain.claim import Claim, ClaimState, Hold, HoldTerms
from slotmcp.engine.areas import area_of_job
from slotmcp.engine.assign import Assignment, assign, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.services.appointments import Appointment
from slotmcp.services.contacts import token_reference
from slotmcp.services.moving import claim_of_move
from slotmcp.services.tracing import current_trace
from slotmcp.services.unit_of_work import UnitOfWork


async def place_hold(  # noqa: PLR0913  everything that a hold consists of
    unit: UnitOfWork,
    availability: Availability,
    appointment: Appointment,
    *,
    terms: HoldTerms,
    expires_at_ms: int,
    customer_pseudonym: str,
    booked: Claim | None = None,
) -> Hold | None:
    """Hold one unit of a start's capacity; return None if the start is not bookable.

    `booked` is the claim of the booking that would move to the start.
    """
    assignment = assign(availability, appointment.need, appointment.start)
    if assignment is None:
        return None
    token = unit.ids.new_token()
    claim = appointment.claim(unit.ids.new_id(), assignment.technician_id, expires_at_ms=expires_at_ms)
    terms = replace(terms, token_key=unit.transaction.pseudonym(token_reference(token)))
    if booked is not None:
        claim, moving = claim_of_move(claim, booked)
        terms = replace(terms, moving=moving)
    hold = Hold(
        claim=replace(claim, hold=terms),
        token=token,
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
        ClaimConflict: the database rejects a move.
    """
    if not assignment.moves:
        return
    if builder := current_trace():
        builder.moved_holds += len(assignment.moves)
    for move in assignment.moves:
        await transaction.move_hold(move.claim.id, move.technician_id)


async def reassign_hold(unit: UnitOfWork, claim: Claim) -> bool:
    """Move a hold to another technician who can serve it; return False if there is none."""
    assignment = find_reassignment((await unit.availability()).without(claim), claim)
    if assignment is None:
        return False
    try:
        await make_moves(unit.transaction, assignment)
        await unit.transaction.move_hold(claim.id, assignment.technician_id)
    except ClaimConflict:
        return False
    return True


def find_reassignment(others: Availability, claim: Claim) -> Assignment | None:
    """Assign another technician: directly, else by moving other holds, else regardless of travel times."""
    service = others.schedule.services.get(claim.service_id)
    if service is None or not claim.is_movable:
        return None
    project = others.schedule.project
    site = site_at(claim.location, project.travel, others.cached_travel)
    need = Need.of_claim(claim, service, site, area=area_of_job(project, claim.postal_code))
    return (
        assign_kept(others, need, claim.start)
        or assign(others, need, claim.start)
        or assign_kept(others, replace(need, site=None), claim.start)
    )
