"""Limits of stored traces: their days and size, and a sample of the calls that exceed the daily share of the size."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from slotmcp.domain.interval import MS_PER_DAY, MS_PER_SECOND
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.domain.units import BYTES_PER_MB

BYTES_PER_TRACE: Final = 1_500
"""Usual size of a stored trace."""
DEFAULT_MAX_MB: Final = 1_000
SAMPLE_OF: Final = 20
"""One of so many traces is stored while there are too many."""
SECONDS_PER_DAY: Final = MS_PER_DAY // MS_PER_SECOND
_OK: Final = "ok"
_BOOKED_USES: Final = frozenset({TracedUse.CREATE_HOLD, TracedUse.BOOK_SLOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLimits:
    """Limits of the stored traces of a database."""

    days: int
    """Retention in days."""
    max_mb: int

    @property
    def max_bytes(self) -> int:
        """Maximum size."""
        return self.max_mb * BYTES_PER_MB

    @property
    def check_every(self) -> int:
        """Number of stored traces after which the size is checked: a hundredth of the maximum."""
        return max(1, self.max_bytes // (100 * BYTES_PER_TRACE))

    @property
    def per_day(self) -> int:
        """Number of traces of one day that fit into the size for all days."""
        return max(1, self.max_bytes // (BYTES_PER_TRACE * max(1, self.days)))


class TraceSampler:
    """Choice of the traces to store. A process may store those of one day at once, and then as many as a day allows.

    Above that, one of SAMPLE_OF successful searches is stored. If there are twice as many, this applies to every call
    except successful holds and bookings.
    """

    def __init__(self, limits: TraceLimits, seconds: Callable[[], float] = monotonic) -> None:
        """Start with the share of a whole day; `seconds` is a monotonic clock."""
        self._per_day = limits.per_day
        self._seconds = seconds
        self._left = float(limits.per_day)
        self._counted_at = seconds()
        self._skipped = 0

    def is_stored(self, trace: Trace) -> bool:
        """Return whether to store a trace, and count it."""
        self._refill()
        self._left = max(self._left - 1, -2.0 * self._per_day)
        if not self._is_excessive(trace):
            return True
        self._skipped += 1
        return self._skipped % SAMPLE_OF == 1

    def _refill(self) -> None:
        now = self._seconds()
        self._left += (now - self._counted_at) * self._per_day / SECONDS_PER_DAY
        self._left = min(self._left, self._per_day)
        self._counted_at = now

    def _is_excessive(self, trace: Trace) -> bool:
        is_ok = trace.outcome == _OK
        if trace.use in _BOOKED_USES and is_ok:
            return False
        if self._left < -self._per_day:
            return True
        return self._left < 0 and is_ok and bool(trace.offered)
