"""Time from the start of a child process to its first response over stdio, against a bare MCPServer."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from time import perf_counter
from types import MappingProxyType

from mcp import Client, StdioServerParameters

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.clocked import clocked
from benchmarks.files import plan_of, scratch_folder
from benchmarks.schedules import NOW_MS, REPAIR, schedule_of
from slotmcp.bootstrap import build_app
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.http_server import TESTS

BARE_ANSWER = "none"


def rows() -> list[Benchmark]:
    """Return the row: the start of `slotmcp stdio`."""
    return [
        Benchmark(
            name="stdio-start",
            measures="slotmcp stdio: start to first answer (list_services)",
            floor="a bare MCPServer with one tool",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=1.4,
            measure=lambda effort: asyncio.run(_measure(effort)),
        )
    ]


async def _measure(effort: Effort) -> Sequence[Pair]:
    with scratch_folder() as folder:
        path = folder / "slots.db"
        async with SqliteStore.open(path, clock=HandClock(NOW_MS)) as store:
            await build_app(store).projects.import_project(plan_of(schedule_of(50, 7)), prune=False)
        database = {"SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
        bare, ours = _clocked("benchmarks.bare_server"), _clocked("slotmcp", "stdio", variables=database)
        await _ms_to(bare, BARE_ANSWER), await _ms_to(ours, REPAIR.name)
        return [
            Pair(await _ms_to(bare, BARE_ANSWER), await _ms_to(ours, REPAIR.name)) for _ in range(effort.slow_pairs)
        ]


def _clocked(*command: str, variables: Mapping[str, str] = MappingProxyType({})) -> StdioServerParameters:
    """Return a server in a process whose clock starts at that of the business."""
    python, *arguments = clocked(*command, now_ms=NOW_MS)
    return StdioServerParameters(command=python, args=arguments, env={**os.environ, **variables}, cwd=TESTS)


async def _ms_to(server: StdioServerParameters, expected: str) -> float:
    """Return the milliseconds to the first response, which contains a text."""
    started = perf_counter()
    async with Client(server) as client:
        result = await client.call_tool("list_services", {})
        took = (perf_counter() - started) * 1000
    if result.is_error or expected not in f"{result.content}":
        raise AssertionError(result.content)
    return took
