"""get_slots over HTTP from concurrent callers, against an echo tool of the same server, and against bare Starlette."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.clocked import clocked
from benchmarks.files import plan_of, scratch_folder
from benchmarks.http_client import connected
from benchmarks.responses import ARGUMENTS, check_slots
from benchmarks.schedules import NOW_MS, schedule_of
from slotmcp.bootstrap import build_app
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.http_server import HttpServer, call_of, serving

CALLERS: Final = 32
CALLS: Final = 1600
ROUNDS: Final = 5

Message = bytes
"""Body of a request."""
ECHO: Final[Message] = orjson.dumps(call_of("echo"))
GET_SLOTS: Final[Message] = orjson.dumps(call_of("get_slots", **ARGUMENTS))


def rows() -> list[Benchmark]:
    """Return the rows: get_slots as a voice platform calls it."""
    return [
        _row("", "echo tool of the same server, same answer", 1.5, is_bare=False),
        _row("-starlette", "bare Starlette with orjson, same answer", 0.25, is_bare=True),
    ]


def _row(suffix: str, floor: str, target: float, *, is_bare: bool) -> Benchmark:
    return Benchmark(
        name=f"get_slots-http-32-callers{suffix}",
        measures="get_slots, limit 10, over HTTP",
        floor=floor,
        unit=Measure.PER_SECOND,
        ratio=Ratio.SHARE,
        target=target,
        measure=lambda effort: _measure(effort, is_bare=is_bare),
    )


def _measure(effort: Effort, *, is_bare: bool) -> Sequence[Pair]:
    calls = max(CALLERS, round(CALLS * effort.calls))
    rounds = 1 if effort.is_quick else ROUNDS
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        path = folder / "slots.db"
        asyncio.run(_fill(path))
        server = stack.enter_context(_serving(path, "benchmarks.echo_server"))
        asyncio.run(_rate(server, GET_SLOTS, CALLERS))  # warm up
        floor = (server, ECHO)
        if is_bare:
            answer = folder / "answer.json"
            answer.write_bytes(orjson.dumps(asyncio.run(_result(server))))
            floor = (stack.enter_context(_serving(path, "benchmarks.starlette_server", str(answer))), GET_SLOTS)
        asyncio.run(_rate(*floor, CALLERS))
        return [
            Pair(asyncio.run(_rate(*floor, calls)), asyncio.run(_rate(server, GET_SLOTS, calls))) for _ in range(rounds)
        ]


def _serving(path: Path, *module: str) -> AbstractContextManager[HttpServer]:
    """Run the server of a module, whose clock starts at that of the business."""
    return serving(path, command=clocked(*module, now_ms=NOW_MS), rate_limit_per_call="0")


async def _fill(path: Path) -> None:
    async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
        await build_app(store).projects.import_project(plan_of(schedule_of(50, 7)), prune=False)


async def _rate(server: HttpServer, message: Message, calls: int) -> float:
    """Return the calls answered per second, and check the answers afterwards."""
    started = perf_counter()
    answers = await asyncio.gather(*(_call(server, message, calls // CALLERS) for _ in range(CALLERS)))
    seconds = perf_counter() - started
    check_slots([orjson.loads(body)["result"]["structuredContent"] for bodies in answers for body in bodies])
    return calls // CALLERS * CALLERS / seconds


async def _result(server: HttpServer) -> dict[str, Any]:
    """Return the result of one call of get_slots."""
    (body,) = await _call(server, GET_SLOTS, 1)
    result: dict[str, Any] = orjson.loads(body)["result"]
    return result


async def _call(server: HttpServer, message: Message, calls: int) -> list[bytes]:
    """Return the bodies of the responses to calls on one connection."""
    async with connected(server.url) as post:
        return [await post(message) for _ in range(calls)]
