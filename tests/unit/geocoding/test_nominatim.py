"""Locations from a geocoding service: its parameters, its pace, and its failures."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx2 import AsyncClient

from slotmcp.domain.catalog import Location
from slotmcp.geocoding.nominatim import INTERVAL_SECONDS, PAUSE_SECONDS, NominatimGeocoder
from slotmcp.ports import Place
from support.geocoding_server import GeocodingServer, found, geocoding_server

DENVER = Place(country="US", postal_code="80202")


@dataclass(slots=True)
class Watch:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Service:
    geocoder: NominatimGeocoder
    server: GeocodingServer
    watch: Watch


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with geocoding_server() as server, AsyncClient(base_url=server.url) as client:
        watch = Watch()
        yield Service(NominatimGeocoder(client, timeout_seconds=5, seconds=watch), server, watch)


@pytest.mark.parametrize(
    ("place", "query"),
    [
        (DENVER, {"countrycodes": "us", "postalcode": "80202"}),
        (Place(postal_code="80202"), {"postalcode": "80202"}),
        (
            Place(country="US", postal_code="80202", address="1 Main St & 2nd"),
            {"countrycodes": "us", "q": "1 Main St & 2nd, 80202"},
        ),
        (Place(address="1 Main St"), {"q": "1 Main St"}),
    ],
    ids=["code", "no country", "address", "address alone"],
)
async def test_a_place_is_found(service: Service, place: Place, query: dict[str, str]) -> None:
    assert await service.geocoder.locate(place) == Location(39.75, -104.99)
    (request,) = service.server.requests
    assert (request.path, request.query) == ("/search", {"format": "jsonv2", "limit": "1"} | query)


async def test_the_service_receives_the_software_and_the_contact() -> None:
    async with geocoding_server() as server, NominatimGeocoder.open(server.url, "ops@example.com") as geocoder:
        await geocoder.locate(DENVER)
    assert server.requests[0].agent.startswith("slotmcp (https://")
    assert server.requests[0].agent.endswith(" ops@example.com")


async def test_a_second_request_within_a_second_is_not_sent(service: Service) -> None:
    assert await service.geocoder.locate(DENVER) is not None
    service.watch.seconds += INTERVAL_SECONDS - 0.01
    assert await service.geocoder.locate(DENVER) is None
    service.watch.seconds += 0.02
    assert await service.geocoder.locate(DENVER) is not None
    assert len(service.server.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, "", "HTTP 500"),
        (200, "{", "JSONDecodeError"),
        (200, "{}", "TypeError"),
        (200, '[{"lat": "x", "lon": "1"}]', "ValueError"),
        (200, '[{"lat": "1"}]', "KeyError"),
        (200, found(91, 0), "ValueError"),
        (200, '[{"lat": "nan", "lon": "0"}]', "ValueError"),
    ],
)
async def test_a_failure_pauses_the_requests_and_is_logged_without_the_place(
    service: Service, caplog: pytest.LogCaptureFixture, status: int, body: str, problem: str
) -> None:
    service.server.answer = lambda _request: (status, body)
    with caplog.at_level(logging.WARNING):
        assert await service.geocoder.locate(Place(address="1 Secret St", postal_code="80299")) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"The geocoding service failed ({problem}); it gets no requests for 30 s."
    ]
    service.watch.seconds += PAUSE_SECONDS - 1
    assert await service.geocoder.locate(DENVER) is None
    assert len(service.server.requests) == 1


async def test_an_unknown_place_is_no_failure(service: Service) -> None:
    service.server.answer = lambda _request: (200, "[]")
    assert await service.geocoder.locate(DENVER) is None
    service.watch.seconds += INTERVAL_SECONDS
    service.server.answer = lambda _request: (200, found(1, 2))
    assert await service.geocoder.locate(DENVER) == Location(1, 2)


async def test_a_server_that_is_away_is_a_failure() -> None:
    async with AsyncClient(base_url="http://127.0.0.1:1") as client:
        assert await NominatimGeocoder(client).locate(DENVER) is None


async def test_a_server_that_hangs_delays_no_call() -> None:
    hanging = asyncio.Event()

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hanging.wait()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with AsyncClient(base_url=url, timeout=60) as client:
        geocoder = NominatimGeocoder(client, timeout_seconds=0.01)
        async with asyncio.timeout(30):
            assert await geocoder.locate(DENVER) is None
    hanging.set()
    server.close()
