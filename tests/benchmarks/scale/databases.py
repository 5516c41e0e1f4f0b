"""Databases of the measured servers, written before NOW."""

import atexit
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.files import RESULTS, scratch_folder
from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import build_app
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.postgres_databases import Databases
from support.postgres_server import started_server

TIMEOUT_MS: Final = 60_000
SQLITE, POSTGRES = "sqlite", "postgres"
STORES: Final = (SQLITE, POSTGRES)


@contextmanager
def empty_database(store: str) -> Iterator[str]:
    """Create a durable database until the block ends, and yield its URL."""
    if store == SQLITE:
        with scratch_folder() as folder:
            yield f"sqlite:///{folder / 'slots.db'}"
    else:
        yield postgres_server().create("measured")


@cache
def postgres_server() -> Databases:
    """Start a durable server that runs until this process ends."""
    RESULTS.mkdir(exist_ok=True)
    running = ExitStack()
    atexit.register(running.close)
    return Databases(running.enter_context(started_server(fsync=True, parent=RESULTS)).url("postgres"))


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[App]:
    """Open the services of a database at NOW."""
    async with _store(url) as store:
        yield build_app(store)


async def fill(url: str, plans: Sequence[ProjectPlan]) -> None:
    """Import projects."""
    async with opened(url) as app:
        for plan in plans:
            await app.projects.import_project(plan, prune=False)


def _store(url: str) -> AbstractAsyncContextManager[Store]:
    clock = HandClock(NOW_MS)
    if url.startswith(SQLITE):
        return SqliteStore.open(Path(url.removeprefix("sqlite:///")), clock=clock, timeout_ms=TIMEOUT_MS)
    return PostgresStore.open(url, clock=clock, timeout_ms=TIMEOUT_MS)
