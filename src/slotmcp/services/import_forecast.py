"""Forecast of an import: its effects on existing bookings and holds, computed on a snapshot without the lock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import overlaps
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.services.imports import Comparison
from slotmcp.services.revalidation import (
    CauseDifference,
    Revalidation,
    find_affected_holds,
    find_differences,
    forecast_hold,
)

ClaimsByTechnician = Mapping[str, Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A project before an import, and as the import will leave it."""

    before: Availability
    after: Availability
    differences: Sequence[CauseDifference]
    """Existing bookings that will fit differently."""

    @classmethod
    def of(cls, before: Availability, comparison: Comparison, added: ClaimsByTechnician) -> Self:
        """Compute a forecast. With hundreds of technicians this takes seconds."""
        after = Availability.of(_planned(comparison, before.schedule, added), before.now_ms, before)
        return cls(before, after, find_differences(before, after))

    def updated(self, before: Availability, comparison: Comparison, added: ClaimsByTechnician) -> "Forecast":
        """Return the forecast for a newer state. Only technicians whose time changed meanwhile are computed again."""
        earlier, planned = self.before.schedule.technician_schedules, self.after.schedule.technician_schedules
        known = {
            technician_id: planned[technician_id]
            for technician_id, technician_schedule in before.schedule.technician_schedules.items()
            if earlier.get(technician_id) is technician_schedule and technician_id in planned
        }
        after = Availability.of(_planned(comparison, before.schedule, added, known), before.now_ms, self.after)
        changed = before.schedule.technician_schedules.keys() - known.keys()
        kept = [difference for difference in self.differences if difference.claim.technician_id in known]
        return Forecast(before, after, [*kept, *find_differences(before, after, changed)])

    def count_holds(self, changes: Revalidation) -> None:
        """Count the holds that the import will move or withdraw."""
        for hold in find_affected_holds(self.before, self.after):
            forecast_hold(self.before, self.after, hold, changes)


def find_overlapping(before: Availability | None, added: Sequence[Claim]) -> Claim | None:
    """Return the first new claim that overlaps a live one, or an earlier one of the new claims."""
    orders = {claim.id: number for number, claim in enumerate(added)}
    timelines = before.index.timelines if before else {}
    pairs = (
        pair
        for technician_id, claims in by_technician(added).items()
        for pair in _overlapping([*(timelines[technician_id].claims if technician_id in timelines else ()), *claims])
    )
    later = (max(pair, key=lambda claim: orders.get(claim.id, -1)) for pair in pairs)
    return min((claim for claim in later if claim.id in orders), key=lambda claim: orders[claim.id], default=None)


def by_technician(claims: Iterable[Claim]) -> ClaimsByTechnician:
    """Return claims by the id of their technician."""
    found: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        found[claim.technician_id].append(claim)
    return found


def _overlapping(claims: Sequence[Claim]) -> Iterable[tuple[Claim, Claim]]:
    """Yield each claim that overlaps one that starts before it, with the one that ends last."""
    latest: Claim | None = None
    for claim in sorted(claims, key=lambda claim: (claim.start, claim.end)):
        if latest is not None and overlaps(claim.interval, latest.interval):
            yield latest, claim
        if latest is None or claim.end > latest.end:
            latest = claim


def _planned(
    comparison: Comparison,
    schedule: Schedule,
    added: ClaimsByTechnician,
    known: Mapping[str, TechnicianSchedule] | None = None,
) -> Schedule:
    """Return a schedule with the changes of an import. Known technicians are taken over as they are."""
    plan, stored = comparison.plan, schedule.technician_schedules
    busy: dict[str, list[BusyTime]] = defaultdict(list)
    for span in comparison.added_busy:
        busy[span.technician_id].append(span)
    technicians = {name: each.technician for name, each in stored.items()}
    technicians |= {technician.id: technician for technician in comparison.technicians}
    removed_busy = set(comparison.removed_busy)
    schedules = dict(known or {})
    for technician_id in technicians.keys() - schedules.keys() - set(comparison.removed_technicians):
        technician = technicians[technician_id]
        schedules[technician_id] = _changed(
            stored.get(technician_id), technician, added.get(technician_id, ()), busy[technician_id], removed_busy
        )
    services = {service.id: service for service in plan.services}
    kept = {name: service for name, service in schedule.services.items() if name not in comparison.removed_services}
    return Schedule(
        project=plan.project,
        services=services | {name: service for name, service in kept.items() if name not in services},
        technician_schedules={name: schedules[name] for name in technicians if name in schedules},
        revision=schedule.revision,
    )


def _changed(
    old: TechnicianSchedule | None,
    technician: Technician,
    added: Sequence[Claim],
    busy: Sequence[BusyTime],
    removed_busy: set[BusyTime],
) -> TechnicianSchedule:
    """Return a technician's schedule with changes; the same object if there are none."""
    if old is None:
        return TechnicianSchedule(technician=technician, claims=tuple(added), busy=tuple(busy))
    kept_busy = tuple(span for span in old.busy if span not in removed_busy)
    if technician == old.technician and not added and not busy and kept_busy == old.busy:
        return old
    return TechnicianSchedule(
        technician=old.technician if technician == old.technician else technician,
        claims=(*old.claims, *added),
        busy=(*kept_busy, *busy),
    )
