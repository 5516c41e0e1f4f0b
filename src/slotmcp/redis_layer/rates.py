"""The port's RateLimits over Redis: one count for all servers."""

from typing import Final

from slotmcp.ports import Rate, RateLimiter
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.scripts import TAKE_CALL

MINUTE_MS: Final = 60_000


class RedisRateLimiter:
    """Counts in Redis, by its clock; while it is away, each server for itself."""

    def __init__(self, link: RedisLink, *, otherwise: RateLimiter) -> None:
        self._link = link
        self._otherwise = otherwise

    async def acquire(self, name: str, rate: Rate) -> int:
        """As the port says."""
        keys, arguments = (self._link.names.rate(name),), (MINUTE_MS / rate.per_minute, MINUTE_MS)
        wait_ms = await self._link.ask(lambda client: TAKE_CALL.run(client, keys=keys, arguments=arguments))
        return await self._otherwise.acquire(name, rate) if wait_ms is None else wait_ms
