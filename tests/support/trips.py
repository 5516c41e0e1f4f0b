"""Locations on one meridian whose travel times are a round number of minutes."""

from typing import Final

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy

TRAVEL: Final = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, minutes_per_stop=0)
_DEGREES_A_MINUTE: Final = 0.999 / (1.3 * 111.195)
"""At 60 km/h a minute is one kilometer of road; slightly less, because minutes are rounded up."""


def place(minutes: float) -> Location:
    """Return a location this many minutes north of the shop."""
    return Location(40 + minutes * _DEGREES_A_MINUTE, -105)


SHOP: Final = place(0)
