"""Limit on failed attempts to authenticate, by client address and by key.

A credential is verified before anything is counted, so a valid one is never refused, no matter who else fails.
"""

from hashlib import sha256
from typing import Final

from starlette.types import Scope

from slotmcp.ports import Rate, RateLimiter
from slotmcp.services.access import key_id_of
from slotmcp.telemetry.logs import RepeatedWarning
from slotmcp.web.peers import TrustedProxies, limit_key

LOGIN_RATE: Final = Rate(per_minute=10)
"""Failed logins to the dashboard, per client address and per key."""
CALL_RATE: Final = Rate(per_minute=60)
"""Requests with an invalid bearer token, per client address and per key."""
_HASH_DIGITS: Final = 16


class FailureLimit:
    """Counter of failed attempts at one entry point."""

    def __init__(self, limits: RateLimiter, proxies: TrustedProxies, *, name: str, rate: Rate) -> None:
        """Create a counter.

        Args:
            limits: counts, which the servers of a fleet share.
            proxies: proxies that forward the addresses of clients.
            name: name of the entry point, which separates its counts from others.
            rate: failures that are answered as such; further ones are answered as too many.
        """
        self._limits = limits
        self._proxies = proxies
        self._name = name
        self._rate = rate
        self._warning = RepeatedWarning("too_many_failed_authentications")

    async def count(self, scope: Scope, token: str) -> int:
        """Count a failed attempt, and return the milliseconds to wait if there were too many, otherwise 0."""
        names = [f"address:{_digest(limit_key(self._proxies.client_address(scope)))}"]
        if key_id := key_id_of(token):
            names.append(f"key:{key_id}")
        waits_ms = [await self._limits.acquire(f"failed-{self._name}:{name}", self._rate) for name in names]
        if any(waits_ms):
            self._warning.log(at=self._name)
        return max(waits_ms)


def _digest(address: str) -> str:
    """Hash a client's address, so that the address itself is not stored."""
    return sha256(address.encode()).hexdigest()[:_HASH_DIGITS]
