"""Bookings per second on PostgreSQL in the services, against raw asyncpg with the same statements."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from unittest import mock

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import RESULTS, plan_of
from benchmarks.raw_postgres import RawConnections, Unit, calls_of
from benchmarks.sales import BookStart, book, business, hold_and_book, seconds_of, starts
from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import build_app
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.statements import LOCK_PROJECT
from slotmcp.store.postgres.store import POOL_SIZE, PostgresStore
from slotmcp.store.statement import Row, Statement
from support.clock import HandClock
from support.postgres_databases import Databases, name_of
from support.postgres_server import started_server

CALLS_BY_CALLERS = {1: 200, 8: 400, 64: 1000}
TARGET = 0.6
DEFAULT_TIMEOUT_MS = 60_000


def rows() -> list[Benchmark]:
    """Return the rows: bookings by number of callers, and pairs of hold and booking."""
    booked = [
        _row(f"postgres-book_slot-{callers}", "book_slot on PostgreSQL", book, callers) for callers in CALLS_BY_CALLERS
    ]
    return [*booked, _row("postgres-hold-and-book-64", "create_hold and book_slot on PostgreSQL", hold_and_book, 64)]


def _row(name: str, measures: str, book_start: BookStart, callers: int) -> Benchmark:
    return Benchmark(
        name=name,
        measures=f"{measures}, durable, {callers} {'callers' if callers > 1 else 'caller'}",
        floor=f"raw asyncpg, {POOL_SIZE} connections, same statements",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=TARGET,
        measure=lambda effort: asyncio.run(_measure(effort, book_start, callers)),
    )


async def _measure(effort: Effort, book_start: BookStart, callers: int) -> Sequence[Pair]:
    sold = starts()[: round(CALLS_BY_CALLERS[callers] * effort.calls)]
    RESULTS.mkdir(exist_ok=True)
    with started_server(fsync=True, parent=RESULTS) as server:
        databases = Databases(server.url("postgres"))
        template = databases.create("filled")
        async with _open(template) as app:
            await app.projects.import_project(plan_of(business()), prune=False)
        sales = await _recorded(databases.create(template=name_of(template)), book_start, sold)
        return [
            Pair(
                await _raw_rate(databases.create(template=name_of(template)), sales, callers),
                await _our_rate(databases.create(template=name_of(template)), book_start, sold, callers),
            )
            for _ in range(effort.slow_pairs)
        ]


async def _our_rate(url: str, book_start: BookStart, sold: Sequence[Minute], callers: int) -> float:
    async with _open(url) as app:
        await app.slots.get_slots(SlotQuery(project_id="p"))  # warm up
        seconds = await seconds_of((book_start(app, number, start) for number, start in enumerate(sold)), callers)
        booked = len((await app.projects.export_project("p")).bookings)
    if booked != len(sold):
        raise AssertionError(f"{booked} of {len(sold)} starts were booked")
    return len(sold) / seconds


async def _raw_rate(url: str, sales: Sequence[Sequence[Unit]], callers: int) -> float:
    calls = [list(map(calls_of, units)) for units in sales]
    async with RawConnections(url, POOL_SIZE) as connections:
        return len(sales) / await seconds_of((connections.run(units) for units in calls), callers)


async def _recorded(url: str, book_start: BookStart, sold: Sequence[Minute]) -> Sequence[Sequence[Unit]]:
    """Return the statements of each booking, by unit of work. A single caller makes each unit take the lock."""
    units: list[list[tuple[Statement, dict[str, object]]]] = []
    ends = [0]
    fetch = Link.fetch

    async def recording(self: Link, statement: Statement, /, **values: object) -> Sequence[Row]:
        if statement is LOCK_PROJECT:
            units.append([])
        if units:
            units[-1].append((statement, values))
        return await fetch(self, statement, **values)

    async def sale(app: App, number: int, start: Minute) -> None:
        await book_start(app, number, start)
        ends.append(len(units))

    async with _open(url) as app:
        await app.slots.get_slots(SlotQuery(project_id="p"))
        with mock.patch.object(Link, "fetch", recording):
            await seconds_of((sale(app, number, start) for number, start in enumerate(sold)), 1)
    return [units[begin:end] for begin, end in pairwise(ends)]


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[App]:
    async with PostgresStore.open(url, clock=HandClock(NOW_MS), timeout_ms=DEFAULT_TIMEOUT_MS) as store:
        yield build_app(store)
