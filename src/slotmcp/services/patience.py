"""Asking without waiting long, and without letting go in the middle: a question ends when whoever was asked ends it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Patience(Generic[T]):
    """Waits for answers, so long at most. Who has not answered yet is not asked again meanwhile."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._asked: dict[Hashable, asyncio.Future[T]] = {}

    async def ask(self, name: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        """The answer.

        Raises:
            TimeoutError: there is none yet.
            Exception: whatever the question raises.
        """
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = asyncio.ensure_future(question())
            asked.add_done_callback(lambda ended: self._end(name, ended))
        done, _ = await asyncio.wait({asked}, timeout=self._seconds)
        if not done:
            raise TimeoutError
        return asked.result()

    async def settle(self) -> None:
        """Let go of all that was asked."""
        left = list(self._asked.values())
        for asked in left:
            asked.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _end(self, name: Hashable, ended: asyncio.Future[T]) -> None:
        self._asked.pop(name, None)
        if not ended.cancelled():
            ended.exception()  # somebody has looked at it, even if nobody waits any more
