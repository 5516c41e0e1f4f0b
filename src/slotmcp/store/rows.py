"""What a row is, and what rows of several tables are made of: JSON text, and places as two columns."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import orjson

from slotmcp.domain.catalog import Location, RankingKey

Row: TypeAlias = tuple[Any, ...]
"""The columns of a statement, in its order."""


def json_text(value: object) -> str:
    """A value as JSON; dates as ISO text, enumerations as their values."""
    return orjson.dumps(value).decode()


def ranking_of(stored: Iterable[str]) -> tuple[RankingKey, ...]:
    """A ranking from its JSON list."""
    return tuple(map(RankingKey, stored))


def coordinates(location: Location | None) -> tuple[float, float] | tuple[None, None]:
    """A place as its two columns."""
    return (location.latitude, location.longitude) if location else (None, None)


def location_of(latitude: float | None, longitude: float | None) -> Location | None:
    """A place from its two columns."""
    return None if latitude is None or longitude is None else Location(latitude, longitude)
