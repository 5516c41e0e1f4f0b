"""A long run injects its faults in turn, counts the rounds that they hit, and continues where it ended."""

import asyncio
from dataclasses import replace
from pathlib import Path

from linearizability.check import Report, check_linearizable
from linearizability.long_run import result_of
from linearizability.results import Log, Result, calls_with_faults
from linearizability.rounds import Checked
from linearizability.scene import BEGAN_MS, SHOP, Scene
from linearizability.stages import Faults

RESULT = Result(
    store="sqlite",
    rounds=12,
    rounds_with_faults=0,
    calls=19_000,
    failed=3,
    violations=0,
    undecided=0,
    problems=0,
    seconds=60,
)


def played(asked_ms: float, answered_ms: float) -> Checked:
    scene = Scene()
    scene.book("a", "ana", during=(asked_ms, answered_ms))
    return Checked(history=scene.attempts, report=Report(), problems=[])


def test_a_round_has_a_fault_if_one_happened_during_its_calls() -> None:
    faults = Faults(available={}, injected=[("killed", BEGAN_MS + 200, BEGAN_MS + 300)])
    assert faults.hit(played(0, 201))
    assert faults.hit(played(299, 900))
    assert not faults.hit(played(0, 199))
    assert not faults.hit(played(301, 900))


async def test_faults_are_injected_in_turn_until_the_calls_end() -> None:
    stopping = asyncio.Event()

    async def end() -> None:
        stopping.set()

    async def fail() -> None:
        raise AssertionError("it is not its turn")

    faults = Faults(available={"killed": fail, "frozen": end}, first=3)
    await faults.inject(stopping)
    assert [name for name, _, _ in faults.injected] == ["frozen"]


def test_a_run_continues_after_the_stored_calls_with_faults(tmp_path: Path) -> None:
    assert calls_with_faults(Log(tmp_path).results("sqlite")) == 0
    Log(tmp_path).add(RESULT)
    assert calls_with_faults(Log(tmp_path).results("sqlite")) == 0
    for _ in range(2):
        Log(tmp_path).add(replace(RESULT, faults={"killed": 1}))
    assert calls_with_faults(Log(tmp_path).results("sqlite")) == 38_000
    assert Log(tmp_path).results("postgres") == []


def test_the_faults_of_a_stage_are_stored_by_name(tmp_path: Path) -> None:
    faults = Faults(available={}, injected=[("killed", 0, 1), ("frozen", 2, 3), ("killed", 4, 5)])
    result = result_of("sqlite", [], faults, seconds=60)
    Log(tmp_path).add(result)
    assert Log(tmp_path).results("sqlite") == [result]
    assert result.faults == {"killed": 2, "frozen": 1}


def test_a_result_with_an_undecided_history_is_not_right() -> None:
    scene = Scene()
    scene.book("a", "ana")
    report = check_linearizable(SHOP, scene.attempts, max_steps=0)
    assert report.undecided == 1
    assert RESULT.is_right
    assert not replace(RESULT, undecided=report.undecided).is_right


def test_a_violation_is_a_problem_of_a_rush() -> None:
    scene = Scene()
    scene.book("a", "ana")
    scene.book("b", "ana")
    (problem,) = scene.report().problems
    assert problem.kind == "order"
    assert "no order explains" in problem.text
