"""From the start of a child process to its first answer over stdio, against a bare MCPServer."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from mcp import Client, StdioServerParameters

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import imported, scratch_folder
from benchmarks.schedules import book_of
from slotmcp.bootstrap import SystemClock, build_app
from slotmcp.store.sqlite import SqliteStore

BARE = Path(__file__).with_name("bare_server.py")


def rows() -> list[Benchmark]:
    """The start of `slotmcp stdio`."""
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
            await build_app(store).projects.import_project(imported(book_of(50, 7)), prune=False)
        bare = StdioServerParameters(command=sys.executable, args=[str(BARE)])
        ours = StdioServerParameters(
            command=sys.executable,
            args=["-m", "slotmcp", "stdio"],
            env={**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"},
        )
        await _ms_to_first_answer(bare), await _ms_to_first_answer(ours)
        return [
            Pair(await _ms_to_first_answer(bare), await _ms_to_first_answer(ours)) for _ in range(effort.slow_pairs)
        ]


async def _ms_to_first_answer(server: StdioServerParameters) -> float:
    began = perf_counter()
    async with Client(server) as client:
        result = await client.call_tool("list_services", {})
        took = (perf_counter() - began) * 1000
    if result.is_error:
        raise AssertionError(result.content)
    return took
