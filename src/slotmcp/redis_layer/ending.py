"""Ending a task that waits for the client."""

import asyncio
from typing import Any, Final

AGAIN_SECONDS: Final = 0.05


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended: while it connects, the client swallows a cancellation now and then."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
