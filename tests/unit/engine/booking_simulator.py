"""Simulator of the services: it lists slots, moves holds and assigns technicians through the engine."""

from dataclasses import replace

from oracle.capacity import Oracle
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.domain.offer import Slot
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.assign import assign
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.relocation import HoldMove
from slotmcp.engine.slots import check_start
from slotmcp.engine.travel import site_at
from support.slot_search import find_slots
from unit.engine.rush import Caller

HOLD_MS = 90_000


def without_claims(schedule: Schedule) -> Schedule:
    """Return a schedule without its claims."""
    return replace(
        schedule,
        technician_schedules={id_: replace(one, claims=()) for id_, one in schedule.technician_schedules.items()},
    )


class BookingSimulator:
    """Simulated booking service. The oracle checks every step."""

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        self.oracle = Oracle(schedule, now_ms)

    @property
    def availability(self) -> Availability:
        return Availability.of(self.oracle.schedule, self.oracle.now_ms)

    def wanted(self, caller: Caller) -> tuple[ServiceType, Need]:
        """Return a caller's service, and the requirements of the job."""
        people, services = [*self.oracle.schedule.technician_schedules], [*self.oracle.schedule.services.values()]
        service = services[caller.service % len(services)]
        requested = people[caller.requested % len(people)] if caller.requested is not None else None
        site = site_at(caller.place, self.oracle.project.travel)
        return service, Need.of_service(service, technician_id=requested, site=site, priority=caller.priority)

    def chosen(self, caller: Caller, need: Need, start_from: int, start_to: int) -> Slot | None:
        """Return the slot that a caller picks out of the first ones."""
        offers = find_slots(self.availability, need, start_from, start_to)[:8]
        return offers[caller.nth % len(offers)] if offers else None

    def capacity(self, need: Need, start: int) -> int:
        """Return the capacity of a start."""
        slot = check_start(self.availability, need, start)
        return slot.capacity if slot else 0

    def sell(self, service_id: str, need: Need, start: int, *, hold: bool = True) -> bool:
        """Hold or book a start; return False if it is not free."""
        assignment = assign(self.availability, need, start)
        if assignment is None:
            return False
        for move in assignment.moves:
            self._move(move)
        claim = self._claim(assignment.technician_id, service_id, need, start)
        self._take(claim if not hold else replace(claim, expires_at_ms=self.oracle.now_ms + HOLD_MS), need)
        return True

    def _move(self, move: HoldMove) -> None:
        hold = move.claim
        assert self.oracle.is_movable(hold)
        others = [one for one in self._claims(hold.technician_id) if one != hold]
        self.oracle = self.oracle.with_claims(hold.technician_id, others)
        self._take(replace(hold, technician_id=move.technician_id), self.oracle.need_of(hold))

    def _take(self, claim: Claim, need: Need) -> None:
        id_ = claim.technician_id
        assert self.oracle.has_room(self.oracle.schedule.technician_schedules[id_].technician, need, claim.start)
        self.oracle = self.oracle.with_claims(id_, [*self._claims(id_), claim])

    def _claims(self, technician_id: str) -> tuple[Claim, ...]:
        return self.oracle.schedule.technician_schedules[technician_id].claims

    def _claim(self, technician_id: str, service_id: str, need: Need, start: int) -> Claim:
        sold = sum(
            len(technician_schedule.claims)
            for technician_schedule in self.oracle.schedule.technician_schedules.values()
        )
        return Claim(
            id=f"{sold}",
            technician_id=technician_id,
            service_id=service_id,
            start=start,
            end=start + need.duration_minutes,
            buffer_before_minutes=need.buffer_before_minutes,
            buffer_after_minutes=need.buffer_after_minutes,
            technician_chosen=need.technician_id is not None,
            priority=need.priority,
            location=need.site.location if need.site else None,
        )
