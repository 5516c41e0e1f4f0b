"""Routes of technicians from home through the jobs of a day and back, with their lengths."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter

from benchmarks.proximity_week import TECHNICIANS, TRAVEL, Call, day_of
from slotmcp.domain.catalog import Location, Technician
from slotmcp.domain.interval import Minute
from slotmcp.engine.travel import EstimatedTravel, great_circle_km

_ESTIMATE = EstimatedTravel(TRAVEL)


@dataclass(frozen=True, slots=True)
class Job:
    """Booked call with its technician and start."""

    call: Call
    technician: Technician
    start: Minute


Route = Sequence[Job]
"""Jobs of one technician on one day, in order."""


@dataclass(frozen=True, slots=True)
class Traveled:
    """Travel of a week, including the ways from home and back."""

    km: float
    """Road distance, as estimated by the travel policy."""
    minutes: int
    """Travel time, as estimated by the travel policy, with its minutes per stop, including home."""
    routes: int
    """Number of routes."""


def routes_of(jobs: Iterable[Job]) -> Sequence[Route]:
    """Return the routes of jobs."""
    routes: Mapping[tuple[str, int], list[Job]] = defaultdict(list)
    for job in jobs:
        routes[job.technician.id, day_of(job.start)].append(job)
    return [sorted(route, key=attrgetter("start")) for route in routes.values()]


def traveled(jobs: Iterable[Job]) -> Traveled:
    """Return the travel for jobs."""
    routes = routes_of(jobs)
    legs = [leg for route in routes for leg in pairwise(_stops(route))]
    return Traveled(
        km=sum(road_km(*leg) for leg in legs),
        minutes=sum(travel_minutes(*leg) for leg in legs),
        routes=len(routes),
    )


def home_of(technician: Technician) -> Location:
    """Return the technician's home."""
    assert technician.home is not None
    return technician.home


@cache
def road_km(origin: Location, destination: Location) -> float:
    """Return the road distance, as estimated by the travel policy."""
    return great_circle_km(origin, destination) * TRAVEL.road_factor


@cache
def travel_minutes(origin: Location, destination: Location) -> int:
    """Return the travel time in minutes, including the stop."""
    return _ESTIMATE.minutes(origin, destination)


def _stops(route: Route) -> Iterator[Location]:
    home = home_of(TECHNICIANS[route[0].technician.id])
    yield home
    yield from (job.call.location for job in route)
    yield home
