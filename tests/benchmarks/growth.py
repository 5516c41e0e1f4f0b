"""`.venv/bin/python tests/benchmarks/growth.py`: measure how times grow, and draw docs/images/growth.svg.

The picture contains the measured times, so that it can be drawn again without measuring.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time, thread_time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.engine import EngineCall, cold_call, warm_call
from benchmarks.files import plan_of, scratch_folder
from benchmarks.growth_picture import Curve, Panel, draw
from benchmarks.schedules import NOW_MS, schedule_of
from slotmcp.bootstrap import build_app
from slotmcp.domain.schedule import Schedule
from slotmcp.services.slots import SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "growth.svg"

TECHNICIANS = (12, 25, 50, 100, 200)
DAYS = (3, 7, 14, 28)
BOOKINGS = (0, 3, 6, 9, 12)
"""Bookings a day of each technician."""
PROJECTS = (1, 25, 50, 100, 200)
SAMPLE_SECONDS = 0.02
REPEATS = 5
CALLS = 200


def main() -> None:
    """Measure and draw."""
    panels = [
        _engine_panel("technicians, 14 days", TECHNICIANS, lambda size: schedule_of(size, 14)),
        _engine_panel("days, 100 technicians", DAYS, lambda size: schedule_of(100, size)),
        _engine_panel(
            "bookings a day of each technician, 100x14",
            BOOKINGS,
            lambda size: schedule_of(100, 14, bookings_a_day=size),
        ),
        asyncio.run(_projects_panel()),
    ]
    PICTURE.write_text(draw(panels), encoding="utf-8")


def _engine_panel(title: str, sizes: Sequence[int], schedule_of_size: Callable[[int], Schedule]) -> Panel:
    schedules = [schedule_of_size(size) for size in sizes]
    return Panel(
        f"Every start: {title}",
        tuple(sizes),
        (
            Curve("first search", tuple(_ms(cold_call(schedule)) for schedule in schedules)),
            Curve("repeated search", tuple(_ms(warm_call(schedule)) for schedule in schedules)),
        ),
    )


def _ms(call: EngineCall) -> float:
    """Return the median processor time of a call."""
    call()
    return median(_sample_ms(call) for _ in range(REPEATS))


def _sample_ms(call: EngineCall) -> float:
    started, calls = thread_time(), 0
    while (seconds := thread_time() - started) < SAMPLE_SECONDS:
        call()
        calls += 1
    return seconds * 1000 / calls


async def _projects_panel() -> Panel:
    """Measure calls of get_slots for all projects of one process in turn, each with 5 technicians."""
    times = []
    for count in PROJECTS:
        with scratch_folder() as folder:
            async with SqliteStore.open(folder / "slots.db", clock=HandClock(NOW_MS)) as store:
                times.append(await _projects_ms(store, count))
    return Panel(
        "get_slots: projects of 5 technicians in one process", PROJECTS, (Curve("repeated call", tuple(times)),)
    )


async def _projects_ms(store: SqliteStore, count: int) -> float:
    app, schedule = build_app(store), schedule_of(5, 7)
    queries = [SlotQuery(project_id=f"p{number}") for number in range(count)]
    for query in queries:
        project = replace(schedule.project, id=query.project_id or "")
        plan = replace(plan_of(schedule), project=project)
        bookings = tuple(
            replace(each, claim=replace(each.claim, id=f"{project.id}-{each.id}")) for each in plan.bookings
        )
        await app.projects.import_project(replace(plan, bookings=bookings), prune=False)
        await app.slots.get_slots(query)
    started = process_time()
    for number in range(CALLS):
        await app.slots.get_slots(queries[number % count])
    return (process_time() - started) * 1000 / CALLS


if __name__ == "__main__":
    main()
