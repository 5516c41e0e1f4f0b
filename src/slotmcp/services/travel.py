"""Travel times by road, read from the routing service before a project is locked."""

from typing import Final, TypeVar

from slotmcp.domain.catalog import Location, TravelMode
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.engine.availability import Availability
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Geocoder, Travel
from slotmcp.services.appointments import StartRequest, resolve_moment
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.places import PlaceLookup

Start = TypeVar("Start", bound=StartRequest)

_MARGIN_MINUTES: Final = MINUTES_PER_DAY
"""Time around a start that contains its previous and next job, because both belong to the same working day."""


class TravelLookup:
    """Lookup of travel times in the routing service. A result of None means that the engine estimates them."""

    def __init__(
        self, *, availability_cache: AvailabilityCache, travel: Travel | None = None, geocoder: Geocoder | None = None
    ) -> None:
        self._availability_cache = availability_cache
        self._travel = travel
        self.places = PlaceLookup(geocoder)
        """Lookup of locations, which travel times need."""

    async def located(self, project_id: str, request: Start, *, address: str = "") -> Start:
        """Return a request with the location that follows from its postal code or address, if that is known.

        Raises:
            NotFound, Unavailable.
        """
        if not self.places.can_locate:
            return request
        availability = await self._availability_cache.availability(project_id)
        return await self.places.located(availability.schedule, request, address=address)

    @property
    def is_routed(self) -> bool:
        """True if a routing service is configured."""
        return self._travel is not None

    async def for_start(self, project_id: str, request: StartRequest) -> TravelTimes | None:
        """Return the travel times to and from the location of a requested start.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        if self._travel is None or request.place is None or request.start is None:
            return None
        availability = await self._availability_cache.availability(project_id)
        start = resolve_moment(request.start, request.timezone or availability.schedule.project.timezone, "start")
        return await self.between(availability, request.place, start, start)

    async def for_claim(self, project_id: str, claim: Claim, location: Location | None) -> TravelTimes | None:
        """Return the travel times to and from a claim's location, else those to and from `location`.

        Raises:
            NotFound, Unavailable.
        """
        if self._travel is None:
            return None
        availability = await self._availability_cache.availability(project_id)
        return await self.between(availability, claim.location or location, claim.start, claim.start)

    async def between(
        self, availability: Availability, location: Location | None, start_from: Minute, start_to: Minute
    ) -> TravelTimes | None:
        """Return the travel times between a location and the technicians' homes and jobs around a range of starts."""
        schedule = availability.schedule
        if self._travel is None or location is None or schedule.project.travel.mode is TravelMode.NONE:
            return None
        start, end = start_from - _MARGIN_MINUTES, start_to + _MARGIN_MINUTES
        places = {
            place
            for technician_schedule in schedule.technician_schedules.values()
            for place in (
                technician_schedule.technician.home,
                *(claim.location for claim in technician_schedule.claims if start < claim.end and claim.start < end),
            )
            if place is not None
        }
        return await self._travel.times(schedule.project, location, places)
