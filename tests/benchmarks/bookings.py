"""Durable bookings per second in the services, against raw sqlite3 with the same statements."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.raw_writer import Call, RawWriter, Unit
from benchmarks.sales import BookStart, book, business, hold_and_book, seconds_of, starts
from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import build_app
from slotmcp.domain.interval import Minute
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from slotmcp.store.catalog import PROJECT_STATE
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.statement import Row, Statement
from support.clock import HandClock

CALLS_BY_CALLERS = {1: 300, 8: 1000, 64: 3000}
TARGET = 1 / 15
"""3,000 per second if the raw writer makes 45,000."""

RECORDING_CALLERS = 8


def rows() -> list[Benchmark]:
    """Return the rows: bookings by number of callers, and pairs of hold and booking."""
    booked = [
        _row(f"book_slot-{callers}", "book_slot, durable", book, callers, TARGET if callers == 64 else None)
        for callers in CALLS_BY_CALLERS
    ]
    return [*booked, _row("hold-and-book-64", "create_hold and book_slot, durable", hold_and_book, 64, None)]


def _row(name: str, measures: str, book_start: BookStart, callers: int, target: float | None) -> Benchmark:
    return Benchmark(
        name=name,
        measures=f"{measures}, {callers} {'callers' if callers > 1 else 'caller'}",
        floor="raw sqlite3, one writer thread, same statements",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: asyncio.run(_measure(effort, book_start, callers)),
    )


async def _measure(effort: Effort, book_start: BookStart, callers: int) -> Sequence[Pair]:
    sold = starts()[: round(CALLS_BY_CALLERS[callers] * effort.calls)]
    with scratch_folder() as folder:
        template = folder / "template.db"
        async with _open(template) as (app, _):
            await app.projects.import_project(plan_of(business()), prune=False)
        units = await _recorded(_copy(template, "recorded"), book_start, sold)
        return [
            Pair(
                await _raw_rate(_copy(template, f"raw-{number}"), units, len(sold), callers),
                await _our_rate(_copy(template, f"ours-{number}"), book_start, sold, callers),
            )
            for number in range(effort.slow_pairs)
        ]


async def _our_rate(path: Path, book_start: BookStart, sold: Sequence[Minute], callers: int) -> float:
    async with _open(path) as (app, _):
        await app.slots.get_slots(SlotQuery(project_id="p"))  # warm up
        seconds = await seconds_of((book_start(app, number, start) for number, start in enumerate(sold)), callers)
        booked = len((await app.projects.export_project("p")).bookings)
    if booked != len(sold):
        raise AssertionError(f"{booked} of {len(sold)} starts were booked")
    return len(sold) / seconds


async def _raw_rate(path: Path, units: Sequence[Unit], sales: int, callers: int) -> float:
    async with RawWriter(path) as writer:
        return sales / await seconds_of((writer.write(unit) for unit in units), callers)


async def _recorded(path: Path, book_start: BookStart, sold: Sequence[Minute]) -> Sequence[Unit]:
    """Return the statements that the store runs for these bookings, by unit of work."""
    units: list[list[Call]] = []
    async with _open(path) as (app, store):
        writer = store._writer  # noqa: SLF001  runs every statement of a unit
        fetch = writer._fetch  # noqa: SLF001

        async def recording(statement: Statement, /, **values: object) -> Sequence[Row]:
            if statement is PROJECT_STATE:
                units.append([])
            units[-1].append((statement, values))
            return await fetch(statement, **values)

        writer._fetch = recording  # noqa: SLF001
        await seconds_of((book_start(app, number, start) for number, start in enumerate(sold)), RECORDING_CALLERS)
    return units


@asynccontextmanager
async def _open(path: Path) -> AsyncIterator[tuple[App, SqliteStore]]:
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        yield build_app(store), store


def _copy(template: Path, name: str) -> Path:
    """Return a copy of the database as it was after the import."""
    return Path(shutil.copyfile(template, template.with_name(f"{name}.db")))
