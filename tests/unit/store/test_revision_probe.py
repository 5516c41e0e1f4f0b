"""A glance: what every call asks for is read without a hop, and never by making everybody wait."""

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
    """A file whose readers a writer can keep out, as SQLite's recovery of a file does."""
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
    """What the file has, and whether it was read on the event loop's thread."""
    return (await fetch(NUMBER))[0][0], current_thread() is main_thread()


async def test_it_sees_what_was_committed_last_without_leaving_the_loop(
    revision_probe: RevisionProbe, plain: Path
) -> None:
    assert await revision_probe.run(number) == (1, True)
    with closing(sqlite3.connect(plain)) as connection:
        connection.execute("UPDATE numbers SET n = 2")
        connection.commit()
    assert await revision_probe.run(number) == (2, True)


async def test_whoever_asks_again_and_again_lets_others_go_on(revision_probe: RevisionProbe) -> None:
    went_on = asyncio.Event()
    asyncio.get_running_loop().call_soon(went_on.set)
    for _ in range(TURN_EVERY):
        await revision_probe.run(number)
    assert went_on.is_set()


async def test_where_it_would_have_to_wait_a_reader_waits_and_the_loop_goes_on(
    revision_probe: RevisionProbe, plain: Path
) -> None:
    is_locked, goes_on = Event(), Event()

    def lock() -> bool:
        with closing(sqlite3.connect(plain, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("UPDATE numbers SET n = 2")
            is_locked.set()
            went_on = goes_on.wait(DEFAULT_TIMEOUT_MS / 1000 - 1)
            connection.execute("COMMIT")
        return went_on

    locking = asyncio.create_task(asyncio.to_thread(lock))
    await asyncio.to_thread(is_locked.wait)
    asked = asyncio.create_task(revision_probe.run(number))
    for _ in range(3):
        await asyncio.sleep(0)  # it lets others go on before it looks
    goes_on.set()  # the loop is here again while the lock is still held
    assert await locking
    assert await asked == (2, False)
    assert await revision_probe.run(number) == (2, True)
