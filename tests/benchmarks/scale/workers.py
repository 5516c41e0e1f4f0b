"""Rates of servers with one, two and four workers, and the connections of each worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from time import perf_counter
from typing import Final

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of
from benchmarks.sales import business, sales
from benchmarks.scale.calls import book, search
from benchmarks.scale.clients import HttpClient
from benchmarks.scale.databases import STORES, empty_database, fill
from benchmarks.scale.servers import measured_server
from support.http_server import HttpServer
from support.workers import all_accept, count_connections, workers_of

WORKERS: Final = (2, 4)
CALLERS: Final = 64
WARM_UP_ROUNDS: Final = 4
CALLS: Final = {"get_slots": 6400, "book_slot": 1280}
TARGETS: Final = {("get_slots", 2): 1.5}
"""Rates with two workers against one. With two cores, the client and the database need a part of the second core."""
SHARE_TARGET: Final = 1.5
"""Connections of the busiest worker against an equal share."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls per second by tool, and the number of connections of the busiest worker."""

    rates: Mapping[str, float]
    busiest: int


def rows() -> list[Benchmark]:
    """Return the rows of each store."""
    return [
        row
        for store in STORES
        for workers in WORKERS
        for row in (*(_rate_row(store, workers, tool) for tool in CALLS), _share_row(store, workers))
    ]


def _rate_row(store: str, workers: int, tool: str) -> Benchmark:
    return Benchmark(
        name=f"workers-{workers}-{store}-{tool}",
        measures=f"{tool} over HTTP on {store}, {CALLERS} callers, {workers} workers",
        floor="the same with one worker",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=TARGETS.get((tool, workers)),
        measure=partial(_measure_rate, store, workers, tool),
        is_long=True,
    )


def _share_row(store: str, workers: int) -> Benchmark:
    return Benchmark(
        name=f"workers-{workers}-{store}-connections",
        measures=f"connections of the busiest of {workers} workers on {store}, {CALLERS} callers",
        floor="an equal share",
        unit=Measure.CONNECTIONS,
        ratio=Ratio.AMOUNT,
        target=SHARE_TARGET,
        measure=partial(_measure_share, store, workers),
        is_long=True,
    )


def _measure_rate(store: str, workers: int, tool: str, effort: Effort) -> Sequence[Pair]:
    one, several = (_figures(store, number, effort.calls) for number in (1, workers))
    return [Pair(one.rates[tool], several.rates[tool])]


def _measure_share(store: str, workers: int, effort: Effort) -> Sequence[Pair]:
    return [Pair(CALLERS / workers, _figures(store, workers, effort.calls).busiest)]


@cache
def _figures(store: str, workers: int, share_of_calls: float) -> Figures:
    with empty_database(store) as url:
        asyncio.run(fill(url, [plan_of(business())]))
        with measured_server(url, workers=workers) as server:
            return asyncio.run(_measure(server, workers, share_of_calls))


async def _measure(server: HttpServer, workers: int, share_of_calls: float) -> Figures:
    processes = _processes(server, workers)
    port = int(server.url.rpartition(":")[2])
    await all_accept(port, processes)
    searches, bookings = (max(CALLERS, round(calls * share_of_calls)) for calls in CALLS.values())
    sold = iter(sales(bookings))
    async with _clients(server.url) as clients:
        await _rate(clients, search, CALLERS * WARM_UP_ROUNDS)
        busiest = max(count_connections(port, pid) for pid in processes)
        search_rate = await _rate(clients, search, searches)
        booking_rate = await _rate(clients, lambda client: book(client, next(sold)), bookings)
    return Figures({"get_slots": search_rate, "book_slot": booking_rate}, busiest)


def _processes(server: HttpServer, workers: int) -> Sequence[int]:
    """Return the processes that may serve: the server itself, or its workers."""
    return [server.process.pid] if workers == 1 else workers_of(server.process.pid)


@asynccontextmanager
async def _clients(url: str) -> AsyncIterator[Sequence[HttpClient]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(HttpClient.open(url)) for _ in range(CALLERS)]


Call = Callable[[HttpClient], Coroutine[object, object, None]]


async def _rate(clients: Sequence[HttpClient], call: Call, calls: int) -> float:
    """Return the calls per second of all clients together."""
    numbers = iter(range(calls))

    async def run(client: HttpClient) -> None:
        for _ in numbers:
            await call(client)

    started = perf_counter()
    await asyncio.gather(*map(run, clients))
    return calls / (perf_counter() - started)
