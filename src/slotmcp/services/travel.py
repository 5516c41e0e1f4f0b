"""Ways by road: asked of the routing service, where there is one, before anything is locked."""

from slotmcp.domain.catalog import Location, TravelMode
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Store, Travel
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.intents import StartRequest, resolve

_AROUND = MINUTES_PER_DAY
"""The jobs before and after one are of the same working day."""


class TravelLookup:
    """What a routing service knows; nothing where there is none, and the estimate stands."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache, travel: Travel | None = None) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._travel = travel

    async def for_start(self, project_id: str, asked: StartRequest) -> TravelTimes | None:
        """The ways to and from the place of a start that is asked for.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        if self._travel is None or asked.location is None or asked.start is None:
            return None
        availability = await self._availability_cache.availability(project_id)
        start = resolve(asked.start, asked.timezone or availability.schedule.project.timezone, "start")
        return await self.between(availability, asked.location, start, start)

    async def for_hold(self, project_id: str, token: str, location: Location | None) -> TravelTimes | None:
        """The ways to and from the place of a hold, which is told later where the hold has none.

        Raises:
            NotFound, Unavailable.
        """
        hold = None if self._travel is None else await self._store.hold(project_id, token)
        if hold is None:
            return None
        claim = hold.claim
        availability = await self._availability_cache.availability(project_id)
        return await self.between(availability, claim.location or location, claim.start, claim.start)

    async def between(
        self, availability: Availability, location: Location | None, start_from: Minute, start_to: Minute
    ) -> TravelTimes | None:
        """The ways between a place and those of the jobs around a range, and the technicians' homes."""
        project = availability.schedule.project
        if self._travel is None or location is None or project.travel.mode is TravelMode.NONE:
            return None
        places = _places(availability.schedule, start_from - _AROUND, start_to + _AROUND)
        return await self._travel.times(project, location, places)


def _places(schedule: Schedule, start: Minute, end: Minute) -> set[Location]:
    technician_schedules = schedule.technician_schedules.values()
    homes = {technician_schedule.technician.home for technician_schedule in technician_schedules}
    jobs = {
        claim.location
        for technician_schedule in technician_schedules
        for claim in technician_schedule.claims
        if start < claim.end and claim.start < end
    }
    return {place for place in homes | jobs if place is not None}
