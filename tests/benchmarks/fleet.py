"""get_slots in a fleet: the cost of Redis for a warm server, and its gain for a server that has just started."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from mcp import Client
from mcp.server import MCPServer

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.engine import CACHES
from benchmarks.files import plan_of, scratch_folder
from benchmarks.schedules import NOW_MS, schedule_of
from benchmarks.timing import time_async_pairs
from benchmarks.tools import checked
from slotmcp.bootstrap import build_app
from slotmcp.ports import Fleet
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.fleet import RedisFleet
from slotmcp.redis_layer.link import RedisLink
from slotmcp.services.app import App
from slotmcp.services.fleet import FleetScheduleReader
from slotmcp.services.garbage import bounded_collections
from slotmcp.store.sqlite import SqliteStore
from slotmcp.tools.server import CALLER_TOOLS
from slotmcp.tools.warm_up import warm_up
from support.clock import HandClock
from support.redis_server import running

HORIZON_DAYS = 31
WARM_CALLS = 5

Call = Callable[[], Awaitable[object]]


class Server:
    """An app that can be restarted, as in a new process. Its tools stay the same."""

    def __init__(self, store: SqliteStore, fleet: Fleet | None) -> None:
        self._store = store
        self._fleet = fleet
        self.app = self._new_app()
        self.tools = [use_case.bind(self.app) for use_case in CALLER_TOOLS]

    async def warm_up(self) -> None:
        """Search as a server does before it is ready."""
        await warm_up(self.app, self.tools)

    def restart(self) -> None:
        """Replace the services, and clear the engine's caches."""
        for cache in CACHES:
            cache.cache_clear()
        new_app = self._new_app()
        for field in fields(App):
            object.__setattr__(self.app, field.name, getattr(new_app, field.name))  # the tools are bound to this app

    def _new_app(self) -> App:
        if self._fleet is None:
            return build_app(self._store)
        clock, memory = HandClock(NOW_MS), self._store.project_memory
        fleet = FleetScheduleReader(self._store, self._fleet, clock=clock, memory=memory)
        return build_app(self._store, fleet=fleet)


def rows() -> list[Benchmark]:
    """Return the rows: the same call, warm and cold."""
    return [
        _row(
            "fleet-cold",
            "the first call of a server that has just become ready, its fleet's snapshot in Redis",
            "the same, warm",
            3,
            _cold,
        ),
        _row(
            "fleet-unsearched",
            "the first call for a project that the server did not search before it was ready, its snapshot in Redis",
            "the same, warm",
            None,
            partial(_cold, is_searched=False),
        ),
        _row("fleet-warm", "limit 10, the revision from Redis", "the revision from the file", None, _warm),
    ]


def _row(
    name: str,
    measures: str,
    floor: str,
    target: float | None,
    measure: Callable[[Effort], Awaitable[Sequence[Pair]]],
) -> Benchmark:
    return Benchmark(
        name=f"get_slots-50x7-{name}",
        measures=f"get_slots, {measures}",
        floor=floor,
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=target,
        measure=lambda effort: _run(measure(effort)),
    )


def _run(measuring: Awaitable[Sequence[Pair]]) -> Sequence[Pair]:
    logging.basicConfig(level=logging.WARNING)  # like the server; the SDK logs each call otherwise

    async def run() -> Sequence[Pair]:
        return await measuring

    return asyncio.run(run())


async def _cold(effort: Effort, *, is_searched: bool = True) -> Sequence[Pair]:
    async with _open() as (store, fleet), _open_call(Server(store, fleet)) as warm:
        cold_server, memory = Server(store, fleet), store.project_memory
        async with _open_call(cold_server) as cold, bounded_collections(lambda: False, memory):  # as in a server
            pairs = []
            for _ in range(effort.max_pairs):
                cold_server.restart()
                if is_searched:
                    await cold_server.warm_up()
                cold_ms = await _ms_each(cold, 1)
                await warm()  # the restart has cleared the engine's caches
                pairs.append(Pair(await _ms_each(warm, WARM_CALLS), cold_ms))
            return pairs


async def _ms_each(call: Call, calls: int) -> float:
    started = perf_counter()
    for _ in range(calls):
        await call()
    return (perf_counter() - started) * 1000 / calls


async def _warm(effort: Effort) -> Sequence[Pair]:
    async with (
        _open() as (store, fleet),
        _open_call(Server(store, None)) as without_fleet,
        _open_call(Server(store, fleet)) as with_fleet,
    ):
        return await time_async_pairs(effort, without_fleet, with_fleet)


@asynccontextmanager
async def _open() -> AsyncIterator[tuple[SqliteStore, Fleet]]:
    schedule = schedule_of(50, 7)
    month = replace(schedule, project=replace(schedule.project, horizon_days=HORIZON_DAYS))
    with scratch_folder() as folder, running(Path(folder)) as redis:
        async with (
            SqliteStore.open(folder / "slots.db", clock=HandClock(NOW_MS)) as store,
            RedisLink.open(redis.url, prefix="bench") as link,
            Channel.open(link) as channel,
        ):
            fleet = RedisFleet(link, channel)
            await build_app(store).projects.import_project(plan_of(month), prune=False)
            await fleet.save_snapshot(await store.schedule(schedule.project.id))
            yield store, fleet


@asynccontextmanager
async def _open_call(server: Server) -> AsyncIterator[Call]:
    async with Client(MCPServer("measured", tools=list(server.tools))) as client, checked(client) as get_slots:
        yield get_slots
