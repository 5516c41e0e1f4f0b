"""Travel times (rule 24)."""

from dataclasses import dataclass
from functools import lru_cache
from math import atan2, ceil, cos, hypot, radians, sin
from typing import ClassVar

from slotmcp.domain.catalog import Location, TravelPolicy
from slotmcp.engine.travel import TravelSource

MEAN_EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, slots=True)
class OracleTravel:
    """Travel times by a project's policy."""

    policy: TravelPolicy
    source: ClassVar = TravelSource.ESTIMATED

    def minutes(self, origin: Location, destination: Location) -> int:
        """Return the minutes from door to door."""
        return _minutes(self.policy, origin, destination)


@lru_cache(maxsize=4096)
def _minutes(policy: TravelPolicy, origin: Location, destination: Location) -> int:
    if origin == destination:
        return 0
    road_km = great_circle_km(origin, destination) * policy.road_factor
    return ceil(road_km / policy.speed_kmh * 60) + policy.minutes_per_stop


def great_circle_km(origin: Location, destination: Location) -> float:
    """Return the distance by the angle between two locations at the center of the earth."""
    (ax, ay, az), (bx, by, bz) = _from_the_center(origin), _from_the_center(destination)
    across = hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return MEAN_EARTH_RADIUS_KM * atan2(across, ax * bx + ay * by + az * bz)


def _from_the_center(place: Location) -> tuple[float, float, float]:
    north, east = radians(place.latitude), radians(place.longitude)
    return cos(north) * cos(east), cos(north) * sin(east), sin(north)
