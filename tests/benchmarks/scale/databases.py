"""Databases of the measured servers, written before NOW."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.files import scratch_folder
from benchmarks.postgres import filled_databases
from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import build_app
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

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
        with filled_databases()[0].clone() as url:
            yield url


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
