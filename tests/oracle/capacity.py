"""Capacity and candidates of a start (rules 17 to 21, and 25).

Written from docs/reference/availability.md alone. It shares no code with slotmcp.engine; `Need` and `Site`
are plain values.
"""

from collections.abc import Sequence
from math import inf
from typing import Self, assert_never

from oracle.areas import area_of
from oracle.service_rules import ServiceRules
from oracle.travel import OracleTravel
from oracle.wall_clock import DAY
from slotmcp.domain.booking_rules import Priority, Reserve
from slotmcp.domain.catalog import RankingKey, ServiceType, SlotAlignment, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.offer import Candidate, Slot
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.need import Need
from slotmcp.engine.travel import Site


class Oracle(ServiceRules):
    """Literal, slow implementation of the rules, minute by minute."""

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        super().__init__(schedule, now_ms)
        self._spare_holds: dict[str, list[Claim]] = {}
        self.before_sale: Oracle | None = None
        """Facts in which the caller's own claims take their time; None: these facts."""

    def slots(self, need: Need, start_from: int, start_to: int) -> list[Slot]:
        """Return the slots of all minutes in [start_from, start_to)."""
        offers = (self.slot(need, start) for start in range(start_from, start_to))
        return [offer for offer in offers if offer is not None]

    def slot(self, need: Need, start: int) -> Slot | None:
        """Return the slot of one minute (rules 15 to 19 and 21)."""
        if not self._is_on_project_grid(start) or not self.is_after_notice(need, start):
            return None
        if not self.is_within_horizon(need, start) or not self.is_allowed(need, start):
            return None
        requested = [one for one in self.technicians if need.technician_id in (None, one.id)]
        able = [one for one in requested if self.can_take(one, need, start)]
        if need.priority is Priority.NORMAL and any(one.reserves for one in self.schedule.services.values()):
            return self._offer_within_reserve(need, start, able)
        if able:
            capacity = min(len(able), self.bookings_left(need, start))
            return self._offer(need, start, int(capacity), able)
        after_moves = [one for one in requested if self.can_take_after_moves(one, need, start)]
        if after_moves:
            return self._offer(need, start, 1, after_moves)
        return None

    def _is_on_project_grid(self, start: int) -> bool:
        """Rule 13."""
        return self.project.slot_alignment is SlotAlignment.OPENING or self.is_on_clock(start)

    def _offer(self, need: Need, start: int, capacity: int, technicians: Sequence[Technician]) -> Slot:
        ranked = sorted(technicians, key=lambda one: (*self._rank(one, need, start), one.id))
        candidates = tuple(self.candidate(one, need, start) for one in ranked)
        return Slot(start=start, end=start + need.duration_minutes, capacity=capacity, candidates=candidates)

    def _rank(self, technician: Technician, need: Need, start: int) -> list[float]:
        return [self.rank_value(key, technician, need, start) for key in self.project.candidate_ranking]

    def rank_value(
        self, key: RankingKey, technician: Technician, need: Need, start: int, without: Claim | None = None
    ) -> float:
        """Return a technician's value of a ranking key; smaller is better, and unknown ranks last."""
        match key:
            case RankingKey.PRIORITY:
                return technician.priority
            case RankingKey.LOAD:
                return self.load(technician, start)
            case RankingKey.ETA:
                score = self.score(technician, need, start, without)
                return inf if score is None else score
            case _:
                assert_never(key)

    def candidate(self, technician: Technician, need: Need, start: int) -> Candidate:
        """Return a technician with the values that rank them at a start, before any move."""
        return Candidate(
            technician_id=technician.id,
            priority=technician.priority,
            bookings_that_day=self.load(technician, start),
            eta_minutes=self.eta(technician, need, start),
            buffer_minutes=self.buffers(technician, need, start),
        )

    def load(self, technician: Technician, start: int) -> int:
        """Count the bookings, not holds, on the local date of `start` (rule 21)."""
        bookings = [claim for claim in self.live_claims(technician) if not claim.is_hold]
        return sum(self.date(claim.start) == self.date(start) for claim in bookings)

    # Reserve (rule 34)

    def _offer_within_reserve(self, need: Need, start: int, free: Sequence[Technician]) -> Slot | None:
        able = [one for one in free if self.leaves_reserve(one, need, start)]
        capacity = min(self._sales_in_a_row(able, need, start), self.bookings_left(need, start))
        return self._offer(need, start, int(capacity), able) if able else None

    def leaves_reserve(self, technician: Technician, need: Need, start: int) -> bool:
        """Return whether each reserved start with enough free technicians has enough after a sale."""
        after = self.after_sale(technician, need, start)
        return all(
            len(before) < reserve.places or len(after.free_for(service, other)) >= reserve.places
            for service in self.schedule.services.values()
            for reserve in service.reserves
            for other in self.kept_starts(service, reserve, start)
            if (before := (self.before_sale or self).free_for(service, other))
        )

    def after_sale(self, technician: Technician, need: Need, start: int) -> Self:
        """Return the facts after a job was sold."""
        sold = Claim(
            id="sold",
            technician_id=technician.id,
            service_id="",
            start=start,
            end=start + need.duration_minutes,
            buffer_before_minutes=need.buffer_before_minutes,
            buffer_after_minutes=need.buffer_after_minutes,
        )
        after = self.with_claims(technician.id, [*self.live_claims(technician), sold])
        after.before_sale = self.before_sale
        return after

    def kept_starts(self, service: ServiceType, reserve: Reserve, start: int) -> list[int]:
        """Return the starts around a sale that an emergency can book and that are not released."""
        urgent = Need.of_service(service, priority=Priority.EMERGENCY)
        is_clock = self.project.slot_alignment is SlotAlignment.CLOCK
        return [
            other
            for other in range(start - 2 * DAY, start + 2 * DAY)
            if (other - reserve.until_minutes) * 60_000 > self.now_ms
            and (self.is_on_clock(other) or not is_clock)
            and self.is_after_notice(urgent, other)
            and self.is_within_horizon(urgent, other)
            and self.is_allowed(urgent, other)
        ]

    def free_for(self, service: ServiceType, start: int) -> list[str]:
        """Return the technicians who are free for an emergency of a service at an unknown location."""
        urgent = Need.of_service(service, priority=Priority.EMERGENCY)
        return [one.id for one in self.technicians if self.has_room(one, urgent, start)]

    def _sales_in_a_row(self, able: Sequence[Technician], need: Need, start: int) -> int:
        policy, now, count = self.project.assignment_ranking, self, 0
        for one in sorted(able, key=lambda one: (*[self.rank_value(key, one, need, start) for key in policy], one.id)):
            if now.leaves_reserve(one, need, start):
                now, count = now.after_sale(one, need, start), count + 1
        return count

    # Moving holds (rule 18)

    def can_take_after_moves(self, technician: Technician, need: Need, start: int) -> bool:
        """Return whether the technician could take the job without one hold that can move."""
        return any(
            self.can_take(technician, need, start, without=hold) for hold in self._holds_that_can_move(technician)
        )

    def _holds_that_can_move(self, technician: Technician) -> list[Claim]:
        """Return the holds that another technician can take over, after at most one further move."""
        if technician.id not in self._spare_holds:
            others = self._others(technician.id)
            holds = self._movable_holds(technician)
            self._spare_holds[technician.id] = [
                hold for hold in holds if any(self._can_receive(other, hold) for other in others)
            ]
        return self._spare_holds[technician.id]

    def _can_receive(self, technician: Technician, hold: Claim) -> bool:
        need = self.need_of(hold)
        if self.has_room(technician, need, hold.start):
            return True
        return any(
            self.has_room(technician, need, hold.start, without=second)
            and self._can_step_aside(second, hold.technician_id)
            for second in self._movable_holds(technician)
        )

    def _can_step_aside(self, hold: Claim, origin_id: str) -> bool:
        need = self.need_of(hold)
        others = self._others(hold.technician_id, origin_id)
        return any(self.has_room(third, need, hold.start) for third in others)

    def _movable_holds(self, technician: Technician) -> list[Claim]:
        return [claim for claim in self.live_claims(technician) if self.is_movable(claim)]

    def is_movable(self, claim: Claim) -> bool:
        """Return whether a claim is a hold without a requested technician, of an existing service."""
        return claim.is_hold and not claim.technician_chosen and claim.service_id in self.schedule.services

    def need_of(self, hold: Claim) -> Need:
        """Return a hold's requirements: its own length, buffers and location, its service's skills, and its area."""
        return Need(
            duration_minutes=hold.end - hold.start,
            buffer_before_minutes=hold.buffer_before_minutes,
            buffer_after_minutes=hold.buffer_after_minutes,
            skills=self.schedule.services[hold.service_id].skills,
            service_id=hold.service_id,
            priority=hold.priority,
            area=area_of(self.project, hold.postal_code),
            site=Site(hold.location, OracleTravel(self.project.travel)) if hold.location else None,
        )

    def _others(self, *left_out: str) -> list[Technician]:
        return [one for one in self.technicians if one.id not in left_out]
