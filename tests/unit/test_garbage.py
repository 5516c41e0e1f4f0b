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


@pytest.mark.parametrize(
    ("script", "reported"),
    [pytest.param(COMMAND, "True True", id="a command"), pytest.param(SERVER, "True True True", id="only in our own")],
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
