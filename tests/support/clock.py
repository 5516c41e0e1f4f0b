"""Clock that advances only when a test moves it."""

from typing import Final

NOW_MS: Final = 1_795_374_000_000
"""Sunday, 22 November 2026, 19:00 in UTC: noon in Denver."""


class HandClock:
    """Clock port, advanced by the test."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def seconds(self) -> float:
        """Return the time in seconds, in place of a monotonic clock."""
        return self._now_ms / 1000

    def set_ms(self, now_ms: int) -> None:
        """Set the time."""
        self._now_ms = now_ms

    def advance(self, *, seconds: float = 0, days: int = 0) -> None:
        """Move the time forward."""
        self._now_ms += round(seconds * 1000) + days * 86_400_000
