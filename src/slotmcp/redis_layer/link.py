"""Connection to Redis with a circuit breaker, so that an outage delays only the first caller.

A failure opens the circuit. Commands are then skipped until a background probe succeeds. Callers can do without Redis,
because the database has the same data.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.redis_layer.keys import PROBE_MS, RedisKeys

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 0.5
"""Timeout of a connection attempt and of a response, long enough for a busy server."""
POOL_SECONDS: Final = 0.5
"""Maximum wait for a pooled connection while all are in use."""
MAX_CONNECTIONS: Final = 16
"""A command takes a millisecond, so waiting for a connection is faster than opening many at once."""
HEALTH_CHECK_SECONDS: Final = 15
"""Idle time after which a connection is checked before it is used."""
PROBE_SECONDS: Final = 0.5
"""Interval between probes."""
RETRY_AFTER_MS: Final = 1_000
_CANCEL_RETRY_SECONDS: Final = 0.05

_log: Final = logging.getLogger("slotmcp.redis")


class RedisLink:
    """Runner of commands while Redis is available."""

    def __init__(self, client: "Redis", keys: RedisKeys, errors: tuple[type[Exception], ...]) -> None:
        """Create a link over a client.

        Args:
            client: remains open while the link is used.
            keys: keys of the installation.
            errors: exception types of the client.
        """
        self.client = client
        self.keys = keys
        self.errors = errors
        self._probing: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, prefix: str) -> AsyncIterator[Self]:
        """Open a link to the server at a URL until the block ends. The server need not be reachable yet."""
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415  half a second, and most have no Redis
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError as Disconnected  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=POOL_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            health_check_interval=HEALTH_CHECK_SECONDS,
            # Only a connection that the server closed while it was idle is retried.
            retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        )
        link = cls(Redis(connection_pool=pool), RedisKeys(prefix), (RedisError, OSError, TimeoutError))
        try:
            yield link
        finally:
            if link._probing is not None:
                await cancel(link._probing)
            await link.client.aclose()
            await pool.disconnect()

    @property
    def is_unavailable(self) -> bool:
        """Return whether the last command failed and no probe has succeeded since."""
        return self._probing is not None

    async def run(self, command: Callable[["Redis"], Awaitable[T]]) -> T | None:
        """Return the result of a command; None while Redis is unavailable. With an open circuit, do not wait."""
        if self._probing is not None:
            return None
        try:
            return await command(self.client)
        except self.errors as error:
            self._open_circuit(error)
            return None

    async def require(self) -> None:
        """Check that Redis is available.

        Raises:
            Unavailable: Redis is unavailable.
        """
        if self.is_unavailable or await self.find_problem():
            raise Unavailable("Redis is unavailable; the database is used instead.", retry_after_ms=RETRY_AFTER_MS)

    async def find_problem(self) -> str:
        """Return the error of a test write as a clause; "" if it succeeds."""
        try:
            await self.client.set(self.keys.probe, 1, px=PROBE_MS)  # a read-only server counts as unavailable
        except self.errors as error:
            return _describe(error)
        return ""

    def _open_circuit(self, error: Exception) -> None:
        if self._probing is None:
            _log.warning("Redis is unavailable (%s); the database is used instead", _describe(error))
            self._probing = asyncio.create_task(self._keep_probing())

    async def _keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if not await self.find_problem():
                break
        self._probing = None
        _log.warning("Redis is available again")


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task repeatedly until it ends. While it connects, the client sometimes swallows a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_RETRY_SECONDS)


def _describe(error: Exception) -> str:
    """Return the type and text of an error, which never contain a password."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
