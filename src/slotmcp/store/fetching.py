"""How the store's own code speaks to a database: one awaitable call a statement, whatever drives it."""

from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeVar

from slotmcp.store.rows import Row

T = TypeVar("T")

FOREIGN_AWAIT = "A unit of work awaits the transaction's methods and nothing else."


class Fetch(Protocol):
    """Runs one statement with its named values and gives all of its rows."""

    def __call__(self, statement: str, /, **values: object) -> Awaitable[Sequence[Row]]:
        """Run it.

        Raises:
            ClaimConflict: the constraint on overlapping claims refused it.
        """
        ...


def drive(awaitable: Awaitable[T]) -> T:
    """Run to its end, without an event loop, what awaits nothing that would need one.

    Raises:
        RuntimeError: it tried to wait for something.
    """
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError(FOREIGN_AWAIT)
