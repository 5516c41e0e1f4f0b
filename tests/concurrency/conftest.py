"""Servers that are shared by a module's tests, because they start slowly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from concurrency.grounds import Ground, in_a_file, on_servers
from concurrency.rushes import SERVERS
from concurrency.servers import Server, serving_together
from support.postgres_databases import Databases
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer


@dataclass(frozen=True, slots=True)
class Company:
    """A database, and the servers over it."""

    ground: Ground
    servers: list[Server]

    @property
    def urls(self) -> list[str]:
        return [one.url for one in self.servers]


@contextmanager
def company(ground: Ground, folder: Path) -> Iterator[Company]:
    """Start so many servers, and check that their logs contain no traceback."""
    with serving_together(folder, SERVERS, **ground.settings) as servers:
        yield Company(ground, servers)
    for server in servers:
        assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def on_a_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Servers that share a SQLite file."""
    folder = tmp_path_factory.mktemp("on-a-file")
    with company(in_a_file(folder / "slotmcp.db"), folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def in_a_fleet(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, redis_of_session: RedisServer
) -> Iterator[Company]:
    """Servers that share PostgreSQL and Redis, both started by the tests."""
    folder = tmp_path_factory.mktemp("in-a-fleet")
    databases = Databases(postgres_server.url("postgres"))
    with (
        databases.clone() as url,
        company(on_servers(databases, url, redis_url=redis_of_session.url), folder) as opened,
    ):
        yield opened
    databases.close()
