"""The example of a fleet runs against two servers with PostgreSQL and Redis, as in the compose file."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import anyio

from project.repository import ROOT
from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from support.example_server import example_plan
from support.http_server import serving
from support.redis_server import RedisServer

SCRIPT: Final = ROOT / "examples" / "fleet" / "callers.py"
LIMIT_SECONDS: Final = 100


async def import_business(url: str) -> None:
    async with open_app(Settings(database_url=url)) as app:
        await app.projects.import_project(example_plan(), prune=False)


def test_the_callers_of_a_fleet_succeed(postgres_url: str, redis: RedisServer, tmp_path: Path) -> None:
    anyio.run(import_business, postgres_url)
    shared = {"database_url": postgres_url, "redis_url": redis.url}
    with serving(tmp_path, **shared) as one, serving(tmp_path, **shared) as other:
        done = subprocess.run(  # noqa: S603  our own script
            [sys.executable, str(SCRIPT)],
            env={**os.environ, "SERVERS": f"{one.url} {other.url}"},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
