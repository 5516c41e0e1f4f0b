"""A held start: what its token still stands for, and who can keep the promise."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from slotmcp.domain.booking import AssignmentReason
from slotmcp.domain.claim import Claim, ClaimState, Hold
from slotmcp.domain.errors import HoldExpired, HoldWithdrawn
from slotmcp.domain.interval import Minute, minute_at_or_after
from slotmcp.engine.assign import Assignment, assign_kept
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.ports import Transaction
from slotmcp.services.alternatives import LostSlot
from slotmcp.services.calendar.conflicts import is_in_conflict

_ENDED = {
    ClaimState.RELEASED: "That hold was released. Ask for slots again and hold one.",
    ClaimState.BOOKED: "That hold was booked already. Use a new hold for another booking.",
    ClaimState.CANCELLED: "That hold was booked, and the booking was cancelled. Use a new hold for another booking.",
}


async def hold_with(transaction: Transaction, token: str) -> Hold:
    """The hold with a token.

    Raises:
        HoldExpired: nobody knows it.
    """
    hold = await transaction.hold(token)
    if hold is None:
        raise unknown_hold()
    return hold


def unknown_hold() -> HoldExpired:
    """The error for a token that nobody knows."""
    return HoldExpired("That hold is not known. It may have lapsed long ago; ask for slots again and hold one.")


def assign_held(  # noqa: PLR0913  the facts of the promise
    transaction: Transaction,
    others: Availability,
    hold: Hold,
    needs: Sequence[Need],
    start: Minute,
    *,
    instead_of: Claim | None = None,
) -> Assignment:
    """Who takes a held start; one that lapsed is revived while its unit is free (rule 20).

    Args:
        transaction: for its now.
        others: all that is taken, but for the hold itself.
        hold: the hold.
        needs: what would be best first.
        start: the hold's start.
        instead_of: a booking's claim that would be given up for it.

    Raises:
        HoldExpired, LostSlot.
    """
    if hold.state in _ENDED:
        raise HoldExpired(_ENDED[hold.state])
    if hold.state is ClaimState.WITHDRAWN:
        message = "The time that was held had to be withdrawn: nobody is left who could come then."
        raise LostSlot(HoldWithdrawn, message, needs[-1], start, aside=instead_of)
    is_live = hold.state is ClaimState.HELD
    if not is_live and start < minute_at_or_after(transaction.now_ms):
        raise lost_hold(needs[-1], start, aside=instead_of)
    # What was promised before anybody knew how far it is stays promised.
    patient = [replace(need, site=None) for need in needs] if is_live else []
    for need in chain(needs, patient):
        if assignment := assign_kept(others, need, start):
            return assignment
    if is_live and is_in_conflict(others.schedule.technician_schedules[hold.claim.technician_id], hold.claim):
        return _in_spite_of_it(others, hold)
    raise lost_hold(needs[-1], start, aside=instead_of)


def _in_spite_of_it(others: Availability, hold: Hold) -> Assignment:
    """A calendar came after the promise: the promise is kept, and the operator sees a conflict."""
    policy = others.schedule.project.assignment_ranking
    reason = AssignmentReason(policy=policy, values={}, considered=1)
    return Assignment(technician_id=hold.claim.technician_id, reason=reason)


def lost_hold(need: Need, start: Minute, *, aside: Claim | None = None) -> LostSlot:
    """The error for a hold whose unit somebody else has."""
    return LostSlot(HoldExpired, "The hold lapsed and its time is gone.", need, start, aside=aside)
