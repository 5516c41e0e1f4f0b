"""Database files with the current schema."""

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
    """Path of a database that does not exist yet."""
    return tmp_path / "slots.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """Plain connection to a new database."""
    with closing(sqlite3.connect(new_file(path), isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """Store that contains the shop."""
    async with SqliteStore.open(new_file(path), clock=HandClock(), timeout_ms=20_000) as opened:
        await open_shop(opened)
        yield opened
