"""Databases for tests, cloned from one that the migrations created, on a temporary or an existing server."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare

SERVER_URL_VARIABLE: Final = "TEST_POSTGRES_URL"
"""Variable with the URL of a database on an existing server, whose user may create databases."""


class Databases:
    """Databases of one server. The methods may be called while an event loop runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made = 0
        self._template = self.create("template")
        _run(prepare(Address.of(self._template), timeout_ms=10_000))

    def create(self, kind: str = "test", *, template: str = "template0") -> str:
        """Create a database, a copy of the template, and return its URL."""
        self._made += 1
        name = f"slotmcp_{kind}_{id(self):x}_{self._made}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """Create a database with the current schema, and drop it afterwards."""
        with self.clone_of(self._template) as url:
            yield url

    @contextmanager
    def clone_of(self, template: str) -> Iterator[str]:
        """Create a copy of the database with a URL, and drop it afterwards."""
        url = self.create(template=name_of(template))
        try:
            yield url
        finally:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Drop a database, even if it is in use."""
        self.execute(f'DROP DATABASE "{name_of(url)}" WITH (FORCE)')

    def close(self) -> None:
        """Drop the template."""
        self.drop(self._template)

    def execute(self, statement: str, *values: object, url: str = "") -> list[tuple[Any, ...]]:
        """Return the rows of a statement, run in the server's own database or in the one with this URL."""
        rows: list[tuple[Any, ...]] = _run(_execute(url or self._url, statement, *values))
        return rows

    def url(self, name: str) -> str:
        """Return the URL of a database of this server."""
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return urlsplit(url).path.removeprefix("/")


def user_of(url: str) -> str:
    """Return the user in a URL."""
    return urlsplit(url).username or ""


def as_user(url: str, user: str) -> str:
    """Return the URL with another user."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


async def _execute(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def _run(work: Any) -> Any:  # noqa: ANN401  a coroutine and its result
    """Run a coroutine on an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
