"""Durable bookings a second at the level of the services, against raw sqlite3 that does the same statements."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.books import NOW, NOW_MS, book_of, end_of
from benchmarks.files import imported, scratch_folder
from benchmarks.raw_writer import RawWriter, Statement, Unit
from slotmcp.bootstrap import build_app
from slotmcp.domain.book import Book
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Minute
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import find_slots
from slotmcp.services.app import App
from slotmcp.services.bookings import BookRequest
from slotmcp.services.holds import HoldRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store import statements
from slotmcp.store.rows import Row
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

TECHNICIANS, DAYS = 50, 31
CALLS_BY_CALLERS = {1: 300, 8: 1000, 64: 3000}
TARGET = 1 / 15
"""3,000 a second where a raw writer makes 45,000."""

RECORDING_CALLERS = 8
VISIT = ServiceType(id="visit", name="Visit", duration_minutes=60)

Sell = Callable[[App, int, Minute], Awaitable[object]]
"""What one caller does with a start: the nth customer takes it."""


def rows() -> list[Benchmark]:
    """Bookings by number of callers, and pairs of hold and booking."""
    booked = [
        _row(f"book_slot-{callers}", "book_slot, durable", book, callers, TARGET if callers == 64 else None)
        for callers in CALLS_BY_CALLERS
    ]
    return [*booked, _row("hold-and-book-64", "create_hold and book_slot, durable", hold_and_book, 64, None)]


async def book(app: App, number: int, start: Minute) -> None:
    """Book a start directly."""
    await app.bookings.book_slot(
        BookRequest(project_id="p", service_id=VISIT.id, start=start, customer=_customer(number))
    )


async def hold_and_book(app: App, number: int, start: Minute) -> None:
    """Hold a start, then book it."""
    request = HoldRequest(project_id="p", service_id=VISIT.id, start=start, customer_reference=f"call-{number}")
    token = (await app.holds.create_hold(request)).hold.token
    await app.bookings.book_slot(BookRequest(project_id="p", hold_token=token, customer=_customer(number)))


def _row(name: str, measures: str, sell: Sell, callers: int, target: float | None) -> Benchmark:
    return Benchmark(
        name=name,
        measures=f"{measures}, {callers} {'callers' if callers > 1 else 'caller'}",
        floor="raw sqlite3, one writer thread, same statements",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: asyncio.run(_measure(effort, sell, callers)),
    )


async def _measure(effort: Effort, sell: Sell, callers: int) -> Sequence[Pair]:
    starts = _starts()[: round(CALLS_BY_CALLERS[callers] * effort.calls)]
    with scratch_folder() as folder:
        template = folder / "template.db"
        async with _open(template) as (app, _):
            await app.projects.import_project(imported(_business()), prune=False)
        units = await _recorded(_copy(template, "recorded"), sell, starts)
        return [
            Pair(
                await _raw_rate(_copy(template, f"raw-{number}"), units, len(starts), callers),
                await _our_rate(_copy(template, f"ours-{number}"), sell, starts, callers),
            )
            for number in range(effort.slow_pairs)
        ]


async def _our_rate(path: Path, sell: Sell, starts: Sequence[Minute], callers: int) -> float:
    async with _open(path) as (app, _):
        await app.slots.get_slots(SlotQuery(project_id="p"))  # a server that has just started is another matter
        seconds = await _seconds((sell(app, number, start) for number, start in enumerate(starts)), callers)
        sold = len((await app.projects.export_project("p")).bookings)
    if sold != len(starts):
        raise AssertionError(f"{sold} of {len(starts)} were sold")
    return len(starts) / seconds


async def _raw_rate(path: Path, units: Sequence[Unit], sales: int, callers: int) -> float:
    async with RawWriter(path) as writer:
        return sales / await _seconds((writer.write(unit) for unit in units), callers)


async def _seconds(work: Iterator[Awaitable[object]], callers: int) -> float:
    """How long it takes so many callers, each of whom takes up the next piece when one is done."""

    async def call() -> None:
        for piece in work:
            await piece

    began = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return perf_counter() - began


async def _recorded(path: Path, sell: Sell, starts: Sequence[Minute]) -> Sequence[Unit]:
    """The statements that the store runs for these sales, unit by unit."""
    units: list[list[Statement]] = []
    async with _open(path) as (app, store):
        writer = store._writer  # noqa: SLF001  where every statement of a unit passes
        fetch = writer._fetch  # noqa: SLF001

        async def recording(statement: str, /, **values: object) -> Sequence[Row]:
            if statement == statements.PROJECT_STATE:
                units.append([])
            units[-1].append((statement, values))
            return await fetch(statement, **values)

        writer._fetch = recording  # noqa: SLF001
        await _seconds((sell(app, number, start) for number, start in enumerate(starts)), RECORDING_CALLERS)
    return units


@asynccontextmanager
async def _open(path: Path) -> AsyncIterator[tuple[App, SqliteStore]]:
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        yield build_app(store), store


def _copy(template: Path, name: str) -> Path:
    """A database of its own, as it was after the import."""
    return Path(shutil.copyfile(template, template.with_name(f"{name}.db")))


def _business() -> Book:
    return replace(book_of(TECHNICIANS, DAYS, bookings_a_day=0), services={VISIT.id: VISIT})


def _starts() -> list[Minute]:
    """Every unit that can be sold on the hour, in random order: whatever was sold before, each of them can be had."""
    slots = find_slots(Availability.of(_business(), NOW_MS), Need.of_service(VISIT), NOW, end_of(DAYS))
    starts = [slot.start for slot in slots if slot.start % VISIT.duration_minutes == 0 for _ in range(slot.capacity)]
    Random(20261122).shuffle(starts)  # noqa: S311  not a secret
    return starts


def _customer(number: int) -> Customer:
    return Customer(name=f"Customer {number}", phone=f"+1 303 {number:07}")
