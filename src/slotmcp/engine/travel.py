"""The way between two places, in minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import asin, ceil, cos, radians, sin, sqrt
from typing import ClassVar, Protocol

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy

_EARTH_RADIUS_KM = 6371.0088
"""Mean radius, IUGG."""


class TravelSource(StrEnum):
    """Who says how long ways take."""

    ESTIMATED = "estimated"
    """The project's travel policy, by distance."""
    ROUTED = "routed"
    """A routing service, by road; the policy only where that knows no way."""


class TravelTimes(Protocol):
    """Knows how long ways take."""

    @property
    def source(self) -> TravelSource:
        """Who says so."""
        ...

    def minutes(self, origin: Location, destination: Location) -> int:
        """Whole minutes from door to door, rounded up; 0 where both are the same place."""
        ...


@dataclass(frozen=True, slots=True)
class EstimatedTravel:
    """By the great circle, a road factor, a speed and some minutes for the stop."""

    policy: TravelPolicy
    source: ClassVar = TravelSource.ESTIMATED

    def minutes(self, origin: Location, destination: Location) -> int:
        """As `TravelTimes` says."""
        if origin == destination:
            return 0
        hours = great_circle_km(origin, destination) * self.policy.road_factor / self.policy.speed_kmh
        return ceil(hours * 60) + self.policy.minutes_per_stop


@dataclass(frozen=True, slots=True)
class RoutedTravel:
    """By a routing service's table where it has the way, else by another's word."""

    table: Mapping[tuple[Location, Location], int]
    otherwise: TravelTimes
    source: ClassVar = TravelSource.ROUTED

    def minutes(self, origin: Location, destination: Location) -> int:
        """As `TravelTimes` says."""
        known = self.table.get((origin, destination))
        return self.otherwise.minutes(origin, destination) if known is None else known


@dataclass(frozen=True, slots=True)
class Site:
    """Where a job is, and how long it takes to get there and away."""

    location: Location
    travel: TravelTimes

    def from_(self, origin: Location) -> int:
        """Minutes to get there."""
        return self.travel.minutes(origin, self.location)

    def to(self, destination: Location) -> int:
        """Minutes to get away."""
        return self.travel.minutes(self.location, destination)


def site_at(location: Location | None, policy: TravelPolicy, routed: TravelTimes | None = None) -> Site | None:
    """A place as the engine wants it; None where it is not known or the way does not count.

    `routed` knows the ways better than the estimate.
    """
    if location is None or policy.mode is TravelMode.NONE:
        return None
    return Site(location, routed or EstimatedTravel(policy))


def great_circle_km(origin: Location, destination: Location) -> float:
    """The distance over ground between two places (haversine formula)."""
    one, other = radians(origin.latitude), radians(destination.latitude)
    half_way_north = sin((other - one) / 2) ** 2
    half_way_east = sin(radians(destination.longitude - origin.longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, half_way_north + cos(one) * cos(other) * half_way_east)))
