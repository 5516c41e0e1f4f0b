"""Revalidation of bookings and holds after any change: the causes before and after the change are compared.

A booking is kept. It is marked with the new causes, and loses the marks whose cause has gone. A hold moves to another
technician, or is withdrawn. Causes that existed before the change are accepted: they change nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from slotmcp.domain.attention import FROM_SCHEDULE, NO_ATTENTION, Attention, AttentionCause
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, overlaps
from slotmcp.engine.availability import Availability
from slotmcp.engine.fit import ScheduleFit
from slotmcp.ports import Transaction
from slotmcp.services.placement import find_reassignment, reassign_hold
from slotmcp.services.unit_of_work import UnitOfWork

_TOLERATED: Final = frozenset(
    {
        AttentionCause.CALENDAR_CONFLICT,
        AttentionCause.TOO_CLOSE,
        AttentionCause.TRAVEL_TIME,
        AttentionCause.AREA_DAY,
    }
)
"""Causes despite which a booking is made from a hold. It is marked for the operator."""
_TOLERATED_BY_HOLDS: Final = _TOLERATED | {AttentionCause.SERVICE_REMOVED}
"""Causes despite which a hold that cannot move is kept."""


@dataclass(slots=True)
class Revalidation:
    """Effects of a change on bookings and holds."""

    marked: list[str] = field(default_factory=list)
    """Ids of the bookings with a new cause, by technician and start."""
    cleared: list[str] = field(default_factory=list)
    """Ids of the bookings that need no attention any more."""
    conflicts: int = 0
    """Number of bookings that a calendar event newly overlaps."""
    holds_moved: int = 0
    holds_withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class _Scope:
    """Schedule before a change, and the times that the change affects."""

    before: Availability
    times: tuple[Interval, ...] | None = None
    """None: all."""

    def affects(self, claim: Claim) -> bool:
        """Return whether a claim is near an affected time. Daily limits and drives reach no further than a day."""
        return self.times is None or any(
            overlaps((start - MINUTES_PER_DAY, end + MINUTES_PER_DAY), claim.interval) for start, end in self.times
        )


class CauseDifference(NamedTuple):
    """Causes of one booking before and after a change."""

    claim: Claim
    before: frozenset[AttentionCause]
    after: frozenset[AttentionCause]


async def revalidate_claims(unit: UnitOfWork, before: Availability) -> Revalidation:
    """Resolve the effects of a unit of work on the claims that existed before it.

    Every unit of work that changes technicians, services, rules or taken time calls this after its writes. The caller
    offers freed time to the waitlist afterwards.
    """
    return await _revalidate(unit, _Scope(before))


async def revalidate_neighbors(unit: UnitOfWork, before: Availability, *times: Interval) -> Revalidation:
    """Resolve the effects of a unit of work that only took or freed these times, on the claims near them."""
    return await _revalidate(unit, _Scope(before, times))


def find_differences(
    before: Availability, after: Availability, technician_ids: Collection[str] | None = None
) -> list[CauseDifference]:
    """Return the bookings that a change makes fit differently, of some technicians or of all. This may take seconds."""
    return list(_differences(_Scope(before), after, technician_ids))


def find_affected_holds(before: Availability, after: Availability) -> list[Claim]:
    """Return the holds that do not fit any more, by technician and start."""
    holds = [claim for claim in _changed_claims(_Scope(before), after) if claim.is_hold]
    return [hold for hold in holds if _new_causes(before, after, hold)]


def forecast_hold(before: Availability, after: Availability, hold: Claim, changes: Revalidation) -> None:
    """Count what would happen to a hold that does not fit any more."""
    if find_reassignment(after.without(hold), hold):
        changes.holds_moved += 1
    elif not _new_causes(before, after, hold) <= _TOLERATED_BY_HOLDS:
        changes.holds_withdrawn += 1


async def resolve_holds(unit: UnitOfWork, before: Availability, holds: Iterable[Claim]) -> Revalidation:
    """Move or withdraw the holds that do not fit any more, one after the other: each may make room for the next."""
    changes = Revalidation()
    for hold in holds:
        after = await unit.availability()
        new_causes = _new_causes(before, after, hold)
        if not new_causes:
            continue
        if await reassign_hold(unit, hold):
            changes.holds_moved += 1
        elif not new_causes <= _TOLERATED_BY_HOLDS:
            await unit.transaction.withdraw_hold(hold.id)
            changes.holds_withdrawn += 1
    return changes


async def _revalidate(unit: UnitOfWork, scope: "_Scope") -> Revalidation:
    holds = [claim for claim in _changed_claims(scope, await unit.availability()) if claim.is_hold]
    changes = await resolve_holds(unit, scope.before, holds)
    await mark_bookings(unit.transaction, list(_differences(scope, await unit.availability())), changes)
    return changes


def attention_at_booking(availability: Availability, claim: Claim) -> Attention:
    """Return the attention of a new booking, which may be made from a hold despite some causes."""
    return Attention(ScheduleFit.among_bookings(availability, claim.technician_id).causes(claim) & _TOLERATED)


def is_hold_tolerable(availability: Availability, claim: Claim) -> bool:
    """Return whether a live hold may be booked with its technician although the technician's time does not fit."""
    if claim.technician_id not in availability.schedule.technician_schedules:
        return False
    return ScheduleFit.among_claims(availability, claim.technician_id).causes(claim) <= _TOLERATED_BY_HOLDS


async def mark_bookings(
    transaction: Transaction, differences: Sequence[CauseDifference], changes: Revalidation
) -> None:
    """Mark the bookings with new causes, and clear the marks whose cause has gone."""
    stored = await transaction.attention() if differences else {}
    for claim, known, attention in _new_attention(differences, stored, transaction.now_ms, changes):
        if attention != known:
            await transaction.set_attention(claim.id, attention)


def forecast_marks(
    differences: Sequence[CauseDifference], stored: Mapping[str, Attention], now_ms: int, changes: Revalidation
) -> dict[str, Attention]:
    """Count the marks that a change would make; return the attention of the affected bookings by id."""
    return {claim.id: new for claim, _, new in _new_attention(differences, stored, now_ms, changes)}


def _new_attention(
    differences: Sequence[CauseDifference], stored: Mapping[str, Attention], now_ms: int, changes: Revalidation
) -> Iterator[tuple[Claim, Attention, Attention]]:
    """Yield each booking with its present and its new attention, and count the changes."""
    for claim, causes_before, causes_after in differences:
        has_begun = claim.start * MS_PER_MINUTE <= now_ms
        added = frozenset[AttentionCause]() if has_begun else causes_after - causes_before
        known = stored.get(claim.id, NO_ATTENTION)
        attention = known.excluding(FROM_SCHEDULE - causes_after).including(added)
        if added:
            changes.marked.append(claim.id)
        elif known and not attention:
            changes.cleared.append(claim.id)
        changes.conflicts += AttentionCause.CALENDAR_CONFLICT in added
        yield claim, known, attention


def _new_causes(before: Availability, after: Availability, hold: Claim) -> frozenset[AttentionCause]:
    """Return the causes why a hold does not fit any more. A hold that is new, or made room for another, has none."""
    for each in (before, after):
        timeline = each.index.timelines.get(hold.technician_id)
        if timeline is None or hold not in timeline.claims:
            return frozenset()
    return _causes_of_hold(after, hold) - _causes_of_hold(before, hold)


def _differences(
    scope: _Scope, after: Availability, technician_ids: Collection[str] | None = None
) -> Iterator[CauseDifference]:
    """Yield the bookings that have not ended, were not moved, and have other causes than before."""
    for technician_id in _changed_technicians(scope.before, after):
        if technician_ids is not None and technician_id not in technician_ids:
            continue
        known = {claim.id: claim for claim in scope.before.index.timelines[technician_id].claims}
        earlier_fit, fit = (ScheduleFit.among_bookings(each, technician_id) for each in (scope.before, after))
        for claim in filter(scope.affects, _current_claims(after, technician_id)):
            earlier = known.get(claim.id)
            if claim.is_hold or earlier is None or earlier.is_hold or earlier.interval != claim.interval:
                continue
            causes_before, causes_after = earlier_fit.causes(earlier), fit.causes(claim)
            if causes_before != causes_after:
                yield CauseDifference(claim, causes_before, causes_after)


def _changed_claims(scope: _Scope, after: Availability) -> Iterator[Claim]:
    for technician_id in _changed_technicians(scope.before, after):
        yield from filter(scope.affects, _current_claims(after, technician_id))


def _changed_technicians(before: Availability, after: Availability) -> Iterator[str]:
    """Yield the technicians of both schedules whose claims may fit differently."""
    earlier, schedule = before.schedule, after.schedule
    has_same_rules = earlier.project == schedule.project and earlier.services == schedule.services
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        known = earlier.technician_schedules.get(technician_id)
        if known is not None and not (has_same_rules and known is technician_schedule):
            yield technician_id


def _current_claims(availability: Availability, technician_id: str) -> list[Claim]:
    """Return a technician's live claims that have not ended, by start and id."""
    claims = availability.index.timelines[technician_id].claims
    current = [claim for claim in claims if claim.end * MS_PER_MINUTE > availability.now_ms]
    return sorted(current, key=lambda claim: (claim.start, claim.id))


def _causes_of_hold(availability: Availability, hold: Claim) -> frozenset[AttentionCause]:
    return ScheduleFit.among_claims(availability, hold.technician_id).causes(hold)
