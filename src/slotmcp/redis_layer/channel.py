"""Subscription to the channel on which the servers of a fleet publish their writes. Messages can be lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

from slotmcp.redis_layer.link import RedisLink, cancel

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

RETRY_SECONDS: Final = 0.5
"""Pause before a lost subscription is renewed."""
SILENCE_SECONDS: Final = 2.0
"""Time without a message after which the server is pinged. If the reply takes as long, the client resubscribes."""

_log: Final = logging.getLogger("slotmcp.redis")


class Channel:
    """Subscription that is renewed until it is closed."""

    def __init__(self, link: RedisLink, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._link = link
        self._silence_seconds = silence_seconds
        self._handlers: list[Callable[[bytes], None]] = []
        self.is_subscribed = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, link: RedisLink, *, silence_seconds: float = SILENCE_SECONDS) -> AsyncIterator[Self]:
        """Stay subscribed until the block ends. The server need not be reachable yet."""
        channel = cls(link, silence_seconds=silence_seconds)
        task = asyncio.create_task(channel._keep_subscribed())
        try:
            yield channel
        finally:
            await cancel(task)

    def subscribe(self, handler: Callable[[bytes], None]) -> None:
        """Call the handler with every message from now on."""
        self._handlers.append(handler)

    async def _keep_subscribed(self) -> None:
        while True:
            try:
                with suppress(*self._link.errors):
                    async with self._link.subscriber() as pubsub:
                        await pubsub.subscribe(self._link.keys.channel)
                        await self._receive(pubsub)
            except Exception:  # noqa: BLE001  logged in full; later messages must still arrive
                _log.exception("Handling a message of the channel failed; the server subscribes again")
            self.is_subscribed.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _receive(self, pubsub: "PubSub") -> None:
        """Pass messages to the handlers; return if the server does not respond to a ping.

        Raises:
            Exception: the connection was lost; one of the link's errors.
        """
        is_pinged = False
        while True:
            message = await pubsub.get_message(timeout=self._silence_seconds)
            if message is None:
                if is_pinged:
                    return
                await pubsub.ping()
                is_pinged = True
                continue
            is_pinged = False
            self.is_subscribed.set()
            if message["type"] == "message":
                for handler in self._handlers:
                    handler(message["data"])
