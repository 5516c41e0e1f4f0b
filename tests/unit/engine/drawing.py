"""Functions that draw plain values, which is faster than a strategy for each of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations
from typing import TypeVar

from hypothesis import strategies as st

from slotmcp.domain.catalog import Location, RankingKey, TravelMode, TravelPolicy

T = TypeVar("T")

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "America/New_York": ("2025-03-09T07:00Z", "2025-11-02T06:00Z", "2025-07-04T12:00Z"),
    "Europe/London": ("2025-03-30T01:00Z", "2025-10-26T01:00Z", "2025-04-21T12:00Z"),
    "Australia/Lord_Howe": ("2025-04-05T15:00Z", "2025-10-04T15:30Z"),
    "Asia/Kathmandu": ("2025-03-09T18:15Z", "2025-12-31T18:15Z"),
    "Africa/Casablanca": ("2025-02-23T02:00Z", "2025-04-06T02:00Z", "2025-03-31T00:00Z"),
    "Asia/Beirut": ("2025-03-29T22:00Z", "2025-10-25T21:00Z"),
    "Africa/Cairo": ("2025-04-24T22:00Z", "2025-10-30T21:00Z"),
    "America/Havana": ("2025-03-09T05:00Z", "2025-11-02T05:00Z"),
    "Pacific/Chatham": ("2025-04-05T14:00Z", "2025-09-27T14:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z",),
}
"""Clock changes of each time zone: by half an hour in Lord Howe, for Ramadan in Casablanca, at midnight in
Beirut, Cairo and Havana, by a whole day in Apia, never in Kathmandu. Some public holidays are included."""

RANKINGS = [ranking for length in range(len(RankingKey) + 1) for ranking in permutations(RankingKey, length)]

BOTH = frozenset({"pipes", "wires"})
PIPES = frozenset({"pipes"})
WIRES = frozenset({"wires"})
NONE: frozenset[str] = frozenset()
LENGTHS = (30, 15, 20, 45, 60, 61, 90, 120, 240)
BUFFERS = (0, 0, 5, 15, 30, 45)
EVERY_DAY = frozenset(range(7))
PLACES = (
    Location(39.7392, -104.9903),
    Location(39.7400, -104.9850),
    Location(39.7555, -105.2211),
    Location(39.6133, -104.9),
    Location(40.015, -105.2705),
    Location(38.8339, -104.8214),
    Location(39.0639, -108.5506),
)
"""Downtown Denver, a walk from it, Golden, Centennial, Boulder, Colorado Springs, and Grand Junction, hours away."""


def minute_of(text: str) -> int:
    """Return the minute of an instant in ISO 8601."""
    return int(datetime.fromisoformat(text).timestamp()) // 60


def date_of(minute: int) -> date:
    """Return the UTC date of a minute."""
    return datetime.fromtimestamp(minute * 60, tz=UTC).date()


_whole = cache(st.integers)


def pick(draw: st.DrawFn, options: Sequence[T]) -> T:
    """Draw one of the options; the first is the simplest."""
    return options[whole(draw, 0, len(options) - 1)]


def whole(draw: st.DrawFn, least: int, most: int) -> int:
    """Draw an integer, both ends included."""
    return draw(_whole(least, most))


def once_in(draw: st.DrawFn, times: int) -> bool:
    """Draw True once in `times` times on average."""
    return whole(draw, 1, times) == times


def a_ranking(draw: st.DrawFn) -> tuple[RankingKey, ...]:
    """Draw any order of any ranking keys."""
    return pick(draw, RANKINGS)


def a_place(draw: st.DrawFn) -> Location | None:
    """Draw a location nearby, across town or hours away; None once in four times."""
    return None if once_in(draw, 4) else pick(draw, PLACES)


def a_travel_policy(draw: st.DrawFn) -> TravelPolicy:
    """Draw a travel policy; once in three times it ignores travel times."""
    return TravelPolicy(
        mode=pick(draw, (TravelMode.NONE, TravelMode.ESTIMATED, TravelMode.ESTIMATED)),
        speed_kmh=pick(draw, (40.0, 90.0, 13.7)),
        minutes_per_stop=pick(draw, (5, 0, 11)),
        road_factor=pick(draw, (1.3, 1.0)),
    )
