"""What befalls a fleet in the middle of a rush. Each fault ends by itself, and nobody restarts a server for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from concurrency import clockwork
from concurrency.servers import Server
from support.postgres_server import PostgresServer
from support.proxy import Proxy
from support.redis_server import RedisServer

LASTS_SECONDS: Final = 3
SLOW_SECONDS: Final = 0.1
FLUSHES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that can fail."""

    servers: Sequence[Server]
    postgres: PostgresServer
    redis: RedisServer
    to_postgres: Proxy | None = None
    """The way there, where it can be disturbed."""
    to_redis: Proxy | None = None


Fault = Callable[[World], Awaitable[None]]
"""Begins, lasts, and is over when it returns."""


async def nothing(_world: World) -> None:
    """For comparison."""


async def kill_a_server(world: World) -> None:
    """One is killed, and started again as a supervisor would."""
    world.servers[1].kill()
    await asyncio.to_thread(world.servers[1].start)
    await asyncio.to_thread(world.servers[1].is_ready)


async def flush_redis(world: World) -> None:
    """Redis forgets everything, again and again."""
    for _ in range(FLUSHES):
        await asyncio.to_thread(world.redis.flush)
        await asyncio.sleep(LASTS_SECONDS / FLUSHES)


async def restart_redis(world: World) -> None:
    """Redis is gone for a while, and comes back empty."""
    await asyncio.to_thread(world.redis.stop)
    await asyncio.sleep(LASTS_SECONDS)
    await asyncio.to_thread(world.redis.start)


async def freeze_redis(world: World) -> None:
    """Redis takes connections, and answers nothing."""
    world.redis.freeze()
    await asyncio.sleep(LASTS_SECONDS)
    world.redis.thaw()


async def restart_postgres(world: World) -> None:
    """PostgreSQL crashes, and recovers."""
    await asyncio.to_thread(world.postgres.stop, "immediate")
    await asyncio.to_thread(world.postgres.start)


async def cut_postgres(world: World) -> None:
    """Connections to PostgreSQL are cut, again and again."""
    await _cut_again_and_again(world.to_postgres)


async def slow_postgres(world: World) -> None:
    """Each word to and from PostgreSQL takes a tenth of a second."""
    await _slow(world.to_postgres)


async def half_open_postgres(world: World) -> None:
    """The connections to PostgreSQL stay open and nothing comes through them any more; new ones work."""
    assert world.to_postgres is not None
    world.to_postgres.abandon()


async def cut_redis(world: World) -> None:
    """Connections to Redis are cut, again and again."""
    await _cut_again_and_again(world.to_redis)


async def slow_redis(world: World) -> None:
    """Each word to and from Redis takes a tenth of a second."""
    await _slow(world.to_redis)


async def half_open_redis(world: World) -> None:
    """The connections to Redis stay open and nothing comes through them any more; new ones work."""
    assert world.to_redis is not None
    world.to_redis.abandon()


async def jump_ahead(world: World) -> None:
    """The first server's clock is two minutes ahead for a while, and right again."""
    world.servers[0].tell(clockwork.AHEAD)
    await asyncio.sleep(LASTS_SECONDS)
    world.servers[0].tell(clockwork.RIGHT)


async def _cut_again_and_again(way: Proxy | None) -> None:
    assert way is not None
    for _ in range(FLUSHES):
        way.cut()
        await asyncio.sleep(LASTS_SECONDS / FLUSHES)


async def _slow(way: Proxy | None) -> None:
    assert way is not None
    way.delay_seconds = SLOW_SECONDS
    await asyncio.sleep(LASTS_SECONDS)
    way.delay_seconds = 0.0


OF_PARTS: Final[dict[str, Fault]] = {
    "nothing, for comparison": nothing,
    "a server killed, and started again": kill_a_server,
    "`FLUSHALL`, 20 times in 3 s": flush_redis,
    "Redis stopped for 3 s, back empty": restart_redis,
    "Redis frozen for 3 s": freeze_redis,
    "PostgreSQL stopped with `-m immediate`, and started": restart_postgres,
    "a server's clock 2 minutes ahead for 3 s": jump_ahead,
}
ON_THE_WAY: Final[dict[str, Fault]] = {
    "nothing, by way of the proxies": nothing,
    "connections to PostgreSQL cut 20 times in 3 s": cut_postgres,
    "each packet to and from PostgreSQL 0.1 s late, for 3 s": slow_postgres,
    "connections to PostgreSQL half open": half_open_postgres,
    "connections to Redis cut 20 times in 3 s": cut_redis,
    "each packet to and from Redis 0.1 s late, for 3 s": slow_redis,
    "connections to Redis half open": half_open_redis,
}
"""Those that need proxies, through which everything takes longer."""
