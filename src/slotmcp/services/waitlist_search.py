"""Search for the first time that a waitlist entry can use, of all free time or of the time that became free."""

from typing import Final

from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.engine.areas import area_of_job, in_area
from slotmcp.engine.availability import Availability
from slotmcp.engine.freed import FreedTime
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at

QUICK_CHECKS: Final = 1_000
"""Pairs of a movable hold and a technician up to which a search for moves takes milliseconds."""


class EntrySearch:
    """Search in the time that became free between two availabilities."""

    def __init__(self, before: Availability | None, after: Availability, *, max_checks: int | None = None) -> None:
        """Prepare a search; the arguments are those of `FreedTime`."""
        self._after = after
        self._max_checks = max_checks
        self._freed = FreedTime(before, after, max_checks=max_checks)
        self._all: FreedTime | None = None

    def __bool__(self) -> bool:
        """Return whether any time may have become free."""
        return bool(self._freed)

    @property
    def is_complete(self) -> bool:
        """False if a start may be missing that needs moves of holds."""
        return self._freed.is_complete

    def first_start(self, entry: WaitlistEntry, *, in_full: bool = False) -> Minute | None:
        """Return the first start that an entry can use among those that became free; with `in_full`, among all."""
        service = self._after.schedule.services.get(entry.service_id)
        if service is None:
            return None
        if in_full and self._all is None:
            self._all = FreedTime(None, self._after, max_checks=self._max_checks)
        freed = self._all if in_full and self._all else self._freed
        window = entry.start_from, entry.start_to
        return freed.first_start(need_of(entry, service, self._after), window, entry.declined_times)


def need_of(entry: WaitlistEntry, service: ServiceType, availability: Availability) -> Need:
    """Return the requirements of an entry's job."""
    need = Need.of_service(
        service,
        duration_minutes=entry.duration_minutes,
        technician_id=entry.technician_id,
        site=site_at(entry.location, availability.schedule.project.travel, availability.cached_travel),
        priority=entry.priority,
    )
    return in_area(need, area_of_job(availability.schedule.project, entry.postal_code))
