"""Checks of a new or corrected waitlist entry: whether a cancellation can make a start of its window available."""

from typing import Final

from slotmcp.domain.errors import InvalidArgument, NothingToWaitFor, ProblemKind, SlotsAvailable
from slotmcp.domain.interval import MINUTES_PER_DAY, minute_at_or_after
from slotmcp.domain.offer import Offer
from slotmcp.domain.reasons import Reason
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.engine.availability import Availability
from slotmcp.engine.feasibility import MAX_DAYS_AHEAD, reason_never_free
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts, slots_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.alternatives import nearest_slots
from slotmcp.services.appointments import check_length
from slotmcp.services.pagination import spread
from slotmcp.services.waitlist_queue import need_of

_ALTERNATIVES: Final = 3
_CANDIDATES: Final = 3


def check_wait(availability: Availability, entry: WaitlistEntry) -> None:
    """Reject an entry whose window is invalid, has available starts, or can never have any.

    Raises:
        InvalidArgument, SlotsAvailable, NothingToWaitFor.
    """
    service = availability.schedule.services[entry.service_id]
    need = need_of(entry, service, availability)
    check_length(service, need)
    _check_window(availability, entry)
    _check_nothing_available(availability, entry, need)
    _check_possible(availability, entry, need)


def _check_window(availability: Availability, entry: WaitlistEntry) -> None:
    """Reject a window that has passed, begins after the last bookable day, or ends too far in the future."""
    frame, now = availability.frame, minute_at_or_after(availability.now_ms)
    if entry.start_to <= now:
        local = utc_to_wall(availability.schedule.project.timezone, now).isoformat(timespec="minutes")
        raise InvalidArgument("to", f"the window has passed; it is {local} now.", kind=ProblemKind.PAST)
    if entry.start_from >= frame.midnights[-1]:
        raise InvalidArgument(
            "from",
            f"bookings are open up to and including {frame.last_day}; give an earlier time.",
            kind=ProblemKind.TOO_FAR,
        )
    if entry.start_to > frame.midnights[0] + MAX_DAYS_AHEAD * MINUTES_PER_DAY:
        raise InvalidArgument("to", f"give a time within the next {MAX_DAYS_AHEAD} days.", kind=ProblemKind.TOO_FAR)


def _check_nothing_available(availability: Availability, entry: WaitlistEntry, need: Need) -> None:
    """Reject an entry whose window contains available starts, and offer some of them."""
    project = availability.schedule.project
    if starts := list_starts(availability, need, entry.start_from, entry.start_to):
        chosen = spread(starts, _ALTERNATIVES, project.timezone, project.parts_of_day)
        slots = tuple(slots_at(availability, need, chosen, best=_CANDIDATES))
        offer = Offer(project=project, timezone=project.timezone, slots=slots, now_ms=availability.now_ms)
        raise SlotsAvailable("A start in that window is available, so there is no need to wait.", alternatives=offer)


def _check_possible(availability: Availability, entry: WaitlistEntry, need: Need) -> None:
    """Reject an entry whose window cannot become available, and offer the nearest available starts."""
    schedule = availability.schedule
    if entry.start_to <= availability.earliest_start:
        reason: Reason | None = Reason.NOTICE
    else:
        reason = reason_never_free(availability, need, entry.start_from, entry.start_to)
    if reason is None:
        return
    requested = schedule.technician_schedules.get(entry.technician_id or "")
    raise NothingToWaitFor(
        "No start in that window can become available, even if bookings are canceled.",
        reason=reason,
        technician_name=requested.technician.name if requested else "",
        alternatives=Offer(
            project=schedule.project,
            timezone=schedule.project.timezone,
            slots=nearest_slots(availability, need, entry.start_from),
            now_ms=availability.now_ms,
        ),
    )
