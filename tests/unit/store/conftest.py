"""Database files as the store makes them."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import open_shop


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "books.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to a new database."""
    with closing(sqlite3.connect(new_file(path), isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store that has the shop in it."""
    async with SqliteStore.open(new_file(path), clock=HandClock(), timeout_ms=20_000) as opened:
        await open_shop(opened)
        yield opened
