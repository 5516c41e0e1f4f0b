"""Conversions between fields of the domain and columns that several tables share."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

import orjson

from slotmcp.domain.catalog import Location, RankingKey


def json_text(value: object) -> str:
    """Return a value as JSON; dates become ISO text, enumerations their values."""
    return orjson.dumps(value).decode()


def ranking_of(stored: Iterable[str]) -> tuple[RankingKey, ...]:
    """Return the ranking that a JSON list holds."""
    return tuple(map(RankingKey, stored))


def coordinates(location: Location | None) -> tuple[float, float] | tuple[None, None]:
    """Return a location's latitude and longitude columns."""
    return (location.latitude, location.longitude) if location else (None, None)


def location_of(latitude: float | None, longitude: float | None) -> Location | None:
    """Return the location that two columns hold."""
    return None if latitude is None or longitude is None else Location(latitude, longitude)


def pseudonym_of(salt: bytes, text: str) -> str:
    """Return the HMAC-SHA256 of a personal reference with the project's secret salt, in hex."""
    return hmac.digest(salt, text.encode(), hashlib.sha256).hex()


def values_of(names: Sequence[str], item: object, **converted: object) -> dict[str, object]:
    """Return the values of columns: converted ones, and an item's fields of the same names."""
    return {name: converted[name] if name in converted else getattr(item, name) for name in names}
