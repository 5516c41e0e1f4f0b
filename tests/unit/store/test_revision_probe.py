"""Revision probe: reading on the event loop without blocking it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, current_thread, main_thread

import pytest

from slotmcp.store.reader import TURN_EVERY, RevisionProbe, SqliteReader
from slotmcp.store.sqlite import DEFAULT_TIMEOUT_MS
from slotmcp.store.statement import Fetch, Statement

NUMBER = Statement("SELECT n FROM numbers")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """File in which a writer can block readers, as SQLite does while it recovers a file."""
    path = tmp_path / "plain.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1)")
    return path


@pytest.fixture
def revision_probe(plain: Path) -> Iterator[RevisionProbe]:
    reader = SqliteReader(plain, timeout_ms=DEFAULT_TIMEOUT_MS)
    revision_probe = RevisionProbe(plain, reader)
    yield revision_probe
    revision_probe.close()
    reader.close()


async def number(fetch: Fetch) -> tuple[int, bool]:
    """Return the number in the file, and whether it was read on the event loop's thread."""
    return (await fetch(NUMBER))[0][0], current_thread() is main_thread()


async def test_a_probe_sees_the_last_commit_without_leaving_the_event_loop(
    revision_probe: RevisionProbe, plain: Path
) -> None:
    assert await revision_probe.run(number) == (1, True)
    with closing(sqlite3.connect(plain)) as connection:
        connection.execute("UPDATE numbers SET n = 2")
        connection.commit()
    assert await revision_probe.run(number) == (2, True)


async def test_repeated_probes_let_other_tasks_run(revision_probe: RevisionProbe) -> None:
    has_run = asyncio.Event()
    asyncio.get_running_loop().call_soon(has_run.set)
    for _ in range(TURN_EVERY):
        await revision_probe.run(number)
    assert has_run.is_set()


async def test_a_probe_that_would_block_is_repeated_by_a_reader(revision_probe: RevisionProbe, plain: Path) -> None:
    is_locked, may_commit = Event(), Event()

    def lock() -> bool:
        with closing(sqlite3.connect(plain, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("UPDATE numbers SET n = 2")
            is_locked.set()
            has_run = may_commit.wait(DEFAULT_TIMEOUT_MS / 1000 - 1)
            connection.execute("COMMIT")
        return has_run

    locking = asyncio.create_task(asyncio.to_thread(lock))
    await asyncio.to_thread(is_locked.wait)
    probing = asyncio.create_task(revision_probe.run(number))
    for _ in range(3):
        await asyncio.sleep(0)  # the probe lets other tasks run before it reads
    may_commit.set()  # the loop is not blocked while the lock is held
    assert await locking
    assert await probing == (2, False)
    assert await revision_probe.run(number) == (2, True)
