"""Test that long-lived objects are excluded from garbage collection."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = """
import atexit, gc, sys
from slotmcp.cli import main
atexit.register(lambda: print(gc.get_freeze_count() > 10_000, gc.isenabled(), file=sys.stderr))
sys.argv = ["slotmcp", "sample"]
main()
"""
SERVER = """
import asyncio, gc, sys
from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.settings import Settings

async def frozen(owns_process):
    settings = Settings(database_url=f"sqlite:///{sys.argv[1]}", calcom_sync_seconds=0)
    async with HttpApp(settings, ServeOptions(owns_process=owns_process)).running():
        return gc.get_freeze_count()

print(asyncio.run(frozen(False)) == 0, asyncio.run(frozen(True)) > 10_000, gc.isenabled(), file=sys.stderr)
"""

LOADED = """
import asyncio, gc, sys, weakref
from slotmcp.services.garbage import MIDDLE_COLLECTIONS, YOUNG_COLLECTIONS, YOUNG_OBJECTS
from slotmcp.ports import ProjectMemory
from slotmcp.services.garbage import bounded_collections, collect_all

class Node:
    pass

traversed = []

def count(phase, info):
    if phase == "start" and info["generation"] == 2:
        traversed.append(len(gc.get_objects()))

async def load():
    gc.callbacks.append(count)
    async with bounded_collections(lambda: False, ProjectMemory()):
        node = Node()
        node.itself, weak = node, weakref.ref(node)
        loaded = [[number] for number in range(1_000_000)]
        del node
        limit = YOUNG_OBJECTS * (YOUNG_COLLECTIONS + 1) * (MIDDLE_COLLECTIONS + 2)
        is_bounded, is_excluded = max(traversed) < limit, gc.get_freeze_count() > 900_000
        gc.freeze()
        collect_all()
        return is_bounded, is_excluded, weak() is None, gc.get_freeze_count() > 900_000

print(*asyncio.run(load()), len(traversed) > 9, file=sys.stderr)
"""

CACHED = """
import asyncio, gc, sys, weakref
from slotmcp.ports import ProjectMemory
from slotmcp.services.garbage import BYTES_PER_OBJECT, GROWTH, bounded_collections

class Node:
    pass

class WatchedMemory(ProjectMemory):
    def __init__(self):
        self.read = asyncio.Event()
        super().__init__()

    @property
    def total_bytes(self):
        self.read.set()
        return self.known_bytes

    @total_bytes.setter
    def total_bytes(self, value):
        self.known_bytes = value

    async def check(self):
        self.read.clear()
        await self.read.wait()

async def is_found(cached_objects):
    memory = WatchedMemory()
    async with bounded_collections(lambda: True, memory, check_seconds=0.001):
        await memory.check()
        node = Node()
        node.itself, weak = node, weakref.ref(node)
        gc.freeze()
        del node
        loaded = [[number] for number in range(GROWTH + 50_000)]
        gc.freeze()
        memory.note("p", cached_objects * BYTES_PER_OBJECT)
        await memory.check()
        return weak() is None

print(asyncio.run(is_found(0)), asyncio.run(is_found(GROWTH)), file=sys.stderr)
"""

EVICTED = """
import asyncio, gc, sys
from slotmcp.ports import ProjectMemory
from slotmcp.services.garbage import bounded_collections

PROJECTS, OBJECTS = 400, 500
traversed = []

def count(phase, info):
    if phase == "start":
        traversed.append(len(gc.get_objects()))

async def load():
    memory = ProjectMemory(100 * 1_000)
    table = memory.table()
    async with bounded_collections(lambda: False, memory):
        gc.callbacks.append(count)
        for number in range(PROJECTS):
            table[str(number)] = [[each] for each in range(OBJECTS)]
            memory.use(str(number), 1_000)
        gc.collect()
    return max(traversed) < PROJECTS * OBJECTS / 4, memory.evictions, gc.callbacks.remove(count)

print(*asyncio.run(load()), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        pytest.param(COMMAND, "True True", id="a command"),
        pytest.param(SERVER, "True True True", id="only in our own"),
        pytest.param(LOADED, "True True True True True", id="also what is loaded later"),
        pytest.param(CACHED, "True False", id="cached projects start no search"),
        pytest.param(EVICTED, "True 300 None", id="also what replaces other projects"),
    ],
)
def test_loaded_objects_are_excluded_from_garbage_collection(script: str, reported: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-c", script, str(tmp_path / "slotmcp.db")],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == reported
