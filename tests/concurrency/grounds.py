"""Databases of the servers in a rush."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from concurrency.business import Business
from concurrency.evidence import Rows, rows_of
from concurrency.plans import plan_of
from slotmcp.bootstrap import SystemClock, build_app
from slotmcp.ports import Store
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support import sqlite_file
from support.postgres_databases import Databases
from support.postgres_server import started_server
from support.redis_server import running

DEFAULT_TIMEOUT_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Ground:
    """A database, the settings of its servers, and direct access to its rows."""

    settings: Mapping[str, str]
    opened: Callable[[], AbstractAsyncContextManager[Store]]
    ask: Callable[[str], list[tuple[Any, ...]]]

    async def open(self, business: Business) -> None:
        """Import a business into the database."""
        async with self.opened() as store:
            await build_app(store).projects.import_project(plan_of(business), prune=False)

    def rows(self, business: Business) -> Rows:
        """Read all rows of a business."""
        return rows_of(business.id, self.ask)


def in_a_file(path: Path) -> Ground:
    """Return a SQLite file as the database."""
    return Ground(
        settings={"database_url": f"sqlite:///{path}"},
        opened=lambda: SqliteStore.open(path, clock=SystemClock(), timeout_ms=DEFAULT_TIMEOUT_MS),
        ask=lambda statement: sqlite_file.rows(path, statement),
    )


def on_servers(databases: Databases, url: str, *, redis_url: str, way: str = "", **settings: str) -> Ground:
    """Return PostgreSQL with Redis; `way` is the servers' connection to the database, if it is not direct."""
    return Ground(
        settings={"database_url": way or url, "redis_url": redis_url, **settings},
        opened=lambda: PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS),
        ask=lambda statement: databases.execute(statement, url=url),
    )


@contextmanager
def ground_of(kind: str, folder: Path) -> Iterator[Ground]:
    """Open a database of a script's own: a file, or PostgreSQL and Redis."""
    if kind == "sqlite":
        yield in_a_file(folder / "slotmcp.db")
        return
    with started_server() as server, running(folder) as redis:
        databases = Databases(server.url("postgres"))
        with databases.clone() as url:
            yield on_servers(databases, url, redis_url=redis.url)
        databases.close()
