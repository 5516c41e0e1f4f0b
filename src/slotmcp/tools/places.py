"""A place as an agent gives it."""

from typing import Final

from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import InvalidArgument
from slotmcp.tools.arguments import Number

LATITUDE: Final = Number(-90, 90)
LONGITUDE: Final = Number(-180, 180)


def read_location(latitude: float | None, longitude: float | None) -> Location | None:
    """The place that is meant; None where it is not known.

    Raises:
        InvalidArgument: one of the two is missing.
    """
    if not latitude and not longitude:
        return None  # 0, 0 is in the sea, and what agents send who do not know
    if latitude is None:
        raise InvalidArgument("latitude", "is required beside longitude.")
    if longitude is None:
        raise InvalidArgument("longitude", "is required beside latitude.")
    return Location(latitude, longitude)
