"""Members of one fleet, by back end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, Self

from slotmcp.domain.schedule import Schedule
from slotmcp.ports import AttemptLimit, AttemptLimiter, Clock, Fleet, Head, LiveHolds, Rate, RateLimiter, Store
from slotmcp.redis_layer.address import MAX_TIMEOUT_SECONDS
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisAttemptLimiter, RedisFleet, RedisHolds, RedisRateLimiter
from slotmcp.redis_layer.link import RedisLink
from slotmcp.services.fleet import FleetScheduleReader
from slotmcp.services.in_memory import MemoryAttemptLimiter, MemoryHolds, MemoryRateLimiter
from support.memory_fleet import MemoryFleet
from support.wrapped_store import WrappedStore

PREFIX: Final = "slotmcp"
TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Adapters with which one server takes part in a fleet."""

    fleet: Fleet
    holds: LiveHolds
    limits: RateLimiter
    attempts: AttemptLimiter
    is_away: Callable[[], bool] = lambda: False
    """Returns whether the shared memory is unreachable."""


class JoinedStore(WrappedStore):
    """Store whose revisions and schedules are read through a fleet."""

    def __init__(self, store: Store, reader: FleetScheduleReader) -> None:
        super().__init__(store)
        self.reader = reader

    @classmethod
    @asynccontextmanager
    async def open(cls, store: Store, fleet: Fleet, *, clock: Clock) -> AsyncIterator[Self]:
        """Join a fleet with a store until the block ends."""
        async with FleetScheduleReader.open(store, fleet, clock=clock) as reader:
            yield cls(store, reader)

    async def only_head(self) -> tuple[str, Head]:
        return await self.reader.only_head()

    async def head(self, project_id: str) -> Head:
        return await self.reader.head(project_id)

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        return await self.reader.schedule(project_id, known)


class UnusedLimiter:
    """Fallback that must not be needed while Redis is reachable."""

    async def acquire(self, name: str, rate: Rate) -> int:
        raise AssertionError(name, rate)


class UnusedAttemptLimiter:
    """Fallback that must not be needed while Redis is reachable."""

    async def acquire(self, name: str, limit: AttemptLimit) -> int:
        raise AssertionError(name, limit)

    async def refund(self, name: str) -> None:
        raise AssertionError(name)


class OpenMember(Protocol):
    """Opener of another member of the same fleet."""

    def __call__(self) -> AbstractAsyncContextManager[Member]: ...


def memory_members() -> OpenMember:
    """Return an opener of members that share this process's memory."""
    shared = Member(
        fleet=MemoryFleet(),
        holds=MemoryHolds(),
        limits=MemoryRateLimiter(),
        attempts=MemoryAttemptLimiter(),
    )

    @asynccontextmanager
    async def opened() -> AsyncIterator[Member]:
        yield shared

    return opened


def redis_members(url: str) -> OpenMember:
    """Return an opener of members that share a Redis, each with its own connections.

    They wait as long as possible for a response, because this process also does other work.
    """
    patient_url = f"{url}{'&' if '?' in url else '?'}socket_timeout={MAX_TIMEOUT_SECONDS}"

    @asynccontextmanager
    async def opened() -> AsyncIterator[Member]:
        async with RedisLink.open(patient_url, prefix=PREFIX) as link, Channel.open(link) as channel:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.is_subscribed.wait()
            limits = RedisRateLimiter(link, fallback=UnusedLimiter())
            yield Member(
                fleet=RedisFleet(link, channel),
                holds=RedisHolds(link),
                limits=limits,
                attempts=RedisAttemptLimiter(link, fallback=UnusedAttemptLimiter()),
                is_away=lambda: link.is_unavailable,
            )

    return opened


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  there is no event for an expired key or a started server
            await asyncio.sleep(0.01)
