"""Bookings on a PostgreSQL that is 2 ms away, against one call of a function for each group of bookings."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of
from benchmarks.sales import VISIT, BookStart, book, business, hold_and_book, seconds_of, starts
from benchmarks.scale.databases import fill, opened, postgres_server
from benchmarks.scale.one_call import Job, OneCallBooking, count_bookings, create_tables, open_floor
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from support.postgres_databases import Databases, name_of
from support.trip_proxy import TripProxy, delayed_postgres

TRIP_SECONDS: Final = 0.002
CALLS_BY_CALLERS: Final = {1: 100, 8: 200, 64: 320}
TARGETS: Final = {1: 0.4, 8: 0.2, 64: 0.2}
"""Shares of the floor's rate. At 64 callers, 0.2 is 30 times the rate of 2026-11-29 where the floor makes 4,400/s."""
PAIR_TARGET: Final = 0.15
"""Three times Floyd's 110 pairs a second, where the floor makes 2,200."""
GROUP: Final = 32
WARM_UP_CALLS: Final = 8
"""Bookings before the measurement: the connections prepare the statements."""

FloorCall = Callable[[OneCallBooking, Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Work:
    """Calls of each caller, in slotmcp and in the floor."""

    name: str
    book_start: BookStart
    floor_call: FloorCall


async def _floor_book(floor: OneCallBooking, job: Job) -> None:
    await floor.book.call(job)


async def _floor_hold_and_book(floor: OneCallBooking, job: Job) -> None:
    await floor.hold.call(job)
    await floor.book.call(job)


BOOK: Final = Work("book_slot", book, _floor_book)
HOLD_AND_BOOK: Final = Work("hold-and-book", hold_and_book, _floor_hold_and_book)


def rows() -> list[Benchmark]:
    """Return the rows: rates by number of callers, and round trips."""
    rates = [_rate_row(BOOK, callers, target) for callers, target in TARGETS.items()]
    return [
        *rates,
        _rate_row(HOLD_AND_BOOK, 64, PAIR_TARGET),
        _trips_row("trips-1", "one booking", 1, target=2),
        _trips_row(f"trips-{GROUP}", f"{GROUP} simultaneous bookings", GROUP, target=3),
    ]


def _rate_row(work: Work, callers: int, target: float) -> Benchmark:
    return Benchmark(
        name=f"postgres-2ms-{work.name}-{callers}",
        measures=f"{work.name} on a PostgreSQL with 2 ms a trip, {callers} {'callers' if callers > 1 else 'caller'}",
        floor="asyncpg, one call of a function for each group of callers, same trips",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: _measure_rate(effort, work, callers),
    )


def _trips_row(name: str, measures: str, callers: int, *, target: float) -> Benchmark:
    return Benchmark(
        name=f"postgres-2ms-{name}",
        measures=f"trips to PostgreSQL for {measures}",
        floor="the same by one call of a function for each group",
        unit=Measure.TRIPS,
        ratio=Ratio.AMOUNT,
        target=target,
        measure=lambda effort: _measure_trips(effort, callers),
    )


def _measure_rate(effort: Effort, work: Work, callers: int) -> Sequence[Pair]:
    calls = max(callers, round(CALLS_BY_CALLERS[callers] * effort.calls))
    with _measuring() as measuring:
        return [
            Pair(
                calls / asyncio.run(measuring.floor(work, callers, calls)).seconds,
                calls / asyncio.run(measuring.ours(work, callers, calls)).seconds,
            )
            for _ in range(effort.slow_pairs)
        ]


def _measure_trips(effort: Effort, callers: int) -> Sequence[Pair]:
    with _measuring() as measuring:
        return [
            Pair(
                asyncio.run(measuring.floor(BOOK, callers, callers)).trips,
                asyncio.run(measuring.ours(BOOK, callers, callers)).trips,
            )
            for _ in range(effort.slow_pairs)
        ]


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of all calls of a measurement."""

    seconds: float
    trips: int


@contextmanager
def _measuring() -> Iterator["Measuring"]:
    databases = postgres_server()
    with delayed_postgres(databases.url("postgres"), trip_seconds=TRIP_SECONDS) as proxy:
        yield Measuring(databases, proxy, *_templates())


@cache
def _templates() -> tuple[str, str]:
    """Return a database with the business, and one with the tables of the floor."""
    databases = postgres_server()
    ours, floor = databases.create("filled"), databases.create("floor")
    asyncio.run(fill(ours, [plan_of(business())]))
    asyncio.run(create_tables(floor))
    return ours, floor


@dataclass(frozen=True, slots=True)
class Measuring:
    """Server, the proxy to it, and the databases from which each measurement gets a copy."""

    databases: Databases
    proxy: TripProxy
    our_template: str
    floor_template: str

    async def ours(self, work: Work, callers: int, calls: int) -> Cost:
        """Book through the services."""
        sold = _starts()[: calls + WARM_UP_CALLS]
        async with opened(self._copy(self.our_template)) as app:
            await app.slots.get_slots(SlotQuery(project_id="p"))
            cost = await self._cost(callers, calls, lambda number: work.book_start(app, number, sold[number]))
            await _check(app, len(sold))
        return cost

    async def floor(self, work: Work, callers: int, calls: int) -> Cost:
        """Book through the function of the floor."""
        jobs, url = list(_jobs(calls + WARM_UP_CALLS)), self._copy(self.floor_template)
        async with open_floor(url) as floor:
            cost = await self._cost(callers, calls, lambda number: work.floor_call(floor, jobs[number]))
        assert await count_bookings(url) == len(jobs)
        return cost

    def _copy(self, template: str) -> str:
        return self.proxy.url(self.databases.create(template=name_of(template)))

    async def _cost(self, callers: int, calls: int, call: Callable[[int], Awaitable[object]]) -> Cost:
        await seconds_of(map(call, range(WARM_UP_CALLS)), min(callers, WARM_UP_CALLS))
        trips = self.proxy.trips
        seconds = await seconds_of(map(call, range(WARM_UP_CALLS, WARM_UP_CALLS + calls)), callers)
        return Cost(seconds, self.proxy.trips - trips)


def _jobs(count: int) -> Iterator[Job]:
    """Yield bookings that do not overlap."""
    for number in range(count):
        start = number // 50 * VISIT.duration_minutes
        yield Job(
            id=f"booking-{number}",
            technician=number % 50,
            start_minute=start,
            end_minute=start + VISIT.duration_minutes,
            name=f"Customer {number}",
            phone=f"+1303{number:07}",
        )


_starts = cache(starts)


async def _check(app: App, expected: int) -> None:
    booked = len((await app.projects.export_project("p")).bookings)
    if booked != expected:
        raise AssertionError(f"{booked} of {expected} starts were booked")
