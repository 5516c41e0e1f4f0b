"""Rate limits in this process's memory: good for one process, and where no shared count can be had."""

from typing import Final

from slotmcp.ports import Clock, Rate

MINUTE_MS: Final = 60_000
_TIDY_AT: Final = 10_000
"""How many names are remembered before those that have had their minute are forgotten."""


class MemoryRateLimiter:
    """Remembers of each name when it will have had its fill; what lies in the past is nothing (GCRA)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_until_ms: dict[str, float] = {}

    async def acquire(self, name: str, rate: Rate) -> int:
        """Count a call, as the port says."""
        now_ms = self._clock.now_ms()
        after = max(self._full_until_ms.get(name, 0.0), now_ms) + MINUTE_MS / rate.per_minute
        if after - now_ms > MINUTE_MS:
            return round(after - now_ms - MINUTE_MS) + 1
        self._tidy(now_ms)
        self._full_until_ms[name] = after
        return 0

    def _tidy(self, now_ms: int) -> None:
        if len(self._full_until_ms) >= _TIDY_AT:
            self._full_until_ms = {name: until for name, until in self._full_until_ms.items() if until > now_ms}
