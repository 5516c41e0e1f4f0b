"""Bookings on a PostgreSQL that is 2 ms away, against one call of a function for each group of bookings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.floors.postgres import FunctionFloor
from benchmarks.postgres import filled_databases
from benchmarks.sales import BOOK, HOLD_AND_BOOK, VISIT, Sale, Workload, check_floor, check_ours, sales, timed
from benchmarks.scale.databases import opened
from slotmcp.services.app import App
from slotmcp.services.slots import SlotQuery
from support.postgres_databases import Databases
from support.trip_proxy import TripProxy, delayed_postgres

T = TypeVar("T")

TRIP_SECONDS: Final = 0.002
CALLS_BY_CALLERS: Final = {1: 100, 8: 200, 64: 320}
TARGETS: Final = {1: 0.4, 8: 0.2, 64: 0.2}
"""Shares of the floor's rate. At 64 callers, 0.2 is 30 times the rate of 2026-11-29 where the floor makes 4,400/s."""
PAIR_TARGET: Final = 0.15
"""Three times Floyd's 110 pairs a second, where the floor makes 2,200."""
GROUP: Final = 32
WARM_UP_SALES: Final = 8
"""Sales before the measurement, in which the connections prepare their statements."""


def rows() -> list[Benchmark]:
    """Return the rows: rates by number of callers, and round trips."""
    return [
        *(_rate_row(f"book_slot-{callers}", BOOK, callers, target) for callers, target in TARGETS.items()),
        _rate_row("hold-and-book-64", HOLD_AND_BOOK, 64, PAIR_TARGET),
        _trips_row("trips-1", "one booking", 1, target=2),
        _trips_row(f"trips-{GROUP}", f"{GROUP} simultaneous bookings", GROUP, target=3),
    ]


def _rate_row(name: str, workload: Workload, callers: int, target: float) -> Benchmark:
    return Benchmark(
        name=f"postgres-2ms-{name}",
        measures=f"{workload.name} on PostgreSQL with 2 ms a trip, {callers} {'callers' if callers > 1 else 'caller'}",
        floor="minimal booking, one database call for each group of callers, same trips",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=partial(_measure_rate, workload, callers),
    )


def _trips_row(name: str, measures: str, callers: int, *, target: float) -> Benchmark:
    return Benchmark(
        name=f"postgres-2ms-{name}",
        measures=f"trips to PostgreSQL for {measures}",
        floor="minimal booking, one database call for each group of callers",
        unit=Measure.TRIPS,
        ratio=Ratio.AMOUNT,
        target=target,
        measure=partial(_measure_trips, callers),
    )


def _measure_rate(workload: Workload, callers: int, effort: Effort) -> Sequence[Pair]:
    calls = max(callers, round(CALLS_BY_CALLERS[callers] * effort.calls))
    costs = _measure(workload, callers, calls, effort.slow_pairs)
    return [Pair(calls / floor.seconds, calls / ours.seconds) for floor, ours in costs]


def _measure_trips(callers: int, effort: Effort) -> Sequence[Pair]:
    return [Pair(floor.trips, ours.trips) for floor, ours in _measure(BOOK, callers, callers, effort.slow_pairs)]


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of all measured sales."""

    seconds: float
    trips: int


def _measure(workload: Workload, callers: int, calls: int, pairs: int) -> list[tuple[Cost, Cost]]:
    """Return the costs of the floor and of slotmcp."""
    sold = sales(WARM_UP_SALES + calls)
    databases, ours, floor = filled_databases()
    with _measuring(databases, sold, callers) as measuring:
        return [
            (asyncio.run(measuring.floor(workload, floor)), asyncio.run(measuring.ours(workload, ours)))
            for _ in range(pairs)
        ]


@contextmanager
def _measuring(databases: Databases, sold: Sequence[Sale], callers: int) -> Iterator["Measuring"]:
    with delayed_postgres(databases.url("postgres"), trip_seconds=TRIP_SECONDS) as proxy:
        yield Measuring(databases, proxy, sold, callers)


@dataclass(frozen=True, slots=True)
class Measuring:
    """Databases behind a proxy, and the sales to make in a copy of each template."""

    databases: Databases
    proxy: TripProxy
    sold: Sequence[Sale]
    callers: int

    async def ours(self, workload: Workload, template: str) -> Cost:
        """Make the sales through the services."""
        with self.databases.clone_of(template) as url:
            async with _warm(self.proxy.url(url)) as app:
                cost, answers = await self._cost(partial(workload.ours, app))
                check_ours(answers, (await app.projects.export_project("p")).bookings)
        return cost

    async def floor(self, workload: Workload, template: str) -> Cost:
        """Make the sales in the floor."""
        with self.databases.clone_of(template) as url:
            async with FunctionFloor(self.proxy.url(url)) as floor:
                cost, answers = await self._cost(partial(workload.floor, floor))
        check_floor(answers)
        return cost

    async def _cost(self, work: Callable[[Sale], Awaitable[T]]) -> tuple[Cost, list[tuple[Sale, T]]]:
        _, first_answers = await timed(work, self.sold[:WARM_UP_SALES], self.callers)
        trips = self.proxy.trips
        seconds, answers = await timed(work, self.sold[WARM_UP_SALES:], self.callers)
        return Cost(seconds, self.proxy.trips - trips), first_answers + answers


@asynccontextmanager
async def _warm(url: str) -> AsyncIterator[App]:
    async with opened(url) as app:
        await app.slots.get_slots(SlotQuery(project_id="p", service_id=VISIT.id))
        yield app
