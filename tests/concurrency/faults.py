"""Faults of a fleet in the middle of a rush. Each fault ends by itself, and no server is restarted for it."""

import asyncio
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from concurrency import clockwork
from concurrency.servers import Server
from support.postgres_server import PostgresServer
from support.proxy import Proxy
from support.redis_server import RedisServer

LASTS_SECONDS: Final = 3
SLOW_SECONDS: Final = 0.1
TIMES: Final = 20
"""Number of times that a repeated fault happens in this time."""
LOCK_SECONDS: Final = 60
"""Longest wait for a lock of servers on a loaded machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The parts that can fail."""

    servers: Sequence[Server]
    postgres: PostgresServer
    redis: RedisServer
    to_postgres: Proxy | None = None
    """The connection to a part, where it can be disturbed."""
    to_redis: Proxy | None = None


Fault = Callable[[World], Awaitable[None]]
"""A fault that begins, lasts, and is over when the function returns."""


async def nothing(_world: World) -> None:
    """Inject nothing, for comparison."""


async def kill_a_server(world: World) -> None:
    """Kill a server, and start it again as a supervisor would."""
    await kill_and_start(world.servers[1])


async def kill_and_start(server: Server) -> None:
    """Kill a server, and wait until it responds again."""
    server.kill()
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.is_ready)


async def freeze_a_server(world: World) -> None:
    """Stop a server from running for a while, with open connections and maybe with locks."""
    await freeze(world.servers[2])


async def freeze(server: Server) -> None:
    """Stop a server from running for a while."""
    await _tell_for_a_while(server, signal.SIGSTOP, signal.SIGCONT)


async def lock_file(path: Path) -> None:
    """Lock a SQLite file for writing for a while, as another program does."""
    with closing(
        sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    ) as connection:
        await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(LASTS_SECONDS)
        connection.execute("ROLLBACK")


async def flush_redis(world: World) -> None:
    """Flush Redis repeatedly."""
    await _repeat(world.redis.flush)


async def restart_redis(world: World) -> None:
    """Stop Redis for a while; it comes back empty."""
    await asyncio.to_thread(world.redis.stop)
    await asyncio.sleep(LASTS_SECONDS)
    await asyncio.to_thread(world.redis.start)


async def freeze_redis(world: World) -> None:
    """Let Redis accept connections without responding."""
    world.redis.freeze()
    await asyncio.sleep(LASTS_SECONDS)
    world.redis.thaw()


async def restart_postgres(world: World) -> None:
    """Crash PostgreSQL, which recovers."""
    await asyncio.to_thread(world.postgres.stop, "immediate")
    await asyncio.to_thread(world.postgres.start)


async def close_postgres_connections(world: World) -> None:
    """Let PostgreSQL end its sessions repeatedly, in the middle of transactions."""
    await _repeat(world.postgres.end_sessions)


async def close_redis_connections(world: World) -> None:
    """Let Redis close its connections repeatedly."""
    await _repeat(world.redis.cut)


async def cut_postgres(world: World) -> None:
    """Cut the connections to PostgreSQL repeatedly."""
    await _cut_again_and_again(world.to_postgres)


async def slow_postgres(world: World) -> None:
    """Delay each message to and from PostgreSQL by a tenth of a second."""
    await _slow(world.to_postgres)


async def half_open_postgres(world: World) -> None:
    """Stall the open connections to PostgreSQL; new ones work."""
    assert world.to_postgres is not None
    world.to_postgres.abandon()


async def cut_redis(world: World) -> None:
    """Cut the connections to Redis repeatedly."""
    await _cut_again_and_again(world.to_redis)


async def slow_redis(world: World) -> None:
    """Delay each message to and from Redis by a tenth of a second."""
    await _slow(world.to_redis)


async def half_open_redis(world: World) -> None:
    """Stall the open connections to Redis; new ones work."""
    assert world.to_redis is not None
    world.to_redis.abandon()


async def jump_ahead(world: World) -> None:
    """Set the first server's clock two minutes ahead for a while."""
    await set_clock_ahead(world.servers[0])


async def set_clock_ahead(server: Server) -> None:
    """Set a server's clock two minutes ahead for a while. It runs `clockwork`."""
    await _tell_for_a_while(server, clockwork.AHEAD, clockwork.RIGHT)


async def _tell_for_a_while(server: Server, beginning: signal.Signals, end: signal.Signals) -> None:
    """Send a server a signal, and after a while the one that undoes it."""
    server.tell(beginning)
    await asyncio.sleep(LASTS_SECONDS)
    server.tell(end)


async def _repeat(cut: Callable[[], object]) -> None:
    for _ in range(TIMES):
        await asyncio.to_thread(cut)
        await asyncio.sleep(LASTS_SECONDS / TIMES)


async def _cut_again_and_again(way: Proxy | None) -> None:
    assert way is not None
    for _ in range(TIMES):
        way.cut()
        await asyncio.sleep(LASTS_SECONDS / TIMES)


async def _slow(way: Proxy | None) -> None:
    assert way is not None
    way.delay_seconds = SLOW_SECONDS
    await asyncio.sleep(LASTS_SECONDS)
    way.delay_seconds = 0.0


OF_PARTS: Final[dict[str, Fault]] = {
    "nothing, for comparison": nothing,
    "a server killed, and started again": kill_a_server,
    "a server frozen for 3 s": freeze_a_server,
    "`FLUSHALL`, 20 times in 3 s": flush_redis,
    "Redis stopped for 3 s, back empty": restart_redis,
    "Redis frozen for 3 s": freeze_redis,
    "Redis closes all connections, 20 times in 3 s": close_redis_connections,
    "PostgreSQL stopped with `-m immediate`, and started": restart_postgres,
    "PostgreSQL ends all sessions, 20 times in 3 s": close_postgres_connections,
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
"""Faults that need proxies, which slow everything down."""
