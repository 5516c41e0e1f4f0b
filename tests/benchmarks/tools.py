"""get_slots through an in-memory MCP client, against an echo tool of the same server with the same response."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from statistics import quantiles
from time import perf_counter, process_time

from mcp import Client
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult
from pydantic import Field

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.responses import ARGUMENTS, check_slots
from benchmarks.schedules import NOW_MS, schedule_of
from benchmarks.timing import AsyncWork, time_async_pairs
from slotmcp.bootstrap import build_app
from slotmcp.services.trace_writer import TraceWriter
from slotmcp.store.sqlite import SqliteStore
from slotmcp.tools.server import CALLER_TOOLS
from support.clock import HandClock

HORIZON_DAYS = 31
BATCH = 100
"""Calls in one measurement."""
P99_CALLS = 2_000

AsyncMeasure = Callable[[Effort], Coroutine[object, object, Sequence[Pair]]]


class Echo(Tool):
    """Tool with a prepared response: the cost of a call in the SDK alone."""

    answer: CallToolResult = Field(exclude=True)

    async def run(self, arguments: object, context: object, convert_result: bool = False) -> CallToolResult:  # noqa: ARG002, FBT001, FBT002  the SDK's signature
        """Return the response."""
        return self.answer


def rows() -> list[Benchmark]:
    """Return the rows: get_slots as an agent calls it."""
    prefix, untraced = "get_slots, limit 10, in-memory client", "the same, not traced"
    return [
        _row("warm", prefix, "echo tool of the same server, same answer", 1.4, _measure),
        _row("traced", f"{prefix}, traced, processor time", untraced, 1.05, partial(_measure_tracing, is_busy=False)),
        _row("traced-p99", f"{prefix}, traced, 99th percentile of elapsed time", untraced, 1.3, _measure_p99),
        _row(
            "traces-written",
            "the same, while the traces of as many calls are written down",
            untraced,
            None,
            partial(_measure_tracing, is_busy=True),
        ),
    ]


def _row(name: str, measures: str, floor: str, target: float | None, measure: AsyncMeasure) -> Benchmark:
    return Benchmark(
        name=f"get_slots-50x7-{name}",
        measures=measures,
        floor=floor,
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=target,
        measure=lambda effort: _run(measure(effort)),
    )


def _run(measuring: Coroutine[object, object, Sequence[Pair]]) -> Sequence[Pair]:
    logging.basicConfig(level=logging.WARNING)  # like the server; the SDK logs each call otherwise
    return asyncio.run(measuring)


async def _measure(effort: Effort) -> Sequence[Pair]:
    async with _open_client() as client, checked(client, "echo") as echo, checked(client) as get_slots:
        return await time_async_pairs(effort, echo, get_slots)


async def _measure_tracing(effort: Effort, *, is_busy: bool) -> Sequence[Pair]:
    """Compare batches of calls in processor time, or in elapsed time while the traces of the last batch are saved."""
    async with _open_both() as (tracing, plain, traced):

        async def traced_batch() -> None:
            async with asyncio.TaskGroup() as group:
                if is_busy:
                    group.create_task(tracing.write())
                await _batch(traced)

        async def write_before() -> None:
            if not is_busy:
                await tracing.write()

        async def plain_batch() -> None:
            await _batch(plain)

        clock = perf_counter if is_busy else process_time
        pairs = await time_async_pairs(effort, plain_batch, traced_batch, between=write_before, clock=clock)
        return [Pair(pair.floor / BATCH, pair.ours / BATCH) for pair in pairs]


async def _measure_p99(effort: Effort) -> Sequence[Pair]:
    """Compare calls whose traces are written in the background, as in a server."""
    calls = max(2, round(P99_CALLS * effort.calls))
    async with _open_both() as (tracing, plain, traced):
        pairs = []
        for _ in range(effort.slow_pairs):
            await tracing.write()
            pairs.append(Pair(await _p99_ms(plain, calls), await _p99_ms(traced, calls)))
        return pairs


async def _p99_ms(call: AsyncWork, calls: int) -> float:
    times = []
    for _ in range(calls):
        started = perf_counter()
        await call()
        times.append((perf_counter() - started) * 1000)
    return quantiles(times, n=100)[-1]


async def _batch(call: AsyncWork) -> None:
    for _ in range(BATCH):
        await call()


@asynccontextmanager
async def checked(client: Client, tool: str = "get_slots") -> AsyncIterator[AsyncWork]:
    """Yield a call of a tool, and check all responses when the block ends."""
    results: list[CallToolResult] = []

    async def call() -> None:
        results.append(await client.call_tool(tool, ARGUMENTS))

    yield call
    check_slots([result.structured_content or {} for result in results])


@asynccontextmanager
async def _open_both() -> AsyncIterator[tuple[TraceWriter, AsyncWork, AsyncWork]]:
    """Open two servers over one store; yield the traces of one, and calls of the other and of the traced one."""
    async with _open_store() as store:
        app, untraced = build_app(store), build_app(store)
        async with (
            app.tracing.writing(kept_days=1),
            Client(MCPServer("traced", tools=[use_case.bind(app) for use_case in CALLER_TOOLS])) as traced_client,
            Client(MCPServer("plain", tools=[use_case.bind(untraced) for use_case in CALLER_TOOLS])) as plain_client,
            checked(plain_client) as plain,
            checked(traced_client) as traced,
        ):
            yield app.tracing, plain, traced


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
            answer = await client.call_tool("get_slots", ARGUMENTS)
        async with Client(MCPServer("measured", tools=[*ours, _echo(ours, answer)])) as client:
            yield client


def _echo(tools: Sequence[Tool], answer: CallToolResult) -> Echo:
    """Return an echo tool with the schemas of get_slots."""
    get_slots = next(tool for tool in tools if tool.name == "get_slots")
    fields = {name: getattr(get_slots, name) for name in Tool.model_fields}
    return Echo(**{**fields, "name": "echo", "answer": answer})
