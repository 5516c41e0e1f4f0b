"""Database files as the store makes them."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.store.prepare import prepare
from slotmcp.store.sqlite import SqliteStore
from support.books import open_shop
from support.clock import HandClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "books.db"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, made once."""
    made = tmp_path_factory.mktemp("template") / "books.db"
    prepare(made, patience_ms=1000)
    return made


@pytest.fixture
def database(template: Path, path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to a new database."""
    shutil.copy(template, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store that has the shop in it."""
    async with SqliteStore.open(path, clock=HandClock(), patience_ms=20_000) as opened:
        await open_shop(opened)
        yield opened
