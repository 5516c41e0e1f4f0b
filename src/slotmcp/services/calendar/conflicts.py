"""Conflicts: a calendar event or busy time overlaps a hold or booking of the same technician. Both are kept.

Conflicts are not stored. They are computed from the live claims and the busy times of a technician's schedule.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.calendar import CONNECTED_CALENDAR_SOURCE, EVENT_SOURCE_PREFIX
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, overlaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import Transaction
from slotmcp.services.placement import reassign_hold
from slotmcp.services.unit_of_work import UnitOfWork

IN_CONFLICT: Final = "The technician's calendar has something else then."
"""Attention of a booking in conflict. Compared with stored values: must not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Live claim and busy time of a calendar that overlap."""

    technician_id: str
    claim: Claim
    busy: BusyTime

    @property
    def uid(self) -> str:
        """Uid of the event; "" if the busy time comes from a connected calendar."""
        source = self.busy.source
        return source.removeprefix(EVENT_SOURCE_PREFIX) if source.startswith(EVENT_SOURCE_PREFIX) else ""


@dataclass(slots=True)
class ConflictChanges:
    """Counts of new conflicts, and of holds moved to avoid one."""

    conflicts: int = 0
    holds_moved: int = 0


def find_conflicts(schedule: Schedule, now_ms: int) -> tuple[Conflict, ...]:
    """Return the conflicts that have not ended, by technician and time."""
    return tuple(
        Conflict(technician_id=technician_id, claim=claim, busy=busy)
        for technician_id, technician_schedule in schedule.technician_schedules.items()
        for claim in _current_claims(technician_schedule, now_ms)
        for busy in _overlapping_calendar_busy(technician_schedule, claim)
    )


def is_in_conflict(technician_schedule: TechnicianSchedule, claim: Claim) -> bool:
    """Return whether a calendar's busy time overlaps a claim."""
    return next(_overlapping_calendar_busy(technician_schedule, claim), None) is not None


def attention_for(schedule: Schedule, claim: Claim) -> str:
    """Return the attention for a new booking with a claim; "" if there is no conflict."""
    technician_schedule = schedule.technician_schedules.get(claim.technician_id)
    return IN_CONFLICT if technician_schedule is not None and is_in_conflict(technician_schedule, claim) else ""


def overlapping_claims(technician_schedule: TechnicianSchedule, interval: Interval, now_ms: int) -> list[Claim]:
    """Return the live claims that overlap an interval, by start and id."""
    return [claim for claim in _live_claims(technician_schedule, now_ms) if overlaps(claim.interval, interval)]


async def resolve_conflicts(
    unit: UnitOfWork, technician_id: str, changed: Collection[Interval], changes: ConflictChanges
) -> None:
    """Move the holds and mark the bookings that conflict with changed busy times of a technician's calendar.

    Bookings that no longer conflict lose their mark. The new conflicts and moved holds are added to `changes`.
    """
    transaction = unit.transaction
    technician_schedule = (await transaction.schedule()).technician_schedules.get(technician_id)
    if technician_schedule is None:
        return
    for claim in _current_claims(technician_schedule, transaction.now_ms):
        if not any(overlaps(claim.interval, interval) for interval in changed):
            continue
        is_conflict = is_in_conflict(technician_schedule, claim)
        if claim.is_hold:
            changes.holds_moved += is_conflict and await reassign_hold(unit, claim)
        else:
            changes.conflicts += await _mark(transaction, claim.id, is_conflict=is_conflict)


async def _mark(transaction: Transaction, booking_id: str, *, is_conflict: bool) -> bool:
    """Set or clear the conflict of a booking; return whether it is new. Other attention stays unchanged."""
    booking = await transaction.booking(booking_id)
    attention = IN_CONFLICT if is_conflict else ""
    if booking is None or booking.attention not in {"", IN_CONFLICT} or booking.attention == attention:
        return False
    await transaction.save_booking(replace(booking, attention=attention))
    return is_conflict


def _overlapping_calendar_busy(technician_schedule: TechnicianSchedule, claim: Claim) -> Iterator[BusyTime]:
    for busy in technician_schedule.busy:
        is_of_calendar = busy.source.startswith(EVENT_SOURCE_PREFIX) or busy.source == CONNECTED_CALENDAR_SOURCE
        if is_of_calendar and overlaps(claim.interval, (busy.start, busy.end)):
            yield busy


def _current_claims(technician_schedule: TechnicianSchedule, now_ms: int) -> list[Claim]:
    """Return the live claims that have not ended, by start and id."""
    return [claim for claim in _live_claims(technician_schedule, now_ms) if claim.end * MS_PER_MINUTE > now_ms]


def _live_claims(technician_schedule: TechnicianSchedule, now_ms: int) -> list[Claim]:
    live = (claim for claim in technician_schedule.claims if claim.is_live(now_ms))
    return sorted(live, key=lambda claim: (claim.start, claim.id))
