"""Units of work on the event loop, which await the transaction's methods and nothing else."""

from collections.abc import Awaitable, Generator, Sequence
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any, TypeVar

from slotmcp.store.fetching import FOREIGN_AWAIT, Fetch
from slotmcp.store.rows import Row

T = TypeVar("T")


class AwaitGuard:
    """Tells what a unit of work waits for: the database, or something that has no place under its lock."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._asking = False

    async def fetch(self, statement: str, /, **values: object) -> Sequence[Row]:
        """Run a statement for the unit."""
        self._asking = True
        try:
            return await self._fetch(statement, **values)
        finally:
            self._asking = False

    @coroutine
    def run(self, unit: Awaitable[T], context: Context) -> Generator[Any, Any, T]:
        """Run a unit to its end within its caller's context; to be awaited.

        Raises:
            RuntimeError: it waited for something else.
        """
        steps = unit.__await__()
        step = partial(steps.send, None)
        while True:
            try:
                waits_for = context.run(step)
            except StopIteration as end:
                result: T = end.value
                return result
            if not self._asking:
                steps.close()
                raise RuntimeError(FOREIGN_AWAIT)
            step = yield from _passed_on(waits_for, steps)


def _passed_on(waits_for: object, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Wait on the event loop, and say with what the unit goes on."""
    try:
        answer = yield waits_for
    except BaseException as error:  # noqa: BLE001  it is the unit's
        return partial(steps.throw, error)
    return partial(steps.send, answer)
