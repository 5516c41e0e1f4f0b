"""get_slots through an in-memory MCP client, against an echo tool of the same server with the same response."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from mcp import Client
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult
from pydantic import Field

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.schedules import NOW_MS, schedule_of
from benchmarks.timing import time_async_pairs
from slotmcp.bootstrap import build_app
from slotmcp.store.sqlite import SqliteStore
from slotmcp.tools.server import CALLER_TOOLS
from support.clock import HandClock

HORIZON_DAYS = 31
BATCH = 100
"""Calls in one measurement."""


class Echo(Tool):
    """Tool with a prepared response: the cost of a call in the SDK alone."""

    answer: CallToolResult = Field(exclude=True)

    async def run(self, arguments: object, context: object, convert_result: bool = False) -> CallToolResult:  # noqa: ARG002, FBT001, FBT002  the SDK's signature
        """Return the response."""
        return self.answer


def rows() -> list[Benchmark]:
    """Return the rows: get_slots as an agent calls it."""
    return [
        Benchmark(
            name="get_slots-50x7-warm",
            measures="get_slots, limit 10, in-memory client",
            floor="echo tool of the same server, same answer",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=1.6,
            measure=lambda effort: asyncio.run(_measure(effort)),
        ),
        Benchmark(
            name="get_slots-50x7-traced",
            measures="get_slots, limit 10, in-memory client, traced",
            floor="the same, not traced",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=1.05,
            measure=lambda effort: asyncio.run(_measure_tracing(effort, is_busy=False)),
        ),
        Benchmark(
            name="get_slots-50x7-traces-written",
            measures="the same, while the traces of as many calls are written down",
            floor="the same, not traced",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=None,
            measure=lambda effort: asyncio.run(_measure_tracing(effort, is_busy=True)),
        ),
    ]


async def _measure(effort: Effort) -> Sequence[Pair]:
    logging.basicConfig(level=logging.WARNING)  # like the server; the SDK logs each call otherwise
    async with _open_client() as client:

        async def echo() -> None:
            await client.call_tool("echo", {"limit": 10})

        async def get_slots() -> None:
            await client.call_tool("get_slots", {"limit": 10})

        return await time_async_pairs(effort, echo, get_slots)


async def _measure_tracing(effort: Effort, *, is_busy: bool) -> Sequence[Pair]:
    """Compare two servers over one store, in batches of calls.

    The traced server saves the traces of a batch during the next batch if it is busy, else between the batches.
    """
    logging.basicConfig(level=logging.WARNING)
    async with _open_store() as store:
        app, untraced = build_app(store), build_app(store)
        async with (
            app.tracing.writing(kept_days=1),
            Client(MCPServer("traced", tools=[use_case.bind(app) for use_case in CALLER_TOOLS])) as traced_client,
            Client(MCPServer("plain", tools=[use_case.bind(untraced) for use_case in CALLER_TOOLS])) as plain_client,
        ):

            async def traced() -> None:
                async with asyncio.TaskGroup() as group:
                    if is_busy:
                        group.create_task(app.tracing.write())
                    await _batch(traced_client)

            async def write_before() -> None:
                if not is_busy:
                    await app.tracing.write()

            async def plain() -> None:
                await _batch(plain_client)

            pairs = await time_async_pairs(effort, plain, traced, between=write_before)
            return [Pair(pair.floor / BATCH, pair.ours / BATCH) for pair in pairs]


async def _batch(client: Client) -> None:
    for _ in range(BATCH):
        await client.call_tool("get_slots", {"limit": 10})


@asynccontextmanager
async def _open_store() -> AsyncIterator[SqliteStore]:
    schedule = schedule_of(50, 7)
    month = replace(schedule, project=replace(schedule.project, horizon_days=HORIZON_DAYS))
    with scratch_folder() as folder:
        async with SqliteStore.open(folder / "slots.db", clock=HandClock(NOW_MS)) as store:
            await build_app(store).projects.import_project(plan_of(month), prune=False)
            yield store


@asynccontextmanager
async def _open_client() -> AsyncIterator[Client]:
    async with _open_store() as store:
        app = build_app(store)
        ours = [use_case.bind(app) for use_case in CALLER_TOOLS]
        async with Client(MCPServer("sample", tools=list(ours))) as client:
            answer = await client.call_tool("get_slots", {"limit": 10})
        async with Client(MCPServer("measured", tools=[*ours, _echo(ours, answer)])) as client:
            yield client


def _echo(tools: Sequence[Tool], answer: CallToolResult) -> Echo:
    """Return an echo tool with the schemas of get_slots."""
    get_slots = next(tool for tool in tools if tool.name == "get_slots")
    fields = {name: getattr(get_slots, name) for name in Tool.model_fields}
    return Echo(**{**fields, "name": "echo", "answer": answer})
