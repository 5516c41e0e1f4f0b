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
from slotmcp.services.garbage import bounded_collections, collect_all

class Node:
    pass

traversed = []

def count(phase, info):
    if phase == "start" and info["generation"] == 2:
        traversed.append(len(gc.get_objects()))

async def load():
    gc.callbacks.append(count)
    async with bounded_collections(is_idle=lambda: False):
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


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        pytest.param(COMMAND, "True True", id="a command"),
        pytest.param(SERVER, "True True True", id="only in our own"),
        pytest.param(LOADED, "True True True True True", id="also what is loaded later"),
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
