"""Connection to Redis with a circuit breaker, so that an outage delays only the first caller.

A failure opens the circuit. Commands are then skipped until a background probe succeeds. Callers can do without Redis,
because the database has the same data.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from slotmcp.domain.errors import Unavailable
from slotmcp.redis_layer.address import TIMEOUT_SECONDS, RedisAddress
from slotmcp.redis_layer.keys import RedisKeys

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

    from slotmcp.redis_layer.clients import Client, RedisServers

T = TypeVar("T")

_COMMAND_TIMEOUTS: Final = 2
"""Timeouts of a response in which a command must end: it may need a connection or the primary's address first."""
SCAN_SECONDS: Final = 30.0
"""Timeout of a command that goes through all keys."""
PROBE_SECONDS: Final = 0.5
"""Interval between probes."""
RETRY_AFTER_MS: Final = 1_000
_CANCEL_RETRY_SECONDS: Final = 0.05

_log: Final = logging.getLogger("slotmcp.redis")


class RedisLink:
    """Runner of commands while Redis is available."""

    def __init__(
        self,
        servers: "RedisServers",
        keys: RedisKeys,
        errors: tuple[type[Exception], ...],
        *,
        max_commands: int,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Create a link over a client.

        Args:
            servers: client that remains open while the link is used.
            keys: keys of the installation.
            errors: exception types of the client.
            max_commands: number of commands at a time; others wait.
            timeout_seconds: timeout of a response. A command has twice as long.
        """
        self._servers = servers
        self.keys = keys
        self.errors = errors
        self._max_commands = max_commands
        self._free = asyncio.Semaphore(max_commands)
        self._command_seconds = _COMMAND_TIMEOUTS * timeout_seconds
        self._probing: asyncio.Task[None] | None = None
        self._is_closing = False

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, prefix: str) -> AsyncIterator[Self]:
        """Open a link to the Redis at a URL until the block ends. It need not be reachable yet.

        Raises:
            ValueError: the URL is invalid.
        """
        from slotmcp.redis_layer.clients import ERRORS, MAX_CONNECTIONS, servers_at  # noqa: PLC0415  most have no Redis

        address = RedisAddress.parse(url)
        servers = servers_at(address)
        link = cls(
            servers,
            RedisKeys(prefix),
            ERRORS,
            max_commands=MAX_CONNECTIONS,
            timeout_seconds=address.timeout_seconds,
        )
        try:
            yield link
        finally:
            await link.aclose()
            await servers.aclose()

    async def aclose(self) -> None:
        """Stop probing, even if a command fails later, and wait for those that run. The client remains open."""
        self._is_closing = True
        if self._probing is not None:
            await cancel(self._probing)
        async with self._without_commands():
            pass

    @property
    def client(self) -> "Client":
        """Return the client, whose errors the caller handles."""
        return self._servers.client

    @property
    def is_unavailable(self) -> bool:
        """Return whether the last command failed and no probe has succeeded since."""
        return self._probing is not None

    async def run(
        self, command: Callable[["Client"], Awaitable[T]], *, timeout_seconds: float | None = None
    ) -> T | None:
        """Return the result of a command; None while Redis is unavailable. With an open circuit, do not wait.

        A command whose slot was moved to another node of a cluster also returns None, and the next one finds it.

        Args:
            command: function of the client.
            timeout_seconds: timeout with all that the command may need first; None: that of the link.
        """
        if self.is_unavailable:
            return None
        try:
            async with asyncio.timeout(timeout_seconds or self._command_seconds):
                return await self._run_when_free(command)
        except self.errors as error:
            if not self._servers.is_redirect(error):
                self._open_circuit(error)
            return None

    def subscriber(self) -> AbstractAsyncContextManager["PubSub"]:
        """Open a subscription that receives the messages of all servers of the fleet."""
        return self._servers.subscriber()

    async def require(self) -> None:
        """Check that Redis is available.

        Raises:
            Unavailable: Redis is unavailable.
        """
        if self.is_unavailable or await self.find_problem():
            raise Unavailable("Redis is unavailable; the database is used instead.", retry_after_ms=RETRY_AFTER_MS)

    async def find_problem(self) -> str:
        """Return the error of a test write to each primary as a clause; "" if it succeeds."""
        try:
            await self._servers.probe(self.keys)
        except self.errors as error:
            return _describe(error)
        return ""

    async def describe(self) -> str:
        """Return which primaries are in use, as a clause; "" for one fixed server, or if they are unknown."""
        try:
            return await self._servers.describe()
        except self.errors:
            return ""

    async def _run_when_free(self, command: Callable[["Client"], Awaitable[T]]) -> T | None:
        """Run a command as soon as few enough run; return None if the circuit was opened meanwhile."""
        async with self._free:
            return None if self.is_unavailable else await command(self.client)

    def _open_circuit(self, error: Exception) -> None:
        if self._probing is None and not self._is_closing:
            _log.warning("Redis is unavailable (%s); the database is used instead", _describe(error))
            self._probing = asyncio.create_task(self._keep_probing())

    async def _keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if await self._is_back():
                break
        self._probing = None
        _log.warning("Redis is available again")

    async def _is_back(self) -> bool:
        """Connect anew, because another server may be the primary now, and write."""
        try:
            async with self._without_commands():
                await self._servers.reconnect()
        except self.errors:
            return False
        return not await self.find_problem()

    @asynccontextmanager
    async def _without_commands(self) -> AsyncIterator[None]:
        """Wait for the commands that run, and let none begin in the block. A scan may continue.

        redis-py leaves a connection open that is closed while it opens.
        """
        async with AsyncExitStack() as permits:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._command_seconds):
                    for _ in range(self._max_commands):
                        await permits.enter_async_context(self._free)
            yield


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task repeatedly until it ends. While it connects, the client sometimes swallows a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_RETRY_SECONDS)


def _describe(error: Exception) -> str:
    """Return the type and text of an error, which never contain a password."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
