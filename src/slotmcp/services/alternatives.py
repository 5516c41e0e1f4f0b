"""What to offer instead of a start that cannot be had."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import HoldExpired, SlotUnavailable
from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Offer, Slot, UnavailableTechnician
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start, list_starts, slots_at
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.tracing import current_trace

_HOW_MANY = 3
_CANDIDATES = 3

T = TypeVar("T")


class LostSlot(Exception):  # noqa: N818  becomes one of two errors of the trade
    """A start could not be had; what to say of it, and what was wanted.

    `aside` is a claim that would be given up for another start, so that its time counts as free.
    """

    def __init__(
        self,
        error: type[SlotUnavailable | HoldExpired],
        message: str,
        need: Need,
        start: Minute,
        *,
        aside: Claim | None = None,
    ) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.need = need
        self.start = start
        self.aside = aside


async def with_alternatives(availability_cache: AvailabilityCache, project_id: str, work: Awaitable[T]) -> T:
    """Await work; where it loses a slot, look for alternatives, outside of its lock.

    Raises:
        SlotUnavailable, HoldExpired: with the nearest starts that can be had now.
    """
    try:
        return await work
    except LostSlot as lost:
        raise refusal(await availability_cache.availability(project_id), lost) from None


def refusal(availability: Availability, lost: LostSlot) -> SlotUnavailable | HoldExpired:
    """The error for a start that was lost, with the nearest that can be had."""
    offer = _offer(availability, lost)
    if noted := current_trace():
        noted.offered = [slot.start for slot in offer.slots]
    return lost.error(lost.message, alternatives=offer)


def _offer(availability: Availability, lost: LostSlot) -> Offer:
    project, but = availability.schedule.project, None
    if lost.aside is not None:
        availability, but = availability.without(lost.aside), lost.aside.start
    slots = nearest_slots(availability, lost.need, lost.start, but=but)
    return Offer(
        project=project,
        timezone=project.timezone,
        slots=slots,
        now_ms=availability.now_ms,
        unavailable_technician=_unavailable_technician(availability, lost),
    )


def _unavailable_technician(availability: Availability, lost: LostSlot) -> UnavailableTechnician | None:
    """The technician who was wished for, and who else could take the start that was lost."""
    technician_schedule = availability.schedule.technician_schedules.get(lost.need.technician_id or "")
    if technician_schedule is None:
        return None
    slot = check_start(availability, replace(lost.need, technician_id=None), lost.start)
    others = slot.candidates[:_CANDIDATES] if slot else ()
    technician_schedules = availability.schedule.technician_schedules
    return UnavailableTechnician(
        technician=technician_schedule.technician,
        others=tuple(technician_schedules[one.technician_id].technician for one in others),
    )


def nearest_slots(
    availability: Availability, need: Need, start: Minute, *, but: Minute | None = None
) -> tuple[Slot, ...]:
    """The starts nearest to one that is wanted, in order of time; not the one that is had already."""
    frame = availability.frame
    starts = list_starts(availability, need, frame.midnights[0], frame.midnights[-1])
    others = [one for one in starts if one != but]
    nearest = sorted(others, key=lambda one: (abs(one - start), one))[:_HOW_MANY]
    return tuple(slots_at(availability, need, sorted(nearest), best=_CANDIDATES))
