"""Ways that a routing service has told, for an hour; no more than a process can well keep."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from slotmcp.domain.catalog import Location

Way: TypeAlias = tuple[Location, Location]
"""From there to here."""
Told: TypeAlias = Sequence[tuple[Way, float | None]]
"""Ways with their seconds; None where there is no way."""

MAX_WAYS: Final = 20_000
FRESH_SECONDS: Final = 3600.0


class KnownWays:
    """Seconds by way. A way that does not exist is known as None."""

    def __init__(self, seconds: Callable[[], float], *, most: int = MAX_WAYS) -> None:
        """Know nothing yet.

        Args:
            seconds: a clock that never goes back.
            most: how many ways to remember; those that were told first are forgotten first.
        """
        self._now = seconds
        self._most = most
        self._told: OrderedDict[Way, tuple[float, float | None]] = OrderedDict()

    def unknown(self, travel_lookup: Iterable[Way]) -> Sequence[Way]:
        """Those of some ways that have to be asked for."""
        since = self._now() - FRESH_SECONDS
        return [way for way in travel_lookup if way not in self._told or self._told[way][0] < since]

    def seconds(self, travel_lookup: Iterable[Way]) -> Iterator[tuple[Way, float]]:
        """How long those of some ways take that exist."""
        for way in travel_lookup:
            _, duration = self._told.get(way, (0.0, None))
            if duration is not None:
                yield way, duration

    def learn(self, told: Iterable[tuple[Way, float | None]]) -> None:
        """Remember what was told just now."""
        now = self._now()
        for way, duration in told:
            self._told[way] = now, duration
            self._told.move_to_end(way)
        while len(self._told) > self._most:
            self._told.popitem(last=False)
