"""Time from the start of a child process to its first response over stdio, against a bare MCPServer."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from mcp import Client, StdioServerParameters

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.schedules import schedule_of
from slotmcp.bootstrap import SystemClock, build_app
from slotmcp.store.sqlite import SqliteStore

BARE = Path(__file__).with_name("bare_server.py")


def rows() -> list[Benchmark]:
    """Return the row: the start of `slotmcp stdio`."""
    return [
        Benchmark(
            name="stdio-start",
            measures="slotmcp stdio: start to first answer (list_services)",
            floor="a bare MCPServer with one tool",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=1.6,
            measure=lambda effort: asyncio.run(_measure(effort)),
        )
    ]


async def _measure(effort: Effort) -> Sequence[Pair]:
    with scratch_folder() as folder:
        path = folder / "slots.db"
        async with SqliteStore.open(path, clock=SystemClock()) as store:
            await build_app(store).projects.import_project(plan_of(schedule_of(50, 7)), prune=False)
        bare = StdioServerParameters(command=sys.executable, args=[str(BARE)])
        ours = StdioServerParameters(
            command=sys.executable,
            args=["-m", "slotmcp", "stdio"],
            env={**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"},
        )
        await _ms_to_first_response(bare), await _ms_to_first_response(ours)
        return [
            Pair(await _ms_to_first_response(bare), await _ms_to_first_response(ours)) for _ in range(effort.slow_pairs)
        ]


async def _ms_to_first_response(server: StdioServerParameters) -> float:
    started = perf_counter()
    async with Client(server) as client:
        result = await client.call_tool("list_services", {})
        took = (perf_counter() - started) * 1000
    if result.is_error:
        raise AssertionError(result.content)
    return took
