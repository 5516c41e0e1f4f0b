"""Databases for tests: cloned from one that the migrations made, on a server of the tests' own or a given one."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare

GIVEN_URL: Final = "TEST_POSTGRES_URL"
"""Names a database of a server that is there already, whose user may create others."""


class Databases:
    """The databases of one server. Its methods may be called where an event loop runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made = 0
        self._template = self.create("template")
        _apart(prepare(Address.of(self._template), timeout_ms=10_000))

    def create(self, kind: str = "test", *, template: str = "template0") -> str:
        """A new database's URL; a copy of nothing unless it says of what."""
        self._made += 1
        name = f"slotmcp_{kind}_{id(self):x}_{self._made}"
        self.ask(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """The URL of a database as the migrations make it, gone afterwards."""
        url = self.create(template=name_of(self._template))
        try:
            yield url
        finally:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Remove a database, whoever uses it."""
        self.ask(f'DROP DATABASE "{name_of(url)}" WITH (FORCE)')

    def close(self) -> None:
        """Remove what clones are made of."""
        self.drop(self._template)

    def ask(self, statement: str, *values: object, url: str = "") -> list[tuple[Any, ...]]:
        """What a statement finds, in the server's own database or in the one with this URL."""
        found: list[tuple[Any, ...]] = _apart(_ask(url or self._url, statement, *values))
        return found

    def url(self, name: str) -> str:
        """Where a database of this server is."""
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()


def name_of(url: str) -> str:
    """The name of the database with a URL."""
    return urlsplit(url).path.removeprefix("/")


def user_of(url: str) -> str:
    """Who connects by a URL."""
    return urlsplit(url).username or ""


def as_user(url: str, user: str) -> str:
    """The same way for somebody else."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


async def _ask(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def _apart(work: Any) -> Any:  # noqa: ANN401  a coroutine and its result
    """Run something on an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
