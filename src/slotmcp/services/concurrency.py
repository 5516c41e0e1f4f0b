"""Concurrency primitives of one event loop: background work, shared executions and notifications."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

ITEMS_A_TURN: Final = 4
"""Default number of items that `collect_in_turns` computes at once, which takes up to a few milliseconds."""

T = TypeVar("T")


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine in the background, and cancel it when the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def collect_in_turns(items: Iterable[T], *, at_once: int = ITEMS_A_TURN) -> list[T]:
    """Return items whose computation is slow. Other tasks of the event loop run after `at_once` of them."""
    collected: list[T] = []
    for item in items:
        collected.append(item)
        if len(collected) % at_once == 0:
            await asyncio.sleep(0)
    return collected


class SingleFlight:
    """Concurrent calls with the same key share one execution. A timeout or a canceled caller does not end it."""

    def __init__(self, *, timeout_seconds: float | None = None) -> None:
        """Create an empty registry. Callers wait for at most the timeout; None: until the execution ends."""
        self._timeout_seconds = timeout_seconds
        self._executions: dict[Hashable, asyncio.Future[Any]] = {}

    async def run(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the execution under a key, which `call` starts if none is running.

        Raises:
            TimeoutError: the execution has not ended in time, and continues.
            Exception: the exception of the call, to every caller.
        """
        execution = self._executions.get(key)
        if execution is None:
            execution = self._executions[key] = asyncio.ensure_future(call())
            execution.add_done_callback(lambda ended: self._remove(key, ended))
        done, _ = await asyncio.wait({execution}, timeout=self._timeout_seconds)
        if not done:
            raise TimeoutError
        return cast("T", execution.result())

    def is_running(self, key: Hashable) -> bool:
        """Return whether an execution is running under a key."""
        return key in self._executions

    async def settle(self) -> None:
        """Wait for all executions to end."""
        await asyncio.gather(*self._executions.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel all executions."""
        for execution in self._executions.values():
            execution.cancel()
        await self.settle()

    def _remove(self, key: Hashable, ended: asyncio.Future[Any]) -> None:
        del self._executions[key]
        if not ended.cancelled():
            ended.exception()  # mark it as retrieved, in case no caller waits any more


class Notifier:
    """Counter of notifications that wakes its waiters."""

    def __init__(self) -> None:
        self._count = 0
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Wake all waiters."""
        self._count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, known_count: int, seconds: float) -> int:
        """Return the count of notifications once it exceeds the known count, or after a timeout in seconds."""
        if self._count <= known_count:
            try:
                async with asyncio.timeout(seconds):
                    await self._next.wait()
            except TimeoutError:
                pass
        return self._count
