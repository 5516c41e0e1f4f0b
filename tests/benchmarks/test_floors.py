"""The floors of the booking rows are correct booking systems."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.floors import postgres as floor_on_postgres
from benchmarks.floors import sqlite as floor_on_sqlite
from benchmarks.floors.order import HOLD_MS, Kind, Order, Result
from benchmarks.floors.postgres import FunctionFloor, StatementsFloor
from support.postgres_databases import Databases

FILLED = [("old-1", "ann", 600, 675), ("old-2", "bob", 540, 600)]
ORDER = Order(
    key="k-1", booking_id="new-1", technician="ann", start=675, end=735, name="Eve", phone="+1 303 555 0100", now_ms=0
)


COUNTS = """
SELECT (SELECT count(*) FROM booking), (SELECT count(*) FROM contact), (SELECT count(*) FROM receipt),
    (SELECT count(*) FROM change), (SELECT revision FROM project)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A floor, and a function that counts its rows."""

    run: Callable[[Order], Awaitable[Result]]
    counts: Callable[[], Sequence[int]]


@pytest.fixture(params=["sqlite", "statements", "function"])
async def floor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    opening = _sqlite(tmp_path / "floor.db") if request.param == "sqlite" else _postgres(request)
    async with opening as opened:
        yield opened


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[Opened]:
    floor_on_sqlite.create(path, FILLED)
    with closing(sqlite3.connect(path)) as connection:
        async with floor_on_sqlite.SqliteFloor(path) as opened:
            yield Opened(opened.run, lambda: list(connection.execute(COUNTS).fetchone()))


@asynccontextmanager
async def _postgres(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    databases = request.getfixturevalue("postgres")
    assert isinstance(databases, Databases)
    url = databases.create("floor")
    await floor_on_postgres.create(url, FILLED)
    opening = StatementsFloor(url, size=4) if request.param == "statements" else FunctionFloor(url)
    async with opening as opened:
        yield Opened(opened.run, lambda: databases.execute(COUNTS, url=url)[0])
    databases.drop(url)


async def test_a_free_time_is_booked_once_for_each_key(floor: Opened) -> None:
    assert await floor.run(ORDER) is Result.DONE
    assert await floor.run(replace(ORDER, booking_id="again")) is Result.REPLAYED


@pytest.mark.parametrize(("start", "end"), [(540, 601), (674, 734), (610, 620), (500, 800), (600, 675)])
async def test_an_overlapping_time_is_taken(floor: Opened, start: int, end: int) -> None:
    assert await floor.run(replace(ORDER, start=start, end=end)) is Result.TAKEN
    assert await floor.run(replace(ORDER, technician="cat", start=start, end=end)) is Result.DONE


async def test_one_of_many_callers_of_a_time_books_it(floor: Opened) -> None:
    orders = [replace(ORDER, key=f"k-{number}", booking_id=f"new-{number}") for number in range(30)]
    results = await asyncio.gather(*(floor.run(order) for order in orders))
    assert sorted(results) == [Result.DONE, *[Result.TAKEN] * 29]


async def test_a_hold_keeps_a_time_until_it_lapses(floor: Opened) -> None:
    hold, other = replace(ORDER, kind=Kind.HOLD), replace(ORDER, key="k-2", booking_id="new-2")
    confirm = replace(ORDER, key="k-3", kind=Kind.CONFIRM)
    assert await floor.run(hold) is Result.DONE
    assert await floor.run(other) is Result.TAKEN
    assert await floor.run(replace(confirm, now_ms=HOLD_MS)) is Result.TAKEN
    assert await floor.run(confirm) is Result.DONE
    assert await floor.run(replace(other, now_ms=HOLD_MS)) is Result.TAKEN


async def test_a_lapsed_hold_keeps_no_time(floor: Opened) -> None:
    assert await floor.run(replace(ORDER, kind=Kind.HOLD)) is Result.DONE
    assert await floor.run(replace(ORDER, key="k-2", booking_id="new-2", now_ms=HOLD_MS)) is Result.DONE


async def test_each_booking_has_all_its_rows(floor: Opened) -> None:
    hours = [replace(ORDER, key=f"k-{n}", booking_id=f"new-{n}", start=n * 60, end=n * 60 + 60) for n in range(24)]
    results = await asyncio.gather(*map(floor.run, hours))
    assert results.count(Result.DONE) == 22
    assert list(floor.counts()) == [22 + len(FILLED), 22, 22, 22, 22]
