"""Travel times from OSRM are fetched in batches and cached; if the server fails, they are estimated."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from httpx2 import AsyncClient

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.engine.travel import EstimatedTravel, TravelSource, TravelTimes
from slotmcp.routing.osrm import PAUSE_SECONDS, PLACES_PER_REQUEST, VALID_SECONDS, DurationCache, OsrmTravel
from support.roads import Coordinate, RoutingServer, TableRequest, routing_server
from support.schedules import PROJECT

DENVER = replace(PROJECT, travel=TravelPolicy(mode=TravelMode.ESTIMATED, minutes_per_stop=4))
SITE, NORTH, EAST = Location(39.70, -104.94), Location(39.86, -104.94), Location(39.70, -104.67)
ESTIMATE = EstimatedTravel(DENVER.travel)


@dataclass(slots=True)
class Watch:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Road:
    """The adapter with its server and its clock."""

    travel: OsrmTravel
    server: RoutingServer
    watch: Watch

    async def times(self, *places: Location) -> TravelTimes:
        return await self.travel.times(DENVER, SITE, places)


@pytest.fixture
async def road() -> AsyncIterator[Road]:
    async with routing_server() as server, AsyncClient(base_url=server.url) as client:
        watch = Watch()
        yield Road(OsrmTravel(client, timeout_seconds=5, seconds=watch), server, watch)


def by_direction(origin: Coordinate, destination: Coordinate) -> float:
    """Return more seconds uphill, and no whole minutes."""
    return 1201.0 if origin[1] < destination[1] else 61.0


def to_the_north_only(request: TableRequest) -> tuple[int, str]:
    return 200, request.table(lambda one, other: 60.0 if NORTH.latitude in {one[1], other[1]} else None)


async def test_times_are_the_servers_rounded_up_plus_the_minutes_per_stop(road: Road) -> None:
    road.server.answer = lambda request: (200, request.table(by_direction))
    times = await road.times(NORTH, EAST)
    assert times.source is TravelSource.ROUTED
    assert times.minutes(SITE, NORTH) == 21 + 4
    assert times.minutes(NORTH, SITE) == 2 + 4


async def test_cached_times_need_no_request(road: Road) -> None:
    cached = road.travel.cached_times(DENVER)
    assert cached.minutes(SITE, NORTH) == ESTIMATE.minutes(SITE, NORTH)
    road.server.answer = lambda request: (200, request.table(by_direction))
    await road.times(NORTH)
    count = len(road.server.requests)
    assert (cached.minutes(SITE, NORTH), cached.minutes(NORTH, SITE)) == (21 + 4, 2 + 4)
    assert cached.minutes(SITE, EAST) == ESTIMATE.minutes(SITE, EAST)
    assert cached.minutes(EAST, EAST) == 0
    assert len(road.server.requests) == count


async def test_a_place_is_zero_minutes_from_itself(road: Road) -> None:
    times = await road.times(SITE)
    assert times.minutes(SITE, SITE) == 0
    assert road.server.requests == []


async def test_there_and_back_are_one_request_each(road: Road) -> None:
    await road.times(NORTH, EAST, NORTH)
    there, away = sorted(road.server.requests, key=lambda request: request.sources, reverse=True)
    site = (SITE.longitude, SITE.latitude)
    assert (there.sources, there.destinations, there.coordinates[0]) == ([1, 2], [0], site)
    assert (away.sources, away.destinations, away.coordinates[0]) == ([0], [1, 2], site)
    assert {there.path, away.path} == {"/table/v1/driving"}
    assert {there.annotations, away.annotations} == {"duration"}


async def test_no_request_exceeds_the_default_limit_of_a_server(road: Road) -> None:
    places = [Location(39.0 + number / 1000, -104.0) for number in range(PLACES_PER_REQUEST + 1)]
    times = await road.times(*places)
    assert sorted(len(request.coordinates) for request in road.server.requests) == [2, 2, 100, 100]
    assert {times.minutes(place, SITE) for place in places} == {14}


async def test_a_route_is_requested_once_an_hour(road: Road) -> None:
    await road.times(NORTH)
    await road.times(NORTH, EAST)
    assert [len(request.coordinates) for request in road.server.requests] == [2, 2, 2, 2]
    road.watch.seconds = VALID_SECONDS + 1
    await road.times(NORTH)
    assert len(road.server.requests) == 6


async def test_a_missing_route_is_estimated_and_not_requested_again(road: Road) -> None:
    road.server.answer = to_the_north_only
    times = await road.times(NORTH, EAST)
    assert times.source is TravelSource.ROUTED
    assert times.minutes(NORTH, SITE) == 1 + 4
    assert times.minutes(EAST, SITE) == ESTIMATE.minutes(EAST, SITE)
    await road.times(EAST)
    assert len(road.server.requests) == 2


BAD_ANSWERS = {
    "an error": (500, "{}"),
    "too many places": (400, '{"code":"TooBig","message":"Too many table coordinates"}'),
    "a page": (200, "<html>Welcome to nginx!</html>"),
    "a redirect": (302, ""),
    "half a table": (200, '{"code":"Ok","durations":[[60'),
    "no table": (200, '{"code":"Ok"}'),
    "null": (200, "null"),
    "a table without rows": (200, '{"code":"Ok","durations":[]}'),
    "a table with rows of another width": (200, '{"code":"Ok","durations":[[],[]]}'),
    "text": (200, '{"code":"Ok","durations":[["60"]]}'),
    "a yes": (200, '{"code":"Ok","durations":[[true]]}'),
    "time that runs backwards": (200, '{"code":"Ok","durations":[[-60]]}'),
    "a way without end": (200, '{"code":"Ok","durations":[[Infinity]]}'),
    "no number": (200, '{"code":"Ok","durations":[[NaN]]}'),
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
async def test_after_an_invalid_response_times_are_estimated_for_a_while(
    road: Road, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    valid_answer, road.server.answer = road.server.answer, lambda _request: BAD_ANSWERS[kind]
    with caplog.at_level(logging.WARNING, logger="slotmcp.routing"):
        assert await road.times(NORTH) == ESTIMATE
    (record,) = caplog.records
    assert "travel times are estimated" in record.getMessage()
    road.server.answer = valid_answer
    count = len(road.server.requests)
    assert await road.times(NORTH) == ESTIMATE
    assert len(road.server.requests) == count
    road.watch.seconds = PAUSE_SECONDS
    assert (await road.times(NORTH)).minutes(NORTH, SITE) == 10 + 4


async def test_cached_times_are_used_while_requests_are_paused(road: Road) -> None:
    await road.times(NORTH)
    road.server.answer = lambda _request: (503, "")
    assert (await road.times(NORTH, EAST)).source is TravelSource.ESTIMATED
    assert (await road.times(NORTH)).minutes(NORTH, SITE) == 10 + 4


async def test_a_server_that_hangs_delays_no_call() -> None:
    async with routing_server() as server, OsrmTravel.open(server.url, timeout_seconds=0.05) as travel:
        server.answer = lambda _request: None
        async with asyncio.timeout(3):
            assert await travel.times(DENVER, SITE, [NORTH]) == ESTIMATE
    assert server.requests


async def test_times_are_estimated_while_the_server_is_unreachable() -> None:
    async with routing_server() as server:
        gone = server.url
    async with OsrmTravel.open(gone) as travel:
        assert await travel.times(DENVER, SITE, [NORTH]) == ESTIMATE


async def test_the_log_contains_no_coordinates(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    road.server.answer = lambda _request: (404, "")
    with caplog.at_level(logging.WARNING):
        await road.times(NORTH)
    assert "HTTP 404" in caplog.text
    assert not [part for part in ("104.94", "39.7", "39.86", "driving") if part in caplog.text]


async def test_a_base_url_may_have_a_path() -> None:
    async with routing_server() as server, OsrmTravel.open(f"{server.url}/osrm/") as travel:
        await travel.times(DENVER, SITE, [NORTH])
    assert {request.path for request in server.requests} == {"/osrm/table/v1/driving"}


def test_the_cache_drops_the_oldest_routes() -> None:
    cache = DurationCache(Watch(), max_routes=2)
    first, second, third = (NORTH, SITE), (EAST, SITE), (SITE, EAST)
    cache.add([(first, 1.0), (second, 2.0)])
    cache.add([(first, 3.0), (third, None)])
    assert cache.missing([first, second, third]) == [second]
    assert dict(cache.get([first, second, third])) == {first: 3.0}
