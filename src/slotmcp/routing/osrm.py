"""The Travel port over a server that speaks OSRM's HTTP interface.

Its table service takes `GET {base}/table/v1/driving/{longitude},{latitude};...?sources=...&destinations=...`, and
answers with `durations`, a matrix in seconds with null where it knows no way.
https://project-osrm.org/docs/v5.24.0/api/#table-service
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from slotmcp.domain.catalog import Location, Project, TravelPolicy
from slotmcp.engine.travel import EstimatedTravel, RoutedTravel, TravelSource, TravelTimes
from slotmcp.routing.known_ways import KnownWays, Told, Way

if TYPE_CHECKING:
    from httpx2 import AsyncClient

TIMEOUT_SECONDS: Final = 0.8
"""For all that one question asks: somebody is on the phone."""
REST_SECONDS: Final = 30.0
"""So long a server that failed is left alone."""
PLACES_PER_REQUEST: Final = 99
"""With the location itself 100, which is all that a server takes that nobody has configured."""
_SECONDS_PER_MINUTE: Final = 60
_DIGITS: Final = 6
"""Of a degree: 11 cm."""

_log: Final = logging.getLogger("slotmcp.routing")


@dataclass(frozen=True, slots=True)
class ToldTravel:
    """By what is remembered of the server's words, else by the estimate."""

    known: KnownWays
    otherwise: EstimatedTravel
    source: ClassVar = TravelSource.ROUTED

    def minutes(self, origin: Location, destination: Location) -> int:
        """As `TravelTimes` says."""
        for _, seconds in self.known.seconds([(origin, destination)]):
            return _minutes(seconds, self.otherwise.policy)
        return self.otherwise.minutes(origin, destination)


class OsrmTravel:
    """Asks for what it does not remember, both ways at once; where that fails, the estimate stands."""

    def __init__(
        self,
        client: "AsyncClient",
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Ask through a client whose base is the server.

        Args:
            client: stays open as long as this is used.
            timeout_seconds: for one question, however many requests it takes.
            seconds: a clock that never goes back.
        """
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._seconds = seconds
        self._known = KnownWays(seconds)
        self._rests_until = -math.inf

    @classmethod
    @asynccontextmanager
    async def open(cls, base_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[Self]:
        """Travel over the server at an address such as http://localhost:5000; closed again at the end."""
        from httpx2 import AsyncClient  # noqa: PLC0415  who has no routing service need not wait for it

        async with AsyncClient(base_url=base_url, timeout=timeout_seconds) as client:
            yield cls(client, timeout_seconds=timeout_seconds)

    async def times(self, project: Project, location: Location, places: Collection[Location]) -> TravelTimes:
        """As `Travel` says."""
        estimate = EstimatedTravel(project.travel)
        others = {place for place in places if place != location}
        travel_lookup = [*((place, location) for place in others), *((location, place) for place in others)]
        if not await self._learn(location, self._known.unknown(travel_lookup)):
            return estimate
        table = {way: _minutes(seconds, project.travel) for way, seconds in self._known.seconds(travel_lookup)}
        return RoutedTravel(table, estimate)

    def cached_times(self, project: Project) -> TravelTimes:
        """As `Travel` says."""
        return ToldTravel(self._known, EstimatedTravel(project.travel))

    async def _learn(self, location: Location, travel_lookup: Sequence[Way]) -> bool:
        """Whether all of these ways have been asked for, and answered."""
        if not travel_lookup:
            return True
        if self._seconds() < self._rests_until:
            return False
        try:
            async with asyncio.timeout(self._timeout_seconds), asyncio.TaskGroup() as group:
                answers = [group.create_task(request) for request in self._requests(location, travel_lookup)]
        except Exception as error:  # noqa: BLE001  whatever is wrong with the server, the estimate stands
            self._rest(error)
            return False
        self._known.learn(chain.from_iterable(answer.result() for answer in answers))
        return True

    def _requests(self, location: Location, travel_lookup: Sequence[Way]) -> Iterator[Coroutine[Any, Any, Told]]:
        there = [origin for origin, destination in travel_lookup if destination == location]
        away = [destination for origin, destination in travel_lookup if origin == location]
        yield from (self._there(location, some) for some in _batches(there))
        yield from (self._away(location, some) for some in _batches(away))

    async def _there(self, location: Location, origins: Sequence[Location]) -> Told:
        durations = await self._table([location, *origins], sources=range(1, len(origins) + 1), destinations=[0])
        return [((origin, location), row[0]) for origin, row in zip(origins, durations, strict=True)]

    async def _away(self, location: Location, places: Sequence[Location]) -> Told:
        (row,) = await self._table([location, *places], sources=[0], destinations=range(1, len(places) + 1))
        return [((location, place), duration) for place, duration in zip(places, row, strict=True)]

    async def _table(
        self, places: Sequence[Location], *, sources: Iterable[int], destinations: Iterable[int]
    ) -> list[list[float | None]]:
        """Seconds, a row for each source.

        Raises:
            Exception: of whatever kind.
        """
        coordinates = ";".join(f"{one.longitude:.{_DIGITS}f},{one.latitude:.{_DIGITS}f}" for one in places)
        asked = {"sources": _listed(sources), "destinations": _listed(destinations), "annotations": "duration"}
        response = await self._client.get(f"table/v1/driving/{coordinates}", params=asked)
        response.raise_for_status()
        return [[_checked(duration) for duration in row] for row in response.json()["durations"]]

    def _rest(self, error: Exception) -> None:
        """Say what went wrong, but not where somebody lives: an exception's text may have the address in it."""
        self._rests_until = self._seconds() + REST_SECONDS
        if isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        response = getattr(error, "response", None)
        what = type(error).__name__ if response is None else f"HTTP {response.status_code}"
        _log.warning("The routing service failed (%s); ways are estimated for %d s.", what, REST_SECONDS)


def _listed(numbers: Iterable[int]) -> str:
    return ";".join(map(str, numbers))


def _batches(places: Sequence[Location]) -> Iterable[Sequence[Location]]:
    return (places[first : first + PLACES_PER_REQUEST] for first in range(0, len(places), PLACES_PER_REQUEST))


def _checked(duration: object) -> float | None:
    """A duration that can be one; None where there is no way."""
    if duration is None:
        return None
    if isinstance(duration, bool) or not isinstance(duration, int | float) or not 0 <= duration < math.inf:
        raise ValueError("a duration is not a number of seconds")
    return float(duration)


def _minutes(seconds: float, policy: TravelPolicy) -> int:
    return math.ceil(seconds / _SECONDS_PER_MINUTE) + policy.minutes_per_stop
