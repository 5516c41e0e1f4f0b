"""Implementation of the port Travel with a server that has OSRM's HTTP interface.

Its table service takes `GET {base}/table/v1/driving/{longitude},{latitude};...?sources=...&destinations=...`, and
returns `durations`, a matrix in seconds with null where there is no route.
https://project-osrm.org/docs/v5.24.0/api/#table-service
"""

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias

from slotmcp.domain.catalog import Location, Project, TravelPolicy
from slotmcp.engine.travel import EstimatedTravel, RoutedTravel, TravelSource, TravelTimes

if TYPE_CHECKING:
    from httpx2 import AsyncClient

Route: TypeAlias = tuple[Location, Location]
"""Origin and destination."""
Durations: TypeAlias = Sequence[tuple[Route, float | None]]
"""Routes with their duration in seconds; None: there is no route by road."""

TIMEOUT_SECONDS: Final = 0.8
"""Timeout for all requests of one call, short because a customer is on the phone."""
PAUSE_SECONDS: Final = 30.0
"""Pause of all requests after a failure of the server."""
PLACES_PER_REQUEST: Final = 99
"""With the location itself 100, the default limit of a server."""
MAX_ROUTES: Final = 20_000
"""Maximum number of cached routes."""
VALID_SECONDS: Final = 3600.0
"""Lifetime of a cached duration."""
_SECONDS_PER_MINUTE: Final = 60
_DECIMALS: Final = 6
"""Decimals of a degree: 11 cm."""

_log: Final = logging.getLogger("slotmcp.routing")


class DurationCache:
    """Bounded cache of durations by route. The oldest are dropped first."""

    def __init__(self, seconds: Callable[[], float], *, max_routes: int = MAX_ROUTES) -> None:
        """Start empty; `seconds` is a monotonic clock."""
        self._seconds = seconds
        self._max_routes = max_routes
        self._durations: OrderedDict[Route, tuple[float, float | None]] = OrderedDict()

    def missing(self, routes: Iterable[Route]) -> Sequence[Route]:
        """Return the routes that are not cached or no longer valid."""
        oldest = self._seconds() - VALID_SECONDS
        return [route for route in routes if route not in self._durations or self._durations[route][0] < oldest]

    def get(self, routes: Iterable[Route]) -> Iterator[tuple[Route, float]]:
        """Yield the cached routes, except those without a road, with their duration in seconds."""
        for route in routes:
            _, duration = self._durations.get(route, (0.0, None))
            if duration is not None:
                yield route, duration

    def add(self, durations: Iterable[tuple[Route, float | None]]) -> None:
        """Cache durations that the server reported just now."""
        now = self._seconds()
        for route, duration in durations:
            self._durations[route] = now, duration
            self._durations.move_to_end(route)
        while len(self._durations) > self._max_routes:
            self._durations.popitem(last=False)


@dataclass(frozen=True, slots=True)
class CachedTravel:
    """Travel times from the cache, with a fallback for missing routes."""

    cache: DurationCache
    fallback: EstimatedTravel
    source: ClassVar = TravelSource.ROUTED

    def minutes(self, origin: Location, destination: Location) -> int:
        """Return whole minutes from door to door, rounded up."""
        for _, seconds in self.cache.get([(origin, destination)]):
            return _minutes(seconds, self.fallback.policy)
        return self.fallback.minutes(origin, destination)


class OsrmTravel:
    """Travel times from OSRM, cached. If the server fails, they are estimated."""

    def __init__(
        self,
        client: "AsyncClient",
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Create a client of the routing service.

        Args:
            client: HTTP client with the server as its base URL. It remains open while this object is used.
            timeout_seconds: timeout for all requests of one call together.
            seconds: monotonic clock.
        """
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._seconds = seconds
        self._cache = DurationCache(seconds)
        self._paused_until = -math.inf

    @classmethod
    @asynccontextmanager
    async def open(cls, base_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[Self]:
        """Use the server at a URL such as http://localhost:5000 until the block ends."""
        from httpx2 import AsyncClient  # noqa: PLC0415  most installations have no routing service

        async with AsyncClient(base_url=base_url, timeout=timeout_seconds) as client:
            yield cls(client, timeout_seconds=timeout_seconds)

    async def times(self, project: Project, location: Location, places: Collection[Location]) -> TravelTimes:
        estimate = EstimatedTravel(project.travel)
        others = {place for place in places if place != location}
        routes = [*((place, location) for place in others), *((location, place) for place in others)]
        if not await self._fetch(location, self._cache.missing(routes)):
            return estimate
        table = {route: _minutes(seconds, project.travel) for route, seconds in self._cache.get(routes)}
        return RoutedTravel(table, estimate)

    def cached_times(self, project: Project) -> TravelTimes:
        return CachedTravel(self._cache, EstimatedTravel(project.travel))

    async def _fetch(self, location: Location, routes: Sequence[Route]) -> bool:
        """Fetch the durations of routes into the cache; return whether that succeeded."""
        if not routes:
            return True
        if self._seconds() < self._paused_until:
            return False
        try:
            async with asyncio.timeout(self._timeout_seconds), asyncio.TaskGroup() as group:
                responses = [group.create_task(request) for request in self._requests(location, routes)]
        except Exception as error:  # noqa: BLE001  on any failure of the server, travel times are estimated
            self._pause(error)
            return False
        self._cache.add(chain.from_iterable(response.result() for response in responses))
        return True

    def _requests(self, location: Location, routes: Sequence[Route]) -> Iterator[Coroutine[Any, Any, Durations]]:
        origins = [origin for origin, destination in routes if destination == location]
        destinations = [destination for origin, destination in routes if origin == location]
        yield from (self._fetch_to(location, batch) for batch in _batches(origins))
        yield from (self._fetch_from(location, batch) for batch in _batches(destinations))

    async def _fetch_to(self, location: Location, origins: Sequence[Location]) -> Durations:
        durations = await self._fetch_table([location, *origins], sources=range(1, len(origins) + 1), destinations=[0])
        return [((origin, location), row[0]) for origin, row in zip(origins, durations, strict=True)]

    async def _fetch_from(self, location: Location, places: Sequence[Location]) -> Durations:
        (row,) = await self._fetch_table([location, *places], sources=[0], destinations=range(1, len(places) + 1))
        return [((location, place), duration) for place, duration in zip(places, row, strict=True)]

    async def _fetch_table(
        self, places: Sequence[Location], *, sources: Iterable[int], destinations: Iterable[int]
    ) -> list[list[float | None]]:
        """Return durations in seconds, one row for each source.

        Raises:
            Exception: the request failed, or the response is invalid.
        """
        coordinates = ";".join(f"{place.longitude:.{_DECIMALS}f},{place.latitude:.{_DECIMALS}f}" for place in places)
        params = {"sources": _join(sources), "destinations": _join(destinations), "annotations": "duration"}
        response = await self._client.get(f"table/v1/driving/{coordinates}", params=params)
        response.raise_for_status()
        return [[_validate(duration) for duration in row] for row in response.json()["durations"]]

    def _pause(self, error: Exception) -> None:
        """Pause requests, and log the error without its text, which may contain a customer's coordinates."""
        self._paused_until = self._seconds() + PAUSE_SECONDS
        if isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        response = getattr(error, "response", None)
        problem = type(error).__name__ if response is None else f"HTTP {response.status_code}"
        _log.warning("The routing service failed (%s); travel times are estimated for %d s.", problem, PAUSE_SECONDS)


def _join(numbers: Iterable[int]) -> str:
    return ";".join(map(str, numbers))


def _batches(places: Sequence[Location]) -> Iterable[Sequence[Location]]:
    return (places[first : first + PLACES_PER_REQUEST] for first in range(0, len(places), PLACES_PER_REQUEST))


def _validate(duration: object) -> float | None:
    """Return a duration in seconds; None: there is no route.

    Raises:
        ValueError: it is not a duration.
    """
    if duration is None:
        return None
    if isinstance(duration, bool) or not isinstance(duration, int | float) or not 0 <= duration < math.inf:
        raise ValueError("a duration is not a number of seconds")
    return float(duration)


def _minutes(seconds: float, policy: TravelPolicy) -> int:
    return math.ceil(seconds / _SECONDS_PER_MINUTE) + policy.minutes_per_stop
