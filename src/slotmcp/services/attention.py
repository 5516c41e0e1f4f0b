"""Bookings that need attention, with the technicians who could take them at their time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, Technician
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.engine.availability import Availability
from slotmcp.engine.fit import ScheduleFit
from slotmcp.ports import Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.lookups import FoundBooking, found_booking


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedBooking:
    """Booking that needs attention."""

    found: FoundBooking
    able: tuple[Technician, ...]
    """Other technicians who could take it at its time, in the order of the project file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionAnswer:
    """Bookings of a project that need attention and have not ended, by start."""

    project: Project
    affected: tuple[AffectedBooking, ...]
    now_ms: int


class AttentionService:
    """Use cases of bookings that need attention."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache) -> None:
        self._store = store
        self._availability_cache = availability_cache

    async def list_attention(self, project_id: str | None) -> AttentionAnswer:
        """Return the bookings that need attention.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        project, now_ms = availability.schedule.project, availability.now_ms
        bookings = await self._store.bookings_needing_attention(project.id, now_ms // MS_PER_MINUTE)
        return AttentionAnswer(project=project, affected=affected_bookings(availability, bookings), now_ms=now_ms)

    async def count_attention(self, project_id: str | None) -> int:
        """Return the number of bookings that need attention and have not ended.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        now = availability.now_ms // MS_PER_MINUTE
        return len(await self._store.bookings_needing_attention(availability.schedule.project.id, now))


def affected_bookings(availability: Availability, bookings: Iterable[Booking]) -> tuple[AffectedBooking, ...]:
    """Return bookings with the technicians who could take them at their time."""
    schedule = availability.schedule

    @cache
    def fit(technician_id: str) -> ScheduleFit:
        return ScheduleFit.among_claims(availability, technician_id)

    def is_able(booking: Booking, technician_id: str) -> bool:
        claim = replace(booking.claim, technician_id=technician_id)
        return technician_id != booking.claim.technician_id and not fit(technician_id).causes(claim)

    return tuple(
        AffectedBooking(
            found=found_booking(schedule, booking, availability.now_ms),
            able=tuple(
                technician_schedule.technician
                for technician_id, technician_schedule in schedule.technician_schedules.items()
                if is_able(booking, technician_id)
            ),
        )
        for booking in bookings
    )
