"""Log and count of limits that took effect, with a bounded rate of lines."""

from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from slotmcp import telemetry
from slotmcp.telemetry.metrics import Limit

LINE_SECONDS: Final = 10.0
"""Time between two lines about the same limit and credential."""
MAX_PAIRS: Final = 1_000
"""Number of limits and credentials at which the oldest is forgotten."""

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("slotmcp.limits")


class LimitLog:
    """Log with at most one line per limit and credential in ten seconds. Each line counts those that it replaces."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Create an empty log; `seconds` is a monotonic clock."""
        self._seconds = seconds
        self._next_line: dict[tuple[str, str], float] = {}
        self._suppressed: Counter[tuple[str, str]] = Counter()

    def write(self, limit: Limit, credential: str) -> None:
        """Count and log that a limit took effect for a credential, unless a line about it is recent."""
        telemetry.record_limit(limit)
        pair = limit, credential
        if self._seconds() < self._next_line.get(pair, 0.0):
            self._suppressed[pair] += 1
            return
        self._next_line.pop(pair, None)
        self._next_line[pair] = self._seconds() + LINE_SECONDS
        if len(self._next_line) > MAX_PAIRS:
            oldest = next(iter(self._next_line))
            del self._next_line[oldest], self._suppressed[oldest]
        _log.warning("limit", limit=limit, credential=credential, suppressed=self._suppressed.pop(pair, 0))
