"""get_slots over HTTP at 32 callers, each on a connection that it keeps, against servers that have the answer ready."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.books import NOW, book_of
from benchmarks.files import imported, scratch_folder
from benchmarks.http_floor import ARGUMENTS
from slotmcp.domain.book import Book
from slotmcp.domain.interval import MINUTES_PER_DAY
from support.http_server import MODERN, SLOTMCP_HTTP, call_of, headers_of, serving, write_books

CALLERS: Final = 32
CALLS: Final = 1_600
"""In one number."""
PAIRS: Final = 5
HORIZON_DAYS: Final = 31
FLOOR: Final = (sys.executable, "-m", "benchmarks.http_floor")


def rows() -> list[Benchmark]:
    """The same call, for clients of the newest protocol and of those before it."""
    return [
        _row("newest", "protocol 2026-07-28", "sdk", _newest(), 0.7),
        _row("handshake", "protocol 2025-11-25", "sdk", _handshake(), 0.7),
        _row("bare", "protocol 2026-07-28", "bare", _newest(), None),
    ]


def _row(name: str, measures: str, floor: str, request: bytes, target: float | None) -> Benchmark:
    floors = {
        "sdk": "echo tool, same answer, the MCP library alone",
        "bare": "Starlette and orjson, same answer, no MCP",
    }
    return Benchmark(
        name=f"get_slots-50x7-http-{name}",
        measures=f"get_slots over HTTP, {CALLERS} callers, {measures}",
        floor=floors[floor],
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: _measure(effort, floor, request),
    )


def _measure(effort: Effort, floor: str, request: bytes) -> Sequence[Pair]:
    calls = round(CALLS * effort.calls)
    with _serving_both(floor) as (floor_port, our_port):
        return asyncio.run(_pairs(min(PAIRS, effort.most_pairs), calls, (floor_port, our_port), request))


@contextmanager
def _serving_both(floor: str) -> Iterator[tuple[int, int]]:
    """The ports of the floor and of slotmcp, over one book."""
    with scratch_folder() as folder:
        path = folder / "http.db"
        asyncio.run(write_books(path, imported(_from_today(book_of(50, 7)))))
        with serving(path, command=(*FLOOR, floor)) as theirs, serving(path, command=SLOTMCP_HTTP) as ours:
            yield _port(theirs.url), _port(ours.url)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def _from_today(book: Book) -> Book:
    """A book as it would be had its first day been today: a server's clock cannot be set."""
    days = int(datetime.now(UTC).timestamp()) // 60 // MINUTES_PER_DAY - NOW // MINUTES_PER_DAY
    diaries = {
        key: replace(
            diary,
            claims=tuple(
                replace(one, start=one.start + days * MINUTES_PER_DAY, end=one.end + days * MINUTES_PER_DAY)
                for one in diary.claims
            ),
        )
        for key, diary in book.diaries.items()
    }
    return replace(book, project=replace(book.project, horizon_days=HORIZON_DAYS), diaries=diaries)


async def _pairs(pairs: int, calls: int, ports: tuple[int, int], request: bytes) -> list[Pair]:
    for port in ports:
        await _rate(port, request, calls // 4)
    return [Pair(*[await _rate(port, request, calls) for port in ports]) for _ in range(pairs)]


async def _rate(port: int, request: bytes, calls: int) -> float:
    """How many calls a second all callers together have answered."""
    began = perf_counter()
    await asyncio.gather(*(_call(port, request, calls // CALLERS) for _ in range(CALLERS)))
    return calls // CALLERS * CALLERS / (perf_counter() - began)


async def _call(port: int, request: bytes, calls: int) -> None:
    """One caller: a client that costs next to nothing, so that what is measured is the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(calls):
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        assert head.startswith(b"http/1.1 200"), head
        assert b'"isError":true' not in body, body
    writer.close()
    await writer.wait_closed()


def _newest() -> bytes:
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    call = call_of("get_slots", **ARGUMENTS)
    call["params"]["_meta"] = meta
    return _request(call, {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "get_slots"})


def _handshake() -> bytes:
    return _request(call_of("get_slots", **ARGUMENTS), {"MCP-Protocol-Version": "2025-11-25"})


def _request(call: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    body = orjson.dumps(call)
    told = {"Host": "127.0.0.1", **headers_of(), **headers, "Content-Length": str(len(body))}
    lines = ["POST /mcp HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
