"""Who goes where, and how far that is: from home through the day's jobs and home again."""

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

_WAYS = EstimatedTravel(TRAVEL)


@dataclass(frozen=True, slots=True)
class Job:
    """A call that was booked: who goes, and when."""

    call: Call
    technician: Technician
    start: Minute


Route = Sequence[Job]
"""One technician's jobs of one day, in order."""


@dataclass(frozen=True, slots=True)
class Travelled:
    """A week's ways, those from home and back included."""

    km: float
    """By road, as the project's travel policy estimates it."""
    minutes: int
    """At the policy's speed, with its minutes for every stop; coming home is one."""
    routes: int
    """How often somebody left home."""


def routes_of(jobs: Iterable[Job]) -> Sequence[Route]:
    """Each technician's and each day's jobs, in order."""
    routes: Mapping[tuple[str, int], list[Job]] = defaultdict(list)
    for job in jobs:
        routes[job.technician.id, day_of(job.start)].append(job)
    return [sorted(route, key=attrgetter("start")) for route in routes.values()]


def travelled(jobs: Iterable[Job]) -> Travelled:
    """What these jobs take in ways."""
    routes = routes_of(jobs)
    legs = [leg for route in routes for leg in pairwise(_stops(route))]
    return Travelled(
        km=sum(road_km(*leg) for leg in legs),
        minutes=sum(way_minutes(*leg) for leg in legs),
        routes=len(routes),
    )


def home_of(technician: Technician) -> Location:
    """Where a day begins and ends."""
    assert technician.home is not None
    return technician.home


@cache
def road_km(origin: Location, destination: Location) -> float:
    """The way by road, as the project's travel policy estimates it."""
    return great_circle_km(origin, destination) * TRAVEL.road_factor


@cache
def way_minutes(origin: Location, destination: Location) -> int:
    """The way in minutes, the stop included."""
    return _WAYS.minutes(origin, destination)


def _stops(route: Route) -> Iterator[Location]:
    home = home_of(TECHNICIANS[route[0].technician.id])
    yield home
    yield from (job.call.location for job in route)
    yield home
