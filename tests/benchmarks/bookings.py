"""Durable bookings per second in the services on SQLite, against the minimum in sqlite3."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import LIFETIME, plan_of, run_apart, scratch_folder
from benchmarks.floors import sqlite as floors
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
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

CALLS_BY_CALLERS = {1: 300, 8: 1000, 64: 3000}


def rows() -> list[Benchmark]:
    """Return the rows: bookings by number of callers, and pairs of hold and booking."""
    booked = [_row(f"book_slot-{callers}", BOOK, callers) for callers in CALLS_BY_CALLERS]
    return [*booked, _row("hold-and-book-64", HOLD_AND_BOOK, 64)]


def _row(name: str, workload: Workload, callers: int) -> Benchmark:
    return Benchmark(
        name=name,
        measures=f"{workload.name}, durable, {callers} {'callers' if callers > 1 else 'caller'}",
        floor="minimal booking in sqlite3, one writer thread, group commit",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=None,
        measure=lambda effort: asyncio.run(_measure(effort, workload, callers)),
    )


async def _measure(effort: Effort, workload: Workload, callers: int) -> Sequence[Pair]:
    sold = sales(round(CALLS_BY_CALLERS[callers] * effort.calls))
    with scratch_folder() as folder:
        return [
            Pair(
                await _floor_rate(folder / f"floor-{number}.db", workload, sold, callers),
                await _our_rate(folder / f"ours-{number}.db", workload, sold, callers),
            )
            for number in range(effort.slow_pairs)
        ]


@cache
def filled_file() -> Path:
    """Return a database file with the business, to be copied."""
    path = LIFETIME.enter_context(scratch_folder()) / "template.db"

    async def fill() -> None:
        async with _open(path) as app:
            await app.projects.import_project(plan_of(business()), prune=False)

    run_apart(fill())
    return path


async def _our_rate(path: Path, workload: Workload, sold: Sequence[Sale], callers: int) -> float:
    shutil.copyfile(filled_file(), path)
    async with _open(path) as app:
        await app.slots.get_slots(SlotQuery(project_id="p", service_id=VISIT.id))  # warm up
        seconds, answers = await timed(partial(workload.ours, app), sold, callers)
        check_ours(answers, (await app.projects.export_project("p")).bookings)
    return len(sold) / seconds


async def _floor_rate(path: Path, workload: Workload, sold: Sequence[Sale], callers: int) -> float:
    floors.create(path, spans())
    async with floors.SqliteFloor(path) as floor:
        seconds, answers = await timed(partial(workload.floor, floor), sold, callers)
    check_floor(answers)
    return len(sold) / seconds


@asynccontextmanager
async def _open(path: Path) -> AsyncIterator[App]:
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        yield build_app(store)
