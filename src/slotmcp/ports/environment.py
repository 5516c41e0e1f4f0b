"""Ports of the environment: the clock, ids and tokens, travel times, and coordinates."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from slotmcp.domain.catalog import Location, Project
from slotmcp.engine.travel import TravelTimes


class Clock(Protocol):
    """Clock of a store. All other code reads the current time from the store."""

    def now_ms(self) -> int:
        """Return the milliseconds since the Unix epoch."""


class Ids(Protocol):
    """Generator of ids and tokens."""

    def new_id(self) -> str:
        """Return a unique id that sorts by creation time (a ULID)."""

    def new_token(self) -> str:
        """Return an unguessable bearer secret: at least 128 random bits, URL-safe."""


class Travel(Protocol):
    """Source of travel times by road."""

    async def times(self, project: Project, location: Location, places: Collection[Location]) -> TravelTimes:
        """Return the travel times between a location and each of some places, in both directions.

        Never raises. Times that the service does not return soon are estimated with the project's travel policy.
        """

    def cached_times(self, project: Project) -> TravelTimes:
        """Return cached travel times without blocking; all others are estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Place whose coordinates are wanted: a postal code, an address, or both."""

    country: str = ""
    """ISO 3166 code; empty: unknown."""
    postal_code: str = field(default="", repr=False)
    """Normalized."""
    address: str = field(default="", repr=False)


class Geocoder(Protocol):
    """Source of coordinates."""

    async def locate(self, place: Place) -> Location | None:
        """Return the location of a place; None: it is unknown, or the source does not respond soon. Never raises."""
