"""Implementation of the port Geocoder with a server that has Nominatim's HTTP interface.

Its search takes `GET {base}/search?format=jsonv2&limit=1&...`, with `postalcode` and `countrycodes`, or with an address
as `q`. It returns a list of places with `lat` and `lon` as text.
https://nominatim.org/release-docs/latest/api/Search/

The public server allows one request per second, and requires a contact.
https://operations.osmfoundation.org/policies/nominatim/
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final, Self

from slotmcp.domain.catalog import Location
from slotmcp.ports import Place

if TYPE_CHECKING:
    from httpx2 import AsyncClient

TIMEOUT_SECONDS: Final = 0.8
"""Timeout of a request, short because a customer is on the phone."""
PAUSE_SECONDS: Final = 30.0
"""Pause of all requests after a failure of the server."""
INTERVAL_SECONDS: Final = 1.0
"""Minimum time between two requests of one process."""
_SOFTWARE: Final = "slotmcp (https://github.com/slotmcp/slotmcp)"

_log: Final = logging.getLogger("slotmcp.geocoding")


class NominatimGeocoder:
    """Coordinates from a geocoding service.

    A place has none if a request is not allowed yet, or if the server fails.
    """

    def __init__(
        self,
        client: "AsyncClient",
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Create a client of the service.

        Args:
            client: HTTP client with the server as its base URL. It remains open while this object is used.
            timeout_seconds: timeout of a request.
            seconds: monotonic clock.
        """
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._seconds = seconds
        self._next_at = -math.inf

    @classmethod
    @asynccontextmanager
    async def open(cls, base_url: str, contact: str = "") -> AsyncIterator[Self]:
        """Use the server at a URL until the block ends. `contact` is the operator's email address or URL."""
        from httpx2 import AsyncClient  # noqa: PLC0415  most installations have no geocoding service

        agent = f"{_SOFTWARE} {contact}".strip()
        async with AsyncClient(
            base_url=base_url, timeout=TIMEOUT_SECONDS, headers={"User-Agent": agent}, follow_redirects=False
        ) as client:
            yield cls(client)

    async def locate(self, place: Place) -> Location | None:
        now = self._seconds()
        if now < self._next_at:
            return None
        self._next_at = now + INTERVAL_SECONDS
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._client.get("search", params=_parameters(place))
            response.raise_for_status()
            return _location(response.json())
        except Exception as error:  # noqa: BLE001  on any failure of the server, the location is unknown
            self._pause(error)
            return None

    def _pause(self, error: Exception) -> None:
        """Pause requests, and log the error without its text, which may contain a customer's address."""
        self._next_at = self._seconds() + PAUSE_SECONDS
        response = getattr(error, "response", None)
        problem = type(error).__name__ if response is None else f"HTTP {response.status_code}"
        _log.warning("The geocoding service failed (%s); it gets no requests for %d s.", problem, PAUSE_SECONDS)


def _parameters(place: Place) -> Mapping[str, str]:
    query = {"format": "jsonv2", "limit": "1"} | ({"countrycodes": place.country.lower()} if place.country else {})
    if place.address:
        return query | {"q": ", ".join(filter(None, (place.address, place.postal_code)))}
    return query | {"postalcode": place.postal_code}


def _location(found: object) -> Location | None:
    """Return the first place of a response; None: nothing was found.

    Raises:
        ValueError, KeyError, TypeError: the response is invalid.
    """
    if not isinstance(found, list):
        raise TypeError("the response is not a list")
    if not found:
        return None
    location = Location(float(found[0]["lat"]), float(found[0]["lon"]))
    if not location.is_valid:
        raise ValueError("the coordinates are out of range")
    return location
