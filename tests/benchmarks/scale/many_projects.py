"""Memory and the worst call of a server with thousands of projects."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from statistics import median
from typing import Final

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.scale.bulk_rows import copied_id, copy_project
from benchmarks.scale.clients import HttpClient
from benchmarks.scale.databases import fill
from benchmarks.scale.servers import measured_server, memory_mb
from benchmarks.schedules import schedule_of

PROJECTS: Final = (1000, 5000)
QUICK_SHARE: Final = 0.05
MEMORY_MB: Final = 250
WORST_MS: Final = 50
MEASURES: Final = {
    "memory": "memory",
    "worst-call": "worst get_slots of two for each project",
    "unnamed-call": "get_slots without projectId",
    "unnamed-call-size": "response to get_slots without projectId",
}
UNNAMED_KB: Final = 2
TECHNICIANS, DAYS, BOOKINGS_A_DAY = 3, 7, 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Figures of a server after calls for each of its projects, in random order, twice."""

    memory_mb: float
    worst_ms: float
    call_ms: float
    """Median of the second calls."""
    unnamed_ms: float
    """Median of calls without a project, which are errors."""
    unnamed_kb: float
    """Size of their response."""


Figures = Callable[[Cost], tuple[float, float]]
"""Limit or floor, and the measured figure."""


def rows() -> list[Benchmark]:
    """Return the rows: memory, the worst call, and calls that name no project."""
    return [row for projects in PROJECTS for row in _rows(projects)]


def _rows(projects: int) -> list[Benchmark]:
    row, mb, kb = partial(_row, projects), f"the limit of {MEMORY_MB} MB", f"the limit of {UNNAMED_KB} kB"
    ms, named = f"the limit of {WORST_MS} ms", "get_slots of a project"
    return [
        row("memory", mb, Measure.MB, lambda cost: (MEMORY_MB, cost.memory_mb)),
        row("worst-call", ms, Measure.MS, lambda cost: (WORST_MS, cost.worst_ms)),
        row("unnamed-call", named, Measure.MS, lambda cost: (cost.call_ms, cost.unnamed_ms)),
        row("unnamed-call-size", kb, Measure.KB, lambda cost: (UNNAMED_KB, cost.unnamed_kb)),
    ]


def _row(projects: int, name: str, floor: str, unit: Measure, figures: Figures) -> Benchmark:
    return Benchmark(
        name=f"projects-{projects}-{name}",
        measures=f"{MEASURES[name]}, {projects:,} projects of {TECHNICIANS} technicians",
        floor=floor,
        unit=unit,
        ratio=Ratio.COST if unit is Measure.MS else Ratio.AMOUNT,
        target=1,
        measure=partial(_measure, projects, figures),
    )


def _measure(projects: int, figures: Figures, effort: Effort) -> Sequence[Pair]:
    return [Pair(*figures(_cost(round(projects * QUICK_SHARE) if effort.is_quick else projects)))]


@cache
def _cost(projects: int) -> Cost:
    with scratch_folder() as folder:
        path = folder / "slots.db"
        schedule = schedule_of(TECHNICIANS, DAYS, bookings_a_day=BOOKINGS_A_DAY)
        asyncio.run(fill(f"sqlite:///{path}", [plan_of(schedule)]))
        copy_project(path, "p", projects - 1)
        with measured_server(f"sqlite:///{path}") as server:
            return asyncio.run(_calls(server.url, server.process.pid, projects - 1))


async def _calls(url: str, pid: int, copies: int) -> Cost:
    numbers = list(range(copies))
    Random(20261116).shuffle(numbers)  # noqa: S311  not a secret
    async with HttpClient.open(url) as client:
        expected = (await client.call("get_slots", projectId="p"))["slots"]
        first, second = [await _times(client, numbers, expected) for _ in range(2)]
        unnamed = [await _unnamed(client) for _ in range(10)]
    return Cost(
        memory_mb=memory_mb(pid),
        worst_ms=max(first + second),
        call_ms=median(second),
        unnamed_ms=median(ms for ms, _ in unnamed),
        unnamed_kb=median(size for _, size in unnamed) / 1000,
    )


async def _times(client: HttpClient, numbers: Sequence[int], expected: object) -> list[float]:
    """Return the milliseconds of a call for each copy, which has the slots of the original."""
    times = []
    for number in numbers:
        answer = await client.call("get_slots", projectId=copied_id("p", number))
        if answer["slots"] != expected:
            raise AssertionError(f"copy {number} has other slots")
        times.append(client.latest_ms)
    return times


async def _unnamed(client: HttpClient) -> tuple[float, int]:
    """Return the milliseconds and the size of the response to a call without a project."""
    result, size = await client.call_result("get_slots")
    if not result["isError"] or "projectId" not in str(result):
        raise AssertionError(f"a call without a project was answered: {result}")
    return client.latest_ms, size
