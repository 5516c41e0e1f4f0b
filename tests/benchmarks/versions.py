"""Bookings per second over HTTP, against the version of 2026-11-29 from the Git history, on the same workload.

Both versions import the same project file, and serve the same calls with the same libraries. Callers know only the
wire, which has not changed since.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.clocked import clocked
from benchmarks.files import scratch_folder
from benchmarks.http_client import connected
from benchmarks.responses import utc
from benchmarks.sales import VISIT, Sale, sales
from benchmarks.schedules import NOW_MS
from benchmarks.version_databases import OpenDatabase, by, on_distant_postgres, on_postgres, on_sqlite, source_of
from support.http_server import TESTS, call_of, serving

REVISION: Final = "47edf4c"
"""Last revision of 2026-11-29."""
DATE: Final = "2026-11-29"
CALLS_BY_CALLERS: Final = {1: 200, 16: 800, 64: 1600}
NOW_SOURCE: Final = TESTS.parent / "src"


def rows() -> list[Benchmark]:
    """Return the rows: bookings on SQLite and PostgreSQL by number of callers."""
    return [
        _row("book_slot-http-16", "SQLite", 16, 2, on_sqlite),
        _row("book_slot-http-64", "SQLite", 64, 2, on_sqlite),
        _row("postgres-book_slot-http-1", "PostgreSQL", 1, 2, on_postgres),
        _row("postgres-book_slot-http-64", "PostgreSQL", 64, 3, on_postgres),
        _row("postgres-2ms-book_slot-http-64", "PostgreSQL with 2 ms a trip", 64, 30, on_distant_postgres),
    ]


def _row(name: str, store: str, callers: int, target: float, open_database: OpenDatabase) -> Benchmark:
    return Benchmark(
        name=f"{name}-since-{DATE}",
        measures=f"book_slot on {store} over HTTP, durable, {callers} {'callers' if callers > 1 else 'caller'}",
        floor=f"the version of {DATE} ({REVISION})",
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: _measure(effort, callers, open_database),
        is_long=True,
    )


def _measure(effort: Effort, callers: int, open_database: OpenDatabase) -> Sequence[Pair]:
    sold = sales(max(callers, round(CALLS_BY_CALLERS[callers] * effort.calls)))
    before = source_of(REVISION)
    return [
        Pair(*(_rate(source, sold, callers, open_database) for source in (before, NOW_SOURCE)))
        for _ in range(effort.slow_pairs)
    ]


def _rate(source: Path, sold: Sequence[Sale], callers: int, open_database: OpenDatabase) -> float:
    """Return the bookings per second of a version, and check its responses."""
    command = by(source, *clocked("slotmcp", "http", "--port", "0", now_ms=NOW_MS))
    with open_database(source) as url, scratch_folder() as folder:
        limits = {"rate_limit_per_call": "0", "rate_limit_per_key": "0"}
        with serving(folder, command=command, database_url=url, **limits) as server:
            seconds, bodies = asyncio.run(_book(server.url, sold, callers))
    check_bookings(sold, bodies)
    return len(sold) / seconds


async def _book(url: str, sold: Sequence[Sale], callers: int) -> tuple[float, list[dict[str, Any]]]:
    remaining, bodies = iter(sold), list[bytes]()

    async def call() -> None:
        async with connected(url) as post:
            for sale in remaining:
                bodies.append(await post(message_of(sale)))

    async with connected(url) as post:
        await post(orjson.dumps(call_of("get_slots", serviceType=VISIT.id)))  # warm up
    started = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    seconds = perf_counter() - started
    return seconds, [orjson.loads(body)["result"]["structuredContent"] for body in bodies]


def message_of(sale: Sale) -> bytes:
    """Return the message that makes a sale."""
    return orjson.dumps(
        call_of(
            "book_slot",
            serviceType=VISIT.id,
            start=utc(sale.start),
            customerName=sale.customer.name,
            customerPhone=sale.customer.phone,
            idempotencyKey=f"key-{sale.number}",
        )
    )


def check_bookings(sold: Sequence[Sale], bodies: Sequence[dict[str, Any]]) -> None:
    """Require that each sale was confirmed once, for a technician without another one at that time."""
    bookings = [body["booking"] for body in bodies if "booking" in body and not body["replayed"]]
    if sorted(booking["start"] for booking in bookings) != sorted(utc(sale.start) for sale in sold):
        failed = next((body for body in bodies if "booking" not in body), None)
        raise AssertionError(f"{len(bookings)} of {len(sold)} starts were booked; {failed}")
    times = {(booking["start"], booking["technicianId"]) for booking in bookings}
    if len(times) < len(sold) or len({booking["bookingId"] for booking in bookings}) < len(sold):
        raise AssertionError("a technician was booked twice")
