"""Passing on a hold whose technician cannot come: somebody else serves it, and its caller need not know."""

from dataclasses import replace

from slotmcp.domain.claim import Claim
from slotmcp.engine.assign import Assignment, assign, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at
from slotmcp.ports import ClaimConflict
from slotmcp.services.taking import make_moves
from slotmcp.services.unit_of_work import UnitOfWork


async def pass_on(unit: UnitOfWork, claim: Claim) -> bool:
    """Let somebody else serve a hold, if anybody can; whether anybody does."""
    assignment = _successor((await unit.availability()).without(claim), claim)
    if assignment is None:
        return False
    try:
        await make_moves(unit.transaction, assignment)
        await unit.transaction.move_hold(claim.id, assignment.technician_id)
    except ClaimConflict:
        return False
    return True


def _successor(others: Availability, claim: Claim) -> Assignment | None:
    """Who takes a hold over: as it was promised, else by making room, else without counting the way."""
    service = others.schedule.services.get(claim.service_id)
    if service is None or claim.technician_chosen:
        return None
    need = Need.of_claim(claim, service, site_at(claim.location, others.schedule.project.travel, others.cached_travel))
    return (
        assign_kept(others, need, claim.start)
        or assign(others, need, claim.start)
        or assign_kept(others, replace(need, site=None), claim.start)
    )
