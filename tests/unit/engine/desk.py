"""A desk that sells through the engine as the services do: it asks, makes the moves, and pins the technician."""

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
from slotmcp.engine.slots import check_start, find_slots
from slotmcp.engine.travel import site_at
from unit.engine.rush import Errand

HOLD_MS = 90_000


def without_claims(schedule: Schedule) -> Schedule:
    """The same business before it sold anything."""
    return replace(
        schedule,
        technician_schedules={id_: replace(one, claims=()) for id_, one in schedule.technician_schedules.items()},
    )


class Desk:
    """Keeps a book and sells from it. The oracle looks over its shoulder at every step."""

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        self.oracle = Oracle(schedule, now_ms)

    @property
    def availability(self) -> Availability:
        return Availability.of(self.oracle.schedule, self.oracle.now_ms)

    def wanted(self, errand: Errand) -> tuple[ServiceType, Need]:
        """The service, and the job as somebody asks for it."""
        people, services = [*self.oracle.schedule.technician_schedules], [*self.oracle.schedule.services.values()]
        service = services[errand.service % len(services)]
        wish = people[errand.wish % len(people)] if errand.wish is not None else None
        site = site_at(errand.place, self.oracle.project.travel)
        return service, Need.of_service(service, technician_id=wish, site=site)

    def chosen(self, errand: Errand, need: Need, start_from: int, start_to: int) -> Slot | None:
        """The start they pick out of the first on offer."""
        offers = find_slots(self.availability, need, start_from, start_to)[:8]
        return offers[errand.nth % len(offers)] if offers else None

    def capacity(self, need: Need, start: int) -> int:
        """What is said to be free."""
        slot = check_start(self.availability, need, start)
        return slot.capacity if slot else 0

    def sell(self, service_id: str, need: Need, start: int, *, hold: bool = True) -> bool:
        """Hold a start, or book it; False where it is not to be had."""
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
            location=need.site.location if need.site else None,
        )
