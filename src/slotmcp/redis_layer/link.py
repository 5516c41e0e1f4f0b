"""The link to Redis: nobody waits for it twice.

What fails opens the circuit. From then on nobody asks, until a probe in the background has been answered: the
database is there for everything that Redis is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.redis_layer.ending import end
from slotmcp.redis_layer.names import PROBE_MS, Names

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 0.5
"""For connecting, and for an answer: a caller waits so long once, and a busy server is not taken for a dead one."""
POOL_SECONDS: Final = 0.5
"""For a connection, where all are in use."""
CONNECTIONS: Final = 16
"""Each is free again within a millisecond, and opening many at once takes longer than waiting."""
HEALTH_SECONDS: Final = 15
"""A connection that rested so long is tried before it is used."""
PROBE_SECONDS: Final = 0.5
"""Between two probes."""
RETRY_AFTER_MS: Final = 1_000

_log: Final = logging.getLogger("slotmcp.redis")


class RedisLink:
    """Asks Redis, as long as it answers."""

    def __init__(self, client: "Redis", names: Names, faults: tuple[type[Exception], ...]) -> None:
        """Ask through a client.

        Args:
            client: stays open as long as this is used.
            names: of the keys.
            faults: what the client raises.
        """
        self.client = client
        self.names = names
        self.faults = faults
        self._probing: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, prefix: str) -> AsyncIterator[Self]:
        """A link to the server at a URL; it need not be there yet. Closed again at the end."""
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415  half a second, and most have no Redis
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError as Cut  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=POOL_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            health_check_interval=HEALTH_SECONDS,
            # A connection that the server closed while it rested is opened again, and nothing else is tried twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(Cut,)),
        )
        link = cls(Redis(connection_pool=pool), Names(prefix), (RedisError, OSError, TimeoutError))
        try:
            yield link
        finally:
            await link._close()
            await link.client.aclose()
            await pool.disconnect()

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer, and has not since."""
        return self._probing is not None

    async def ask(self, work: Callable[["Redis"], Awaitable[T]]) -> T | None:
        """What Redis says; None where it is away, without waiting if that is known already."""
        if self._probing is not None:
            return None
        try:
            return await work(self.client)
        except self.faults as error:
            self._give_up(error)
            return None

    async def require(self) -> None:
        """Do nothing, if Redis answers.

        Raises:
            Unavailable: it does not; told without waiting if that is known already.
        """
        if self._probing is not None or await self.check():
            raise Unavailable("Redis is away; answers come from the database.", retry_after_ms=RETRY_AFTER_MS)

    async def check(self) -> str:
        """What is wrong with Redis, as a clause; empty: nothing is."""
        try:
            await self._probe()
        except self.faults as error:
            return _reason(error)
        return ""

    def _give_up(self, error: Exception) -> None:
        if self._probing is None:
            _log.warning("Redis is away (%s); answers come from the database", _reason(error))
            self._probing = asyncio.create_task(self._keep_probing())

    async def _keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if not await self.check():
                break
        self._probing = None
        _log.warning("Redis is back")

    async def _probe(self) -> None:
        """Write: a server that can only be read is no use."""
        await self.client.set(self.names.probe, 1, px=PROBE_MS)

    async def _close(self) -> None:
        if self._probing is not None:
            await end(self._probing)


def _reason(error: Exception) -> str:
    """The kind of the error, and what it says; an address with a password is never in it."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
