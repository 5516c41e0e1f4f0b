"""Bounded garbage collections: objects that survived one are never traversed again while calls are answered.

Reference counts still free those objects. The collector counts new objects minus freed ones, so it starts too late
while projects leave memory as fast as others enter. So the new objects are also searched whenever projects leave.

Only cycles among excluded objects need `collect_all`, which a server runs when no call runs.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal

from slotmcp.ports import ProjectMemory
from slotmcp.services.concurrency import in_background

YOUNG_OBJECTS: Final = 700
YOUNG_COLLECTIONS: Final = 10
MIDDLE_COLLECTIONS: Final = 4
"""Thresholds of the collector. A full collection traverses at most about their product, 28,000 objects."""

GROWTH: Final = 500_000
"""Number of excluded objects by which a process grows until an idle server searches all of them for cycles.

Objects of cached projects are not counted.
"""
MAX_GROWTH: Final = 4 * GROWTH
"""Growth at which a server does so in any case."""
BYTES_PER_OBJECT: Final = 150
"""Minimum of the estimated bytes of a cached project per object that the collector tracks. Small ones have 180."""
CHECK_SECONDS: Final = 60.0
_OLDEST: Final = 2


@asynccontextmanager
async def bounded_collections(
    is_idle: Callable[[], bool], memory: ProjectMemory, *, check_seconds: float = CHECK_SECONDS
) -> AsyncIterator[None]:
    """Exclude the survivors of each full collection from later ones, until the block ends.

    Args:
        is_idle: returns True while no call runs. Then all objects may be searched.
        memory: cached projects, whose objects are no sign of cycles.
        check_seconds: interval of the checks of the growth.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
    gc.callbacks.append(_exclude_survivors)
    memory.after_evictions = gc.collect
    try:
        async with in_background(_keep_searching(is_idle, memory, check_seconds)):
            yield
    finally:
        memory.after_evictions = lambda: None
        gc.callbacks.remove(_exclude_survivors)
        gc.set_threshold(*thresholds)


def collect_all() -> None:
    """Search all objects, including the excluded ones, for cycles that nothing refers to."""
    gc.unfreeze()
    gc.collect()  # its survivors are excluded again


async def _keep_searching(is_idle: Callable[[], bool], memory: ProjectMemory, check_seconds: float) -> None:
    known = _excluded_objects(memory)
    while True:
        await asyncio.sleep(check_seconds)
        growth = _excluded_objects(memory) - known
        if growth > MAX_GROWTH or (growth > GROWTH and is_idle()):
            collect_all()
            known = _excluded_objects(memory)


def _excluded_objects(memory: ProjectMemory) -> int:
    """Return the number of excluded objects without those of the cached projects."""
    return gc.get_freeze_count() - memory.total_bytes // BYTES_PER_OBJECT


def _exclude_survivors(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()
