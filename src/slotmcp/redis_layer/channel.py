"""The channel on which the servers of a fleet hear of each other's writes. What is lost is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

from slotmcp.redis_layer.ending import end
from slotmcp.redis_layer.link import RedisLink

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

REST_SECONDS: Final = 0.5
"""Before it is listened to again after it was cut."""
SILENCE_SECONDS: Final = 2.0
"""After so long without a word the server is asked whether it is there; after as long again it is not."""


class Channel:
    """Listens, for as long as it is open."""

    def __init__(self, link: RedisLink, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._link = link
        self._silence_seconds = silence_seconds
        self._ears: list[Callable[[bytes], None]] = []
        self.is_heard = asyncio.Event()
        """Set while it is listened to."""

    @classmethod
    @asynccontextmanager
    async def open(cls, link: RedisLink, *, silence_seconds: float = SILENCE_SECONDS) -> AsyncIterator[Self]:
        """Listen until the block ends, to whatever server there is."""
        channel = cls(link, silence_seconds=silence_seconds)
        task = asyncio.create_task(channel._keep_listening())
        try:
            yield channel
        finally:
            await end(task)

    def subscribe(self, hear: Callable[[bytes], None]) -> None:
        """Have all that is said told, from now on."""
        self._ears.append(hear)

    async def _keep_listening(self) -> None:
        while True:
            with suppress(*self._link.faults):
                async with self._link.client.pubsub() as pubsub:
                    await pubsub.subscribe(self._link.names.news)
                    await self._hear_all(pubsub)
            self.is_heard.clear()
            await asyncio.sleep(REST_SECONDS)

    async def _hear_all(self, pubsub: "PubSub") -> None:
        """Listen until the server is silent for too long.

        Raises:
            What the client raises: it was cut.
        """
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self._silence_seconds)
            if message is None:
                if asked:
                    return
                await pubsub.ping()
                asked = True
                continue
            asked = False
            self.is_heard.set()
            if message["type"] == "message":
                for hear in self._ears:
                    hear(message["data"])
