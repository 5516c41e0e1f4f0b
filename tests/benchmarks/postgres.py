"""Bookings per second on PostgreSQL in the services, against the minimum in asyncpg."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import LIFETIME, RESULTS, plan_of, run_apart
from benchmarks.floors import postgres as floors
from benchmarks.floors.order import Floor
from benchmarks.sales import (
    BOOK,
    HOLD_AND_BOOK,
    VISIT,
    Sale,
    Workload,
    business,
    check_floor,
    check_ours,
    sales,
    spans,
    timed,
)
from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from slotmcp.store.postgres.store import POOL_SIZE, PostgresStore
from support.clock import HandClock
from support.postgres_databases import Databases
from support.postgres_server import started_server

CALLS_BY_CALLERS = {1: 200, 8: 400, 64: 1000}
TIMEOUT_MS = 60_000

OpenFloor = Callable[[str], AbstractAsyncContextManager[Floor]]
"""Opens a floor over the database of a URL."""


def rows() -> list[Benchmark]:
    """Return the rows: bookings by number of callers, and pairs of hold and booking, against two floors."""
    statements = f"one statement after the other in asyncpg, {POOL_SIZE} connections"
    function = "one database call for each group of callers"
    return [
        *(_row(f"postgres-book_slot-{n}", BOOK, n, statements, _statements) for n in CALLS_BY_CALLERS),
        _row("postgres-hold-and-book-64", HOLD_AND_BOOK, 64, statements, _statements),
        *(_row(f"postgres-one-call-{n}", BOOK, n, function, floors.FunctionFloor) for n in (1, 64)),
    ]


def _statements(url: str) -> AbstractAsyncContextManager[Floor]:
    return floors.StatementsFloor(url, POOL_SIZE)


def _row(name: str, workload: Workload, callers: int, floor: str, open_floor: OpenFloor) -> Benchmark:
    return Benchmark(
        name=name,
        measures=f"{workload.name} on PostgreSQL, durable, {callers} {'callers' if callers > 1 else 'caller'}",
        floor=f"minimal booking, {floor}",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=None,
        measure=lambda effort: asyncio.run(_measure(effort, workload, callers, open_floor)),
    )


async def _measure(effort: Effort, workload: Workload, callers: int, open_floor: OpenFloor) -> Sequence[Pair]:
    sold = sales(round(CALLS_BY_CALLERS[callers] * effort.calls))
    databases, ours, floor = filled_databases()
    pairs = []
    for _ in range(effort.slow_pairs):
        with databases.clone_of(floor) as floor_url, databases.clone_of(ours) as our_url:
            floor_rate = await _floor_rate(floor_url, workload, sold, callers, open_floor)
            pairs.append(Pair(floor_rate, await _our_rate(our_url, workload, sold, callers)))
    return pairs


@cache
def filled_databases() -> tuple[Databases, str, str]:
    """Return the databases of a durable server, and two of them with the business: slotmcp's and the floor's."""
    RESULTS.mkdir(exist_ok=True)
    server = LIFETIME.enter_context(started_server(fsync=True, parent=RESULTS))
    databases = Databases(server.url("postgres"))
    ours, floor = databases.create("filled"), databases.create("floor")

    async def fill() -> None:
        async with _open(ours) as app:
            await app.projects.import_project(plan_of(business()), prune=False)
        await floors.create(floor, spans())

    run_apart(fill())
    return databases, ours, floor


async def _our_rate(url: str, workload: Workload, sold: Sequence[Sale], callers: int) -> float:
    async with _open(url) as app:
        await app.slots.get_slots(SlotQuery(project_id="p", service_id=VISIT.id))  # warm up
        seconds, answers = await timed(partial(workload.ours, app), sold, callers)
        check_ours(answers, (await app.projects.export_project("p")).bookings)
    return len(sold) / seconds


async def _floor_rate(url: str, workload: Workload, sold: Sequence[Sale], callers: int, open_floor: OpenFloor) -> float:
    async with open_floor(url) as floor:
        seconds, answers = await timed(partial(workload.floor, floor), sold, callers)
    check_floor(answers)
    return len(sold) / seconds


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[App]:
    async with PostgresStore.open(url, clock=HandClock(NOW_MS), timeout_ms=TIMEOUT_MS) as store:
        yield build_app(store)
