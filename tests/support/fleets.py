"""Fleets as tests open them: several members of one, by back end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from slotmcp.bootstrap import SystemClock
from slotmcp.ports import Fleet, LiveHolds, Rate, RateLimiter
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisFleet
from slotmcp.redis_layer.holds import RedisHolds
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.rates import RedisRateLimiter
from slotmcp.services.memory_fleet import MemoryFleet, MemoryHolds
from slotmcp.services.rates import MemoryRateLimiter

PREFIX: Final = "slotmcp"
PATIENCE_SECONDS: Final = 30


class Member:
    """One server's part in a fleet."""

    def __init__(self, fleet: Fleet, holds: LiveHolds, limits: RateLimiter) -> None:
        self.fleet = fleet
        self.holds = holds
        self.limits = limits


class Unasked:
    """Rate limits that nobody needs while Redis is there."""

    async def acquire(self, name: str, rate: Rate) -> int:
        """Never."""
        raise AssertionError(name, rate)


class OpenMember(Protocol):
    """Opens one more member of the same fleet."""

    def __call__(self) -> AbstractAsyncContextManager[Member]: ...


def memory_members() -> OpenMember:
    """Members that share this process's memory."""
    shared = Member(MemoryFleet(), MemoryHolds(), MemoryRateLimiter(SystemClock()))

    @asynccontextmanager
    async def opened() -> AsyncIterator[Member]:
        yield shared

    return opened


def redis_members(url: str) -> OpenMember:
    """Members that share a Redis, each with connections of its own."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Member]:
        async with RedisLink.open(url, prefix=PREFIX) as link, Channel.open(link) as channel:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await channel.is_heard.wait()
            limits = RedisRateLimiter(link, otherwise=Unasked())
            yield Member(RedisFleet(link, channel), RedisHolds(link), limits)

    return opened


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  nobody tells when a key goes, or a server comes
            await asyncio.sleep(0.01)
