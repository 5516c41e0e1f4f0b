"""Memory for projects: bounded, estimated from counts, and without influence on answers."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.files import plan_of
from benchmarks.schedules import NOW_MS, schedule_of
from slotmcp.bootstrap import build_app
from slotmcp.ports import ProjectMemory
from slotmcp.services.slots import SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file

BUDGET = 1_000
uses = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 2 * BUDGET)))


@given(uses)
def test_the_projects_are_within_the_budget_or_only_the_one_in_use(used: list[tuple[str, int]]) -> None:
    memory = ProjectMemory(BUDGET)
    table: dict[str, int] = memory.table()
    for project_id, size in used:
        table[project_id] = size
        memory.use(project_id, size)
        assert memory.total_bytes == sum(table.values())
        assert memory.total_bytes <= BUDGET or set(table) == {project_id}
        assert project_id in table


def test_the_least_recently_used_project_leaves_all_tables() -> None:
    memory = ProjectMemory(BUDGET)
    tables: list[dict[str, int]] = [memory.table(), memory.table()]
    for project_id in ("a", "b", "a", "c"):
        for table in tables:
            table[project_id] = 1
        memory.use(project_id, BUDGET // 2)
    assert [list(table) for table in tables] == [["a", "c"], ["a", "c"]]
    assert memory.evictions == 1


async def test_a_project_that_left_answers_the_same(tmp_path: Path) -> None:
    memory, schedule = ProjectMemory(max_bytes=1), schedule_of(2, 2, bookings_a_day=2)
    async with SqliteStore.open(new_file(tmp_path / "slots.db"), clock=HandClock(NOW_MS), memory=memory) as store:
        app = build_app(store)
        queries = [SlotQuery(project_id=name, service_id="repair") for name in ("p", "q")]
        for name in ("p", "q"):
            named = replace(schedule, project=replace(schedule.project, id=name))
            await app.projects.import_project(plan_of(named), prune=False)
        first, second = [[(await app.slots.get_slots(query)).offer.slots for query in queries] for _ in range(2)]
        assert memory.evictions >= 2
        assert first == second
        assert first[0]


async def test_the_estimate_is_within_a_factor_of_two(tmp_path: Path) -> None:
    async with SqliteStore.open(new_file(tmp_path / "slots.db"), clock=HandClock(NOW_MS)) as store:
        await build_app(store).projects.import_project(plan_of(schedule_of(4, 7)), prune=False)
    async with SqliteStore.open(tmp_path / "slots.db", clock=HandClock(NOW_MS)) as store:
        app = build_app(store)
        tracemalloc.start()
        try:
            for _ in range(2):
                await app.slots.get_slots(SlotQuery(project_id="p", service_id="repair"))
            traced_bytes, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        estimated_bytes = store.project_memory.total_bytes
    assert traced_bytes / 2 < estimated_bytes < traced_bytes * 2
