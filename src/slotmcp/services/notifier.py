"""A bell: whoever waits for something is woken when it may have happened."""

import asyncio


class Notifier:
    """Counts how often it was rung. To be used on one event loop."""

    def __init__(self) -> None:
        self._rung = 0
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._rung += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, heard: int, seconds: float) -> int:
        """How often it has been rung: at once if that is more than was heard, else when it rings or time is over."""
        if self._rung <= heard:
            try:
                async with asyncio.timeout(seconds):
                    await self._next.wait()
            except TimeoutError:
                pass
        return self._rung
