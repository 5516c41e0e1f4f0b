"""Bounded garbage collections: objects that survived one are never traversed again while calls are answered.

Reference counts still free those objects. Only cycles among them need `collect_all`, which a server runs when no call
runs.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal

from slotmcp.services.concurrency import in_background

YOUNG_OBJECTS: Final = 700
YOUNG_COLLECTIONS: Final = 10
MIDDLE_COLLECTIONS: Final = 4
"""Thresholds of the collector. A full collection traverses at most about their product, 28,000 objects."""

GROWTH: Final = 500_000
"""Number of excluded objects by which a process grows until an idle server searches all of them for cycles."""
MAX_GROWTH: Final = 4 * GROWTH
"""Growth at which a server does so in any case."""
CHECK_SECONDS: Final = 60.0
_OLDEST: Final = 2


@asynccontextmanager
async def bounded_collections(is_idle: Callable[[], bool]) -> AsyncIterator[None]:
    """Exclude the survivors of each full collection from later ones, until the block ends.

    `is_idle` tells whether no call runs, which is when all objects may be searched.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
    gc.callbacks.append(_exclude_survivors)
    try:
        async with in_background(_keep_searching(is_idle)):
            yield
    finally:
        gc.callbacks.remove(_exclude_survivors)
        gc.set_threshold(*thresholds)


def collect_all() -> None:
    """Search all objects, including the excluded ones, for cycles that nothing refers to."""
    gc.unfreeze()
    gc.collect()  # its survivors are excluded again


async def _keep_searching(is_idle: Callable[[], bool]) -> None:
    known = gc.get_freeze_count()
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        growth = gc.get_freeze_count() - known
        if growth > MAX_GROWTH or (growth > GROWTH and is_idle()):
            collect_all()
            known = gc.get_freeze_count()


def _exclude_survivors(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()
