"""Implementations of ports in the memory of one process, for servers without Redis."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import MS_PER_MINUTE, MS_PER_SECOND
from slotmcp.ports import AttemptLimit, Rate

_MAX_NAMES: Final = 10_000
"""Maximum number of counted names; the names of the oldest calls and attempts are dropped."""


class MemoryHolds:
    """Implementation of the port LiveHolds."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Create an empty registry; `seconds` is a monotonic clock."""
        self._seconds = seconds
        self._expirations: dict[tuple[str, str], float] = {}

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        self._drop_expired()
        remaining_ms = (hold.claim.expires_at_ms or now_ms) - now_ms
        self._expirations[project_id, hold.token] = self._seconds() + remaining_ms / MS_PER_SECOND

    async def remove(self, project_id: str, token: str) -> None:
        self._expirations.pop((project_id, token), None)

    async def contains(self, project_id: str, token: str) -> bool:
        return self._seconds() < self._expirations.get((project_id, token), 0.0)

    def _drop_expired(self) -> None:
        """Drop the oldest holds that expired. Lifetimes are similar, so the order of creation is sufficient."""
        now = self._seconds()
        while self._expirations and now >= next(iter(self._expirations.values())):
            del self._expirations[next(iter(self._expirations))]


class MemoryRateLimiter:
    """Implementation of the port RateLimiter, with the generic cell rate algorithm (GCRA)."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Start with unused rates; `seconds` is a monotonic clock."""
        self._seconds = seconds
        self._full_until_ms: dict[str, float] = {}
        """Time until which the allowed calls use up the rate, by name; the name of the newest call comes last."""

    async def acquire(self, name: str, rate: Rate) -> int:
        now_ms = self._seconds() * MS_PER_SECOND
        used_until_ms = self._full_until_ms.pop(name, 0.0)
        full_until_ms = max(used_until_ms, now_ms) + MS_PER_MINUTE / rate.per_minute
        is_allowed = full_until_ms - now_ms <= MS_PER_MINUTE
        self._full_until_ms[name] = full_until_ms if is_allowed else used_until_ms
        if len(self._full_until_ms) > _MAX_NAMES:
            del self._full_until_ms[next(iter(self._full_until_ms))]
        return 0 if is_allowed else round(full_until_ms - now_ms - MS_PER_MINUTE) + 1


class MemoryAttemptLimiter:
    """Implementation of the port AttemptLimiter."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Start without attempts; `seconds` is a monotonic clock."""
        self._seconds = seconds
        self._times_ms: dict[str, deque[int]] = {}
        """Times of the attempts within the period, by name; the name with the newest attempt comes last."""

    async def acquire(self, name: str, limit: AttemptLimit) -> int:
        now_ms, times_ms = round(self._seconds() * MS_PER_SECOND), self._times_ms.pop(name, deque())
        while times_ms and times_ms[0] <= now_ms - limit.period_ms:
            times_ms.popleft()
        is_allowed = len(times_ms) < limit.count
        if is_allowed:
            times_ms.append(now_ms)
        self._times_ms[name] = times_ms
        if len(self._times_ms) > _MAX_NAMES:
            del self._times_ms[next(iter(self._times_ms))]
        return 0 if is_allowed else times_ms[0] + limit.period_ms - now_ms

    async def refund(self, name: str) -> None:
        times_ms = self._times_ms.get(name)
        if times_ms:
            times_ms.pop()
        if not times_ms:
            self._times_ms.pop(name, None)
