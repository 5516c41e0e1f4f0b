"""Locations of jobs and homes of which only the postal code or the address is known."""

from collections import OrderedDict
from dataclasses import replace
from typing import Final, TypeVar

from slotmcp.domain.catalog import Location, Project, TravelMode
from slotmcp.domain.errors import Unavailable
from slotmcp.domain.interval import MS_PER_DAY
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock, Geocoder, Place, Store
from slotmcp.services.areas import is_far_from_homes
from slotmcp.services.countries import country_of
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.placed_requests import PlacedRequest

Placed = TypeVar("Placed", bound=PlacedRequest)

VALID_MS: Final = 90 * MS_PER_DAY
"""Time for which the location of a postal code is used without asking the service again."""
MAX_REMEMBERED: Final = 1_000
"""Maximum number of places whose result a process remembers."""
REMEMBERED_MS: Final = 3_600_000
"""Time for which a process remembers a result. An address is not stored."""


class StoredGeocoder:
    """Geocoder that stores the locations of postal codes, and remembers those of addresses for an hour."""

    def __init__(self, geocoder: Geocoder, store: Store, clock: Clock) -> None:
        """Create it over another geocoder; `clock` is the wall clock."""
        self._geocoder = geocoder
        self._store = store
        self._clock = clock
        self._remembered: OrderedDict[Place, tuple[int, Location | None]] = OrderedDict()

    async def locate(self, place: Place) -> Location | None:
        now_ms = self._clock.now_ms()
        since_ms, location = self._remembered.get(place, (0, None))
        if 0 <= now_ms - since_ms < REMEMBERED_MS:
            return location
        location = await self._find(place, now_ms)
        self._remembered[place] = now_ms, location
        self._remembered.move_to_end(place)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return location

    async def _find(self, place: Place, now_ms: int) -> Location | None:
        if place.address:
            return await self._geocoder.locate(place)
        try:
            stored = await self._store.postal_code_location(
                place.country, place.postal_code, found_after_ms=now_ms - VALID_MS
            )
            if stored is not None:
                return stored
            location = await self._geocoder.locate(place)
            if location is not None:
                await self._store.save_postal_code_location(
                    place.country, place.postal_code, location, found_at_ms=now_ms
                )
        except Unavailable:
            return None
        return location


class FirstGeocoder:
    """Geocoder that asks several in order, until one knows the place."""

    def __init__(self, *geocoders: Geocoder) -> None:
        self._geocoders = geocoders

    async def locate(self, place: Place) -> Location | None:
        for geocoder in self._geocoders:
            location = await geocoder.locate(place)
            if location is not None:
                return location
        return None


class PlaceLookup:
    """Lookup of locations. Without a geocoder, places without coordinates are unknown."""

    def __init__(self, geocoder: Geocoder | None) -> None:
        self._geocoder = geocoder

    @property
    def can_locate(self) -> bool:
        """True if there is a geocoder."""
        return self._geocoder is not None

    async def located(self, schedule: Schedule, request: Placed, *, address: str = "") -> Placed:
        """Return a request with the location that follows from its postal code or address.

        It stays without one if it has coordinates, if the project ignores travel times, or if the place is unknown or
        implausibly far from every technician's home.
        """
        project = schedule.project
        if self._geocoder is None or request.location is not None or project.travel.mode is TravelMode.NONE:
            return request
        location = await _locate(self._geocoder, project, request.postal_code, address)
        is_known = location is not None and not is_far_from_homes(schedule, location)
        return replace(request, derived_location=location) if is_known else request

    async def with_homes(self, plan: ProjectPlan) -> ProjectPlan:
        """Return a plan with the locations of homes that have only a postal code; unknown ones stay unknown."""
        if self._geocoder is None:
            return plan
        technicians = list(plan.technicians)
        for index, technician in enumerate(technicians):
            if technician.home is None and technician.home_postal_code:
                home = await _locate(self._geocoder, plan.project, technician.home_postal_code)
                technicians[index] = replace(technician, home=home)
        return replace(plan, technicians=tuple(technicians))


async def _locate(geocoder: Geocoder, project: Project, postal_code: str, address: str = "") -> Location | None:
    """Return the location of an address, or else of the postal code."""
    place = Place(country=country_of(project) or "", postal_code=postal_code)
    if address and (location := await geocoder.locate(replace(place, address=address))) is not None:
        return location
    return await geocoder.locate(place) if postal_code else None
