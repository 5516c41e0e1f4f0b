"""Relocation of live holds to other technicians, in one step or two, to make room (rule 18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job, is_served_by
from slotmcp.engine.need import Need
from slotmcp.engine.timeline import Timeline
from slotmcp.engine.travel import TravelTimes, site_at


@dataclass(frozen=True, slots=True)
class HoldMove:
    """Move of a hold to another technician."""

    claim: Claim
    technician_id: str


HoldMoves = tuple[HoldMove, ...]
"""Moves in the order of execution: each finds its target time free."""


class Relocation:
    """Finder of moves that free a technician's time. It caches its results.

    Timelines that differ from those of a `base` in a few technicians reuse what the base knows of the others.
    """

    def __init__(
        self,
        timelines: Mapping[str, Timeline],
        schedule: Schedule,
        cached_travel: TravelTimes | None = None,
        base: "Relocation | None" = None,
    ) -> None:
        self._timelines = timelines
        self._base = base
        self._changed = timelines if base is None else base.differing(timelines)
        self._cached_travel = cached_travel
        self._services = schedule.services
        self._project = schedule.project
        self._targets: dict[str, frozenset[str]] = {}
        self._moves_by_hold: dict[str, HoldMoves] = {}
        self._without: dict[str, Timeline] = {}

    @cached_property
    def movable(self) -> Mapping[str, tuple[Claim, ...]]:
        """Holds that may move, by technician; technicians without such holds are left out."""
        return {
            technician_id: holds
            for technician_id, timeline in self._timelines.items()
            if (holds := tuple([claim for claim in timeline.holds if self._is_movable(claim)]))
        }

    @cached_property
    def movable_holds(self) -> tuple[Claim, ...]:
        """Holds that may move, of all technicians."""
        return tuple([hold for holds in self.movable.values() for hold in holds])

    def gained_starts(self, timeline: Timeline, need: Need, within: int) -> int:
        """Return the positions, as bits, at which a technician can start a job after a hold has moved away."""
        gained = 0
        for hold in self._movable_of(timeline):
            gained |= self.gained_by_moving(hold, need, within & ~gained)
        return gained

    def gained_by_moving(self, hold: Claim, need: Need, within: int) -> int:
        """Return the positions, as bits, at which the technician of a hold can start a job after it has moved away."""
        row = self.timeline_without(hold).starts(need, within)
        return row if row and self._moves_away(hold) else 0  # looking for moves is slow, so it comes last

    def moves_for(self, timeline: Timeline, need: Need, start: Minute) -> HoldMoves:
        """Return the moves after which a technician can start a job; empty if there are none."""
        for hold in self._movable_of(timeline):
            if self.timeline_without(hold).can_start(need, start) and (moves := self._moves_away(hold)):
                return moves
        return ()

    def _movable_of(self, timeline: Timeline) -> tuple[Claim, ...]:
        return self.movable.get(timeline.technician_schedule.technician.id, ())

    def differing(self, timelines: Mapping[str, Timeline]) -> Mapping[str, Timeline]:
        """Return the timelines that differ from these."""
        return {name: timeline for name, timeline in timelines.items() if timeline is not self._timelines[name]}

    def _is_movable(self, claim: Claim) -> bool:
        return claim.is_movable and claim.service_id in self._services

    def _moves_away(self, hold: Claim) -> HoldMoves:
        if hold.id not in self._moves_by_hold:
            self._moves_by_hold[hold.id] = self._in_one_step(hold) or self._in_two_steps(hold)
        return self._moves_by_hold[hold.id]

    def _in_one_step(self, hold: Claim) -> HoldMoves:
        targets = self.targets_of(hold)
        return (HoldMove(hold, min(targets)),) if targets else ()

    def _in_two_steps(self, hold: Claim) -> HoldMoves:
        need = self._need_of(hold)
        for technician_id, others in self.movable.items():
            timeline = self._timelines[technician_id]
            if technician_id == hold.technician_id or not self._is_able(timeline, need):
                continue
            for other in others:
                onward = self.targets_of(other) - {hold.technician_id}
                if onward and self.timeline_without(other).can_serve(need, hold.start):
                    return HoldMove(other, min(onward)), HoldMove(hold, technician_id)
        return ()

    def targets_of(self, hold: Claim) -> frozenset[str]:
        """Return the technicians who could take a hold without further moves."""
        if hold.id not in self._targets:
            need = self._need_of(hold)
            targets = frozenset(
                technician_id
                for technician_id, timeline in self._changed.items()
                if technician_id != hold.technician_id
                and self._is_able(timeline, need)
                and timeline.can_serve(need, hold.start)
            )
            unchanged = self._base.targets_of(hold) - self._changed.keys() if self._base else frozenset[str]()
            self._targets[hold.id] = targets | unchanged
        return self._targets[hold.id]

    def timeline_without(self, hold: Claim) -> Timeline:
        """Return the timeline of a hold's technician without the hold."""
        if self._base and hold.technician_id not in self._changed:
            return self._base.timeline_without(hold)
        if hold.id not in self._without:
            self._without[hold.id] = self._timelines[hold.technician_id].without({hold.id})
        return self._without[hold.id]

    @staticmethod
    def _is_able(timeline: Timeline, need: Need) -> bool:
        """Return whether a technician has the skills and serves the area."""
        technician = timeline.technician_schedule.technician
        return need.skills <= technician.skills and (need.area is None or is_served_by(need.area, technician.id))

    def _need_of(self, hold: Claim) -> Need:
        site = site_at(hold.location, self._project.travel, self._cached_travel)
        area = area_of_job(self._project, hold.postal_code)
        return Need.of_claim(hold, self._services[hold.service_id], site, area=area)
