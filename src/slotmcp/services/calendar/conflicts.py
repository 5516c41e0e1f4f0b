"""Conflicts: a calendar has something on a technician's time that is promised or sold here. Both are kept.

That is not stored but seen: a live claim and a busy time of a calendar's lie over each other in one diary.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.calendar import CONNECTED_CALENDAR_SOURCE, EVENT_SOURCE_PREFIX
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, overlaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.ports import Transaction
from slotmcp.services.passing_on import pass_on
from slotmcp.services.unit_of_work import UnitOfWork

IN_CONFLICT: Final = "The technician's calendar has something else then."
"""The attention of a booking that is in conflict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A claim and a time of a calendar's that lie over each other."""

    technician_id: str
    claim: Claim
    busy: BusyTime

    @property
    def uid(self) -> str:
        """The event's; "" where it is of a calendar that a host has connected."""
        return (
            self.busy.source.removeprefix(EVENT_SOURCE_PREFIX)
            if self.busy.source.startswith(EVENT_SOURCE_PREFIX)
            else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictChanges:
    """What became of the claims in a calendar's way."""

    began: int = 0
    """Conflicts that were none before."""
    moved: int = 0
    """Holds that others serve now."""

    def plus(self, other: "ConflictChanges") -> "ConflictChanges":
        """Both together."""
        return ConflictChanges(began=self.began + other.began, moved=self.moved + other.moved)


def find_conflicts(schedule: Schedule, now_ms: int) -> tuple[Conflict, ...]:
    """The conflicts that are not over, by technician and time."""
    return tuple(
        one
        for technician_schedule in schedule.technician_schedules.values()
        for one in _conflicts(technician_schedule, now_ms)
    )


def is_in_conflict(technician_schedule: TechnicianSchedule, claim: Claim) -> bool:
    """Whether a calendar has something over a claim."""
    return any(overlaps(claim.interval, (one.start, one.end)) for one in _of_calendars(technician_schedule))


def attention_for(schedule: Schedule, claim: Claim) -> str:
    """What somebody has to know of a booking that is about to be made of a claim; "": nothing."""
    technician_schedule = schedule.technician_schedules.get(claim.technician_id)
    return IN_CONFLICT if technician_schedule is not None and is_in_conflict(technician_schedule, claim) else ""


def overlapping_claims(technician_schedule: TechnicianSchedule, interval: Interval, now_ms: int) -> list[Claim]:
    """The live claims over a time, by start and id."""
    found = [
        claim for claim in technician_schedule.claims if claim.is_live(now_ms) and overlaps(claim.interval, interval)
    ]
    return sorted(found, key=lambda claim: (claim.start, claim.id))


async def resolve_conflicts(unit: UnitOfWork, technician_id: str, changed: Collection[Interval]) -> ConflictChanges:
    """Where a technician's calendar has changed, move the live holds that it is in the way of, and mark the bookings.

    Those that it is no longer in the way of are unmarked.
    """
    transaction, moved, began = unit.transaction, 0, 0
    technician_schedule = (await transaction.schedule()).technician_schedules.get(technician_id)
    if technician_schedule is None:
        return ConflictChanges()
    for claim in _to_come(technician_schedule, transaction.now_ms):
        if not any(overlaps(claim.interval, one) for one in changed):
            continue
        is_hit = is_in_conflict(technician_schedule, claim)
        if claim.is_hold:
            moved += is_hit and await pass_on(unit, claim)
        else:
            began += await _mark(transaction, claim.id, is_hit=is_hit)
    return ConflictChanges(began=began, moved=moved)


async def _mark(transaction: Transaction, booking_id: str, *, is_hit: bool) -> bool:
    """Say that a booking is in conflict, or no longer; whether that is new."""
    booking = await transaction.booking(booking_id)
    wanted = IN_CONFLICT if is_hit else ""
    if booking is None or booking.attention not in {"", IN_CONFLICT} or booking.attention == wanted:
        return False
    await transaction.save_booking(replace(booking, attention=wanted))
    return is_hit


def _conflicts(technician_schedule: TechnicianSchedule, now_ms: int) -> Iterator[Conflict]:
    for claim in _to_come(technician_schedule, now_ms):
        for busy in _of_calendars(technician_schedule):
            if overlaps(claim.interval, (busy.start, busy.end)):
                yield Conflict(technician_id=technician_schedule.technician.id, claim=claim, busy=busy)


def _to_come(technician_schedule: TechnicianSchedule, now_ms: int) -> list[Claim]:
    live = [
        claim for claim in technician_schedule.claims if claim.is_live(now_ms) and claim.end * MS_PER_MINUTE > now_ms
    ]
    return sorted(live, key=lambda claim: (claim.start, claim.id))


def _of_calendars(technician_schedule: TechnicianSchedule) -> Iterable[BusyTime]:
    return (
        one
        for one in technician_schedule.busy
        if one.source.startswith(EVENT_SOURCE_PREFIX) or one.source == CONNECTED_CALENDAR_SOURCE
    )
