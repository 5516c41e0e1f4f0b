"""Calls over HTTP while the server is busy with another project: a report, a cold index, or an import beside it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Final

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, scratch_folder
from benchmarks.neighbors import write_files
from benchmarks.sales import Sale, business, sales
from benchmarks.scale.bulk_rows import copied_id, copy_project
from benchmarks.scale.calls import book, search
from benchmarks.scale.clients import HttpClient
from benchmarks.scale.databases import fill
from benchmarks.scale.percentiles import Percentiles
from benchmarks.scale.servers import measured_server, start_command
from benchmarks.schedules import schedule_of
from slotmcp.services.imports import ProjectPlan

TECHNICIANS, DAYS, BOOKINGS_A_DAY = 500, 31, 2
CALLED, BUSY, IMPORTED = "called", "busy", "imported"
"""Ids of the projects."""
TOOLS: Final = ("get_slots", "book_slot")
FIGURES: Final = {"p50": "p50", "p99": "p99", "p999": "p99.9", "worst": "worst"}
TARGETS: Final = {"report": 2, "cold-index": 2, "import": 3}
"""Maximum p99 of get_slots against that of a quiet server."""
REPORTS: Final = 3
PAUSE_SECONDS: Final = 0.02
"""Pause of the caller between two rounds, so that there are free starts for all rounds of a long import."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Size of a measurement."""

    technicians: int
    rounds: int
    """Number of rounds of calls without a disturbance, and the minimum with it."""
    cold_projects: int


FULL: Final = Scale(TECHNICIANS, 400, 8)
QUICK: Final = Scale(100, 60, 2)

Disturbance = Callable[[], Coroutine[object, object, None]]
Times = Mapping[str, Percentiles]
"""Response times by tool."""


def rows() -> list[Benchmark]:
    """Return the rows: a row for each disturbance, tool and figure."""
    return [_row(name, tool, figure) for name in TARGETS for tool in TOOLS for figure in FIGURES]


def _row(disturbance: str, tool: str, figure: str) -> Benchmark:
    has_target = (tool, figure) == ("get_slots", "p99")
    return Benchmark(
        name=f"beside-{disturbance}-{tool}-{figure}",
        measures=f"{FIGURES[figure]} of {tool} beside {disturbance.replace('-', ' ')} of another project, "
        f"{TECHNICIANS} technicians",
        floor="the same on a quiet server",
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=TARGETS[disturbance] if has_target else None,
        measure=partial(_measure, disturbance, tool, figure),
    )


def _measure(disturbance: str, tool: str, figure: str, effort: Effort) -> Sequence[Pair]:
    quiet, busy = _times(QUICK if effort.is_quick else FULL)[disturbance]
    return [Pair(getattr(quiet[tool], figure), getattr(busy[tool], figure))]


@cache
def _times(scale: Scale) -> Mapping[str, tuple[Times, Times]]:
    """Return the times on a quiet and on a busy server, by disturbance."""
    with scratch_folder() as folder:
        path = folder / "slots.db"
        url = f"sqlite:///{path}"
        asyncio.run(fill(url, [_plan(BUSY, scale.technicians), _called()]))
        copy_project(path, BUSY, scale.cold_projects)
        files = asyncio.run(write_files(folder, _plan(IMPORTED, scale.technicians)))
        with measured_server(url) as server:
            return asyncio.run(_measure_all(server.url, scale, partial(_import, url, files)))


def _plan(project_id: str, technicians: int) -> ProjectPlan:
    schedule = schedule_of(technicians, DAYS, bookings_a_day=BOOKINGS_A_DAY)
    return plan_of(replace(schedule, project=replace(schedule.project, id=project_id)))


def _called() -> ProjectPlan:
    return plan_of(replace(business(), project=replace(business().project, id=CALLED)))


async def _measure_all(url: str, scale: Scale, import_project: Disturbance) -> Mapping[str, tuple[Times, Times]]:
    disturbances: dict[str, Disturbance] = {
        "report": partial(_report, url),
        "cold-index": partial(_index, url, scale.cold_projects),
        "import": import_project,
    }
    async with HttpClient.open(url) as client:
        caller = Caller(client)
        await caller.times(scale.rounds // 4, is_over=lambda: True)  # warm up
        return {name: await _pair(caller, scale.rounds, disturb) for name, disturb in disturbances.items()}


async def _pair(caller: "Caller", rounds: int, disturb: Disturbance) -> tuple[Times, Times]:
    quiet = await caller.times(rounds, is_over=lambda: True)
    disturbing = asyncio.create_task(disturb())
    busy = await caller.times(1, is_over=disturbing.done)
    await disturbing
    return quiet, busy


class Caller:
    """Caller that searches, then books, on one connection."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._sales: Iterator[Sale] = iter(sales(4000))

    async def times(self, rounds: int, *, is_over: Callable[[], bool]) -> Times:
        """Return the response times of so many rounds, or of more until something is over."""
        times: dict[str, list[float]] = defaultdict(list)
        done = 0
        while done < rounds or not is_over():
            await search(self._client, projectId=CALLED)
            times["get_slots"].append(self._client.latest_ms)
            await book(self._client, next(self._sales), projectId=CALLED)
            times["book_slot"].append(self._client.latest_ms)
            done += 1
            await asyncio.sleep(PAUSE_SECONDS)
        return {tool: Percentiles.of(each) for tool, each in times.items()}


async def _report(url: str) -> None:
    """Read the report on a week, several times."""
    async with HttpClient.open(url) as client:
        for _ in range(REPORTS):
            report = await client.call("get_metrics", projectId=BUSY, **{"from": "2026-11-16", "to": "2026-11-22"})
            assert report["asked"] == 0


async def _index(url: str, projects: int) -> None:
    """Make the first call for projects that the server has not read yet."""
    async with HttpClient.open(url) as client:
        for number in range(projects):
            assert (await client.call("get_slots", projectId=copied_id(BUSY, number)))["slots"]


async def _import(url: str, files: tuple[Path, Path]) -> None:
    """Import a project in a process of its own."""
    process = start_command(url, "import", str(files[0]), "--bookings", str(files[1]))
    if code := await asyncio.to_thread(process.wait):
        raise AssertionError(f"the import ended with {code}")
