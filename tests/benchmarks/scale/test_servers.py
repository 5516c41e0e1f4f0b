"""Measured servers: their clock starts at NOW in each worker; and the helpers of the rows."""

import asyncio

import pytest

from benchmarks.files import plan_of
from benchmarks.sales import business, sales
from benchmarks.scale.calls import book, search
from benchmarks.scale.clients import FailedCallError, HttpClient
from benchmarks.scale.databases import SQLITE, empty_database, fill
from benchmarks.scale.percentiles import Percentiles
from benchmarks.scale.servers import measured_server, memory_mb
from support.workers import workers_of


def test_percentiles_have_the_nearest_rank() -> None:
    assert Percentiles.of([3, 1, 2]) == Percentiles(p50=2, p99=3, p999=3, worst=3)
    assert Percentiles.of(range(1, 2001)) == Percentiles(p50=1000, p99=1980, p999=1998, worst=2000)


def test_workers_sell_the_starts_of_the_business() -> None:
    with empty_database(SQLITE) as url:
        asyncio.run(fill(url, [plan_of(business())]))
        with measured_server(url, workers=2) as server:
            asyncio.run(_sell(server.url))
            (first, second), pid = workers_of(server.process.pid), server.process.pid
            assert min(memory_mb(each) for each in (first, second, pid)) > 10


async def _sell(url: str) -> None:
    first, second = sales(2)
    for sale in (first, second):  # on a connection each
        async with HttpClient.open(url) as client:
            await search(client)
            await book(client, sale)
            with pytest.raises(FailedCallError, match="not_found"):
                await client.call("find_bookings", bookingId="unknown", projectId="unknown")
