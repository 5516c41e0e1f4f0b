"""Count of the iterations of the event loop, as a measure of how often other tasks run."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Count of the iterations of the event loop."""

    count = 0

    async def run(self) -> None:
        """Count until canceled."""
        while True:
            self.count += 1
            await asyncio.sleep(0)


@contextmanager
def counted_turns() -> Iterator[Turns]:
    """Count the iterations of the event loop until the block ends."""
    turns = Turns()
    task = asyncio.create_task(turns.run())
    yield turns
    task.cancel()
