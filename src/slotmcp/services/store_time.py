"""The store's now, without asking the store each time.

Each trip to the database is a sample: the database's now lies between this server's now before the trip and after it.
The offset between the two clocks is moved no further than a sample asks for, so it is wrong by one trip at most, and
stays still where both are the same clock.
"""

from collections.abc import Callable
from typing import Final

from slotmcp.ports import Clock

SAMPLE_SECONDS: Final = 1.0
"""So long a sample is good: a clock that was set since is wrong here for no longer."""


class StoreTime:
    """Knows the store's now from the last trip."""

    def __init__(self, clock: Clock, seconds: Callable[[], float]) -> None:
        """Keep time by a clock.

        Args:
            clock: this server's own.
            seconds: a clock that never goes back.
        """
        self._clock = clock
        self._seconds = seconds
        self._offset_ms = 0
        self._good_until = float("-inf")

    @property
    def is_known(self) -> bool:
        """Whether the last sample is still good."""
        return self._seconds() < self._good_until

    def now_ms(self) -> int:
        """The store's now. To be asked only while it is known."""
        return self._clock.now_ms() + self._offset_ms

    def before_trip(self) -> int:
        """What is to be handed to `learn` after the trip."""
        return self._clock.now_ms()

    def learn(self, store_now_ms: int, before_ms: int) -> None:
        """Take a trip as a sample: what the store said, and this server's now before it was asked."""
        least, most = store_now_ms - self._clock.now_ms(), store_now_ms - before_ms
        self._offset_ms = min(max(self._offset_ms, least), most)
        self._good_until = self._seconds() + SAMPLE_SECONDS
