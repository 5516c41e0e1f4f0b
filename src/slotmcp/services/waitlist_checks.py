"""Checks of a new or corrected waitlist entry: whether a cancellation can make a start of its window available."""

from dataclasses import dataclass, replace
from typing import Final, Self

from slotmcp.domain.errors import InvalidArgument, NothingToWaitFor, ProblemKind, SlotsAvailable
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval, minute_at_or_after
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
from slotmcp.services.areas import check_place
from slotmcp.services.pagination import spread
from slotmcp.services.waitlist_search import EntrySearch, need_of

_ALTERNATIVES: Final = 3
_CANDIDATES: Final = 3


@dataclass(eq=False)
class RefusedWait(Exception):  # noqa: N818  callers receive it as SlotsAvailable or NothingToWaitFor
    """An entry that cannot be added. The alternatives are searched after the lock is released."""

    entry: WaitlistEntry
    availability: Availability
    """Availability under the lock. In a later one, the available start may be taken."""
    reason: Reason | None
    """Reason why no start of the window can become available; None: a start is available now."""


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Answer to whether a window can become available, which depends only on the catalog and the time of day."""

    availability: Availability
    need: Need
    window: Interval
    reason: Reason | None

    @classmethod
    def of(cls, availability: Availability, need: Need, window: Interval) -> Self:
        """Search. If nothing can become available, this takes a fraction of a second in a large business."""
        reason = Reason.NOTICE if window[1] <= availability.earliest_start_of(need) else None
        return cls(availability, need, window, reason or reason_never_free(availability, need, *window))

    def holds_for(self, availability: Availability, need: Need, window: Interval) -> bool:
        """Return whether the answer is also that to another question."""
        known, current = self.availability.schedule, availability.schedule
        return (
            (self.need, self.window, self.availability.frame) == (need, window, availability.frame)
            and (self.reason is not None or availability.earliest_start_of(need) < window[1])
            and (known.project, known.services) == (current.project, current.services)
            and [each.technician for each in known.technician_schedules.values()]
            == [each.technician for each in current.technician_schedules.values()]
        )


def check_wait(availability: Availability, entry: WaitlistEntry, known: Feasibility | None) -> None:
    """Reject an entry whose place is not served, or whose window is invalid, has available starts, or can have none.

    Raises:
        InvalidArgument, RefusedWait.
    """
    service, window = availability.schedule.services[entry.service_id], (entry.start_from, entry.start_to)
    need = need_of(entry, service, availability)
    check_length(service, need)
    check_place(availability.schedule, entry.location, entry.postal_code)
    _check_window(availability, entry, need)
    if has_start(availability, entry):
        raise RefusedWait(entry, availability, None)
    if known is None or not known.holds_for(availability, need, window):
        known = Feasibility.of(availability, need, window)
    if known.reason is not None:
        raise RefusedWait(entry, availability, known.reason)


def has_start(availability: Availability, entry: WaitlistEntry) -> bool:
    """Return whether a start in the window of an entry is available, declined or not."""
    return EntrySearch(None, availability).first_start(replace(entry, declined_times=())) is not None


def _check_window(availability: Availability, entry: WaitlistEntry, need: Need) -> None:
    """Reject a window that has passed, begins after the last bookable day, or ends too far in the future."""
    frame, now = availability.frame, minute_at_or_after(availability.now_ms)
    if entry.start_to <= now:
        local = utc_to_wall(availability.schedule.project.timezone, now).isoformat(timespec="minutes")
        raise InvalidArgument("to", f"the window has passed; it is {local} now.", kind=ProblemKind.PAST)
    if entry.start_from >= availability.horizon_end_of(need):
        raise InvalidArgument(
            "from",
            f"bookings are open up to and including {availability.last_day_of(need)}; give an earlier time.",
            kind=ProblemKind.TOO_FAR,
        )
    if entry.start_to > frame.midnights[0] + MAX_DAYS_AHEAD * MINUTES_PER_DAY:
        raise InvalidArgument("to", f"give a time within the next {MAX_DAYS_AHEAD} days.", kind=ProblemKind.TOO_FAR)


def refusal_of(refused: RefusedWait) -> SlotsAvailable | NothingToWaitFor:
    """Return the error for a refused entry, with the available starts of the window or the nearest ones."""
    entry, availability = refused.entry, refused.availability
    project = availability.schedule.project
    need = need_of(entry, availability.schedule.services[entry.service_id], availability)
    if refused.reason is None:
        starts = list_starts(availability, need, entry.start_from, entry.start_to)
        chosen = spread(starts, _ALTERNATIVES, project.timezone, project.parts_of_day)
        slots = tuple(slots_at(availability, need, chosen, best=_CANDIDATES))
    else:
        slots = nearest_slots(availability, need, entry.start_from)
    offer = Offer(project=project, timezone=project.timezone, slots=slots, now_ms=availability.now_ms)
    if refused.reason is None:
        return SlotsAvailable("A start in that window is available, so there is no need to wait.", alternatives=offer)
    requested = availability.schedule.technician_schedules.get(entry.technician_id or "")
    return NothingToWaitFor(
        "No start in that window can become available, even if bookings are canceled.",
        reason=refused.reason,
        technician_name=requested.technician.name if requested else "",
        alternatives=offer,
    )
