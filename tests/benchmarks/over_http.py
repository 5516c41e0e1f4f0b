"""get_slots over HTTP from concurrent callers, against an echo tool of the same server with the same response."""

import asyncio
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.schedules import schedule_of
from support.http_server import call_of, serving, write_database

CALLERS: Final = 32
CALLS: Final = 1600
ROUNDS: Final = 5


def rows() -> list[Benchmark]:
    """Return the row: get_slots as a voice platform calls it."""
    return [
        Benchmark(
            name="get_slots-http-32-callers",
            measures="get_slots, limit 10, over HTTP",
            floor="echo tool of the same server, same answer",
            unit=Measure.PER_SECOND,
            ratio=Ratio.SHARE,
            target=0.7,
            measure=_measure,
        )
    ]


def _measure(effort: Effort) -> Sequence[Pair]:
    with scratch_folder() as folder:
        path = folder / "slots.db"
        asyncio.run(write_database(path, plan_of(schedule_of(50, 7))))
        with serving(path, command=[sys.executable, "-m", "benchmarks.echo_server"], rate_limit_per_call="0") as server:
            return asyncio.run(_pairs(server.url, round(CALLS * effort.calls)))


async def _pairs(url: str, calls: int) -> list[Pair]:
    messages = [orjson.dumps(call_of(tool, **arguments)) for tool, arguments in TOOLS]
    for message in messages:
        await _rate(url, message, CALLERS)
    return [Pair(*[await _rate(url, message, calls) for message in messages]) for _ in range(ROUNDS)]


TOOLS: Final[tuple[tuple[str, dict[str, object]], ...]] = (("echo", {}), ("get_slots", {"limit": 10}))


async def _rate(url: str, message: bytes, calls: int) -> float:
    """Return the calls answered per second."""
    started = perf_counter()
    await asyncio.gather(*(_caller(url, message, calls // CALLERS) for _ in range(CALLERS)))
    return calls / (perf_counter() - started)


async def _caller(url: str, message: bytes, calls: int) -> None:
    """Make calls on one connection, with a client of minimal cost."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    request = (
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n%b" % (len(message), message)
    )
    for _ in range(calls):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        answer = await reader.readexactly(length)
        assert b'"slots"' in answer
    writer.close()
    await writer.wait_closed()
