"""Travel times between two locations, in minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import asin, ceil, cos, radians, sin, sqrt
from typing import ClassVar, Protocol

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy

_EARTH_RADIUS_KM = 6371.0088
"""Mean radius, IUGG."""


class TravelSource(StrEnum):
    """Origin of travel times."""

    ESTIMATED = "estimated"
    """Estimates by distance, with the project's travel policy."""
    ROUTED = "routed"
    """Travel times by road, from a routing service; estimated only if the service has no route."""


class TravelTimes(Protocol):
    """Source of travel times between locations."""

    @property
    def source(self) -> TravelSource:
        """Origin of these travel times."""

    def minutes(self, origin: Location, destination: Location) -> int:
        """Return whole minutes from door to door, rounded up; 0 between equal locations."""


@dataclass(frozen=True, slots=True)
class EstimatedTravel:
    """Travel times estimated from great-circle distance, road factor, speed and minutes per stop."""

    policy: TravelPolicy
    source: ClassVar = TravelSource.ESTIMATED

    def minutes(self, origin: Location, destination: Location) -> int:
        """Estimate the minutes from door to door."""
        if origin == destination:
            return 0
        hours = great_circle_km(origin, destination) * self.policy.road_factor / self.policy.speed_kmh
        return ceil(hours * 60) + self.policy.minutes_per_stop


@dataclass(frozen=True, slots=True)
class RoutedTravel:
    """Travel times from a routing service's table, with a fallback for missing routes."""

    table: Mapping[tuple[Location, Location], int]
    fallback: TravelTimes
    source: ClassVar = TravelSource.ROUTED

    def minutes(self, origin: Location, destination: Location) -> int:
        """Look up the minutes from door to door."""
        routed = self.table.get((origin, destination))
        return self.fallback.minutes(origin, destination) if routed is None else routed


@dataclass(frozen=True, slots=True)
class Site:
    """Location of a job, with the travel times to and from it."""

    location: Location
    travel: TravelTimes

    def minutes_from(self, origin: Location) -> int:
        """Return the minutes from an origin to the job."""
        return self.travel.minutes(origin, self.location)

    def minutes_to(self, destination: Location) -> int:
        """Return the minutes from the job to a destination."""
        return self.travel.minutes(self.location, destination)


def site_at(location: Location | None, policy: TravelPolicy, routed: TravelTimes | None = None) -> Site | None:
    """Return the site at a location; None when it is unknown or the policy ignores travel times.

    `routed` replaces the estimated travel times.
    """
    if location is None or policy.mode is TravelMode.NONE:
        return None
    return Site(location, routed or EstimatedTravel(policy))


def great_circle_km(origin: Location, destination: Location) -> float:
    """Return the great-circle distance between two locations (haversine formula)."""
    latitude, other_latitude = radians(origin.latitude), radians(destination.latitude)
    north = sin((other_latitude - latitude) / 2) ** 2
    east = sin(radians(destination.longitude - origin.longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, north + cos(latitude) * cos(other_latitude) * east)))
