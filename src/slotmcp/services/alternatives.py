"""Lost slots: early rejection before the lock, and the nearest starts as alternatives."""

from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import HoldExpired, SlotmcpError, SlotUnavailable
from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Offer, Slot, UnavailableTechnician
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import reason_against
from slotmcp.engine.need import Need
from slotmcp.engine.slots import check_start, list_starts, slots_at
from slotmcp.engine.travel import TravelTimes
from slotmcp.services.appointments import Appointment, StartRequest
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.callers import Pseudonym
from slotmcp.services.moving import resolve_request
from slotmcp.services.tracing import TracedResult, record_result, record_start

_MAX_ALTERNATIVES: Final = 3
_MAX_CANDIDATES: Final = 3


@dataclass(eq=False)
class LostSlot(Exception):  # noqa: N818  callers receive it as SlotUnavailable or HoldExpired
    """A start that is not bookable, with the error that reports it."""

    error: type[SlotUnavailable | HoldExpired]
    message: str
    need: Need
    start: Minute
    instead_of: Claim | None = None
    """Claim of the booking that would move to the start; its time counts as free."""
    own_holds: tuple[Claim, ...] = ()
    """Live holds of the caller; their time counts as free."""


async def find_lost_start(
    cache: AvailabilityCache,
    project_id: str,
    request: StartRequest,
    travel_times: TravelTimes | None,
    *,
    pseudonym: Pseudonym | None = None,
) -> tuple[Availability, Appointment] | None:
    """Check without the lock whether a requested start is taken. None: only the locked check can decide.

    The cached availability may be outdated, so a start that it lacks is checked at the newest revision. With
    `pseudonym`, the caller's own holds and the booking that the request moves count as free.

    Raises:
        NotFound, Unavailable.
    """
    cached = cache.cached(project_id)
    if cached is None or _lost_start(cached, request, travel_times, pseudonym) is None:
        return None
    return _lost_start(await cache.availability(project_id), request, travel_times, pseudonym)


def _lost_start(
    availability: Availability, request: StartRequest, travel_times: TravelTimes | None, pseudonym: Pseudonym | None
) -> tuple[Availability, Appointment] | None:
    """Return the appointment if its start is taken, with the availability as the caller sees it."""
    try:
        seen, appointment = resolve_request(availability, request, travel_times, pseudonym)
        appointment.check(seen.schedule)
    except SlotmcpError:
        return None
    return None if check_start(seen, appointment.need, appointment.start) else (seen, appointment)


def early_refusal(
    availability: Availability, appointment: Appointment, message: str, *, instead_of: Claim | None = None
) -> SlotUnavailable | HoldExpired:
    """Return the error for a start that `find_lost_start` found to be taken, and record the request in the trace.

    `instead_of` is the claim of the booking that would move to the start.
    """
    record_start(availability, appointment)
    need, start = appointment.need, appointment.start
    return refusal(availability, LostSlot(SlotUnavailable, message, need, start, instead_of=instead_of))


def refusal(availability: Availability, lost: LostSlot) -> SlotUnavailable | HoldExpired:
    """Return the error for a lost slot, with the nearest bookable starts, and record those in the trace."""
    project, excluded_start = availability.schedule.project, None
    if lost.instead_of is not None:
        availability, excluded_start = availability.without(lost.instead_of), lost.instead_of.start
    availability = availability.without(*lost.own_holds)
    slots = nearest_slots(availability, lost.need, lost.start, excluded_start)
    offer = Offer(
        project=project,
        timezone=project.timezone,
        slots=slots,
        now_ms=availability.now_ms,
        unavailable_technician=_unavailable_technician(availability, lost),
    )
    record_result(TracedResult(slots=slots))
    if lost.error is not SlotUnavailable:
        return lost.error(lost.message, alternatives=offer)
    reason = reason_against(availability, lost.need, lost.start)
    return SlotUnavailable(lost.message, alternatives=offer, start=lost.start, reason=reason)


def _unavailable_technician(availability: Availability, lost: LostSlot) -> UnavailableTechnician | None:
    """Return the requested technician, and the others who could take the lost start."""
    schedules = availability.schedule.technician_schedules
    requested = schedules.get(lost.need.technician_id or "")
    if requested is None:
        return None
    slot = check_start(availability, replace(lost.need, technician_id=None), lost.start)
    candidates = slot.candidates[:_MAX_CANDIDATES] if slot else ()
    return UnavailableTechnician(
        technician=requested.technician,
        others=tuple(schedules[candidate.technician_id].technician for candidate in candidates),
    )


def nearest_slots(
    availability: Availability, need: Need, start: Minute, excluded_start: Minute | None = None
) -> tuple[Slot, ...]:
    """Return the bookable slots nearest to a start, in order of time."""
    midnights = availability.frame.midnights
    starts = [
        other for other in list_starts(availability, need, midnights[0], midnights[-1]) if other != excluded_start
    ]
    nearest = sorted(starts, key=lambda other: (abs(other - start), other))[:_MAX_ALTERNATIVES]
    return tuple(slots_at(availability, need, sorted(nearest), best=_MAX_CANDIDATES))
