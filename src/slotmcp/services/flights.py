"""One question at a time: whoever asks what is being asked already waits for the same answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Flights:
    """Questions that are being asked. One goes on although whoever asked first gives up."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def join(self, what: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question, asked anew unless it is being asked.

        Raises:
            Whatever asking raises, to everybody who waits.
        """
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = asyncio.ensure_future(_awaited(ask))
            task.add_done_callback(lambda ended: self._land(what, ended))
        return cast("T", await asyncio.shield(task))

    async def settle(self) -> None:
        """Wait until nothing is being asked any more."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _land(self, what: Hashable, ended: asyncio.Task[Any]) -> None:
        del self._tasks[what]
        if not ended.cancelled():
            ended.exception()  # nobody may be left to hear of it


async def _awaited(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()
