"""When a technician cannot come after all: live holds go to others or are withdrawn, bookings are kept and marked."""

from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Technician, TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, overlaps
from slotmcp.ports import Transaction
from slotmcp.services.passing_on import pass_on
from slotmcp.services.unit_of_work import UnitOfWork

OFF: Final = "The technician is off."
TIME_OFF: Final = "The technician has time off then."
_OURS: Final = frozenset({"", OFF, TIME_OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What was found in the way of a technician's absence, and what became of it."""

    bookings: tuple[Booking, ...]
    """Kept, and needing attention; by start."""
    moved: int
    """Holds that others serve now."""
    withdrawn: int
    """Holds that nobody else could serve."""


async def clear(unit: UnitOfWork, technician_id: str, span: Interval | None = None) -> Cleared:
    """Look after all that is to come, or to come within a span, on a technician whose hours have changed."""
    transaction = unit.transaction
    technician_schedule = (await transaction.schedule()).technician_schedules[technician_id]
    now_ms = transaction.now_ms
    to_come = sorted(
        (
            claim
            for claim in technician_schedule.claims
            if claim.is_live(now_ms) and claim.end * MS_PER_MINUTE > now_ms and _is_within(claim, span)
        ),
        key=lambda claim: (claim.start, claim.id),
    )
    holds = [claim for claim in to_come if claim.is_hold and _absence(technician_schedule.technician, claim)]
    moved = [await _pass_on(unit, claim) for claim in holds]
    bookings = [
        await _mark(transaction, claim.id, _absence(technician_schedule.technician, claim))
        for claim in to_come
        if not claim.is_hold
    ]
    return Cleared(
        bookings=tuple(one for one in bookings if one is not None and one.attention),
        moved=moved.count(True),
        withdrawn=moved.count(False),
    )


def _is_within(claim: Claim, span: Interval | None) -> bool:
    return span is None or overlaps(claim.interval, span)


def _absence(technician: Technician, claim: Claim) -> str:
    if technician.status is TechnicianStatus.OFF:
        return OFF
    is_away = any(overlaps(claim.interval, (one.start, one.end)) for one in technician.time_off)
    return TIME_OFF if is_away else ""


async def _mark(transaction: Transaction, booking_id: str, absence: str) -> Booking | None:
    """Say why somebody has to look at a booking, or that nobody has to any more."""
    booking = await transaction.booking(booking_id)
    if booking is None or booking.attention not in _OURS or booking.attention == absence:
        return booking
    marked = replace(booking, attention=absence)
    await transaction.save_booking(marked)
    return marked


async def _pass_on(unit: UnitOfWork, claim: Claim) -> bool:
    """Let somebody else serve a hold, or withdraw it; whether anybody does."""
    is_served = await pass_on(unit, claim)
    if not is_served:
        await unit.transaction.withdraw_hold(claim.id)
    return is_served
