"""Server that the examples in examples/ talk with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import anyio

from slotmcp.domain.access import Scope
from slotmcp.project_file import read_project_file
from slotmcp.services.imports import ProjectPlan
from support.http_server import TESTS, open_database, serving

PROJECT_FILE: Final = TESTS.parent / "examples" / "change-of-mind" / "project.yaml"
RETELL_API_KEY: Final = "key_of_retell"


@contextmanager
def example_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server with the business that examples/README.md names; yield the environment variables of the examples."""
    path = folder / "examples.db"
    key = anyio.run(_write_database, path)
    with serving(path, retell_api_key=RETELL_API_KEY) as server:
        yield {"SERVER": server.url, "KEY": key, "RETELL_API_KEY": RETELL_API_KEY}


def example_plan() -> ProjectPlan:
    """Return the business of the examples."""
    now_ms = time.time_ns() // 1_000_000
    return read_project_file(PROJECT_FILE.read_text("utf-8"), source=PROJECT_FILE.name, now_ms=now_ms).plan


async def _write_database(path: Path) -> str:
    """Write the business into a database file, and return an access key."""
    async with open_database(path, example_plan()) as database:
        return (await database.app.access.create(Scope.CALLER, project=None)).token
