"""Places on one meridian, so far apart that the way from one to the next takes a round number of minutes."""

from typing import Final

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy

TRAVEL: Final = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, minutes_per_stop=0)
_DEGREES_A_MINUTE: Final = 0.999 / (1.3 * 111.195)
"""At 60 km/h a minute is a kilometre of road; a little less, since minutes are rounded up."""


def place(minutes: float) -> Location:
    """So many minutes north of the shop."""
    return Location(40 + minutes * _DEGREES_A_MINUTE, -105)


SHOP: Final = place(0)
