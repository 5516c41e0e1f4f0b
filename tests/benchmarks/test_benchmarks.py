"""Benchmarks without timing: the floors have the results of the engine, and rows are described correctly."""

from dataclasses import replace

import orjson
import pytest

from benchmarks import baselines, catalog
from benchmarks.benchmark import SMOKE, Benchmark, Effort, Measure, NotMeasuredError, Outcome, Pair, Ratio, Result
from benchmarks.business_rules import need_of, with_rules, with_travel
from benchmarks.schedules import NOW, NOW_MS, REPAIR, end_of, schedule_of
from benchmarks.table import to_json, to_markdown
from oracle.capacity import Oracle
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from support.slot_search import find_slots


@pytest.mark.parametrize("bookings_a_day", [0, 6, 12])
@pytest.mark.parametrize(("technicians", "days"), [(1, 1), (5, 7), (20, 31)])
def test_the_floors_and_the_engine_have_the_same_result(technicians: int, days: int, bookings_a_day: int) -> None:
    schedule = schedule_of(technicians, days, bookings_a_day=bookings_a_day)
    slots = find_slots(Availability.of(schedule, NOW_MS), Need.of_service(REPAIR), NOW, end_of(days), best=5)
    built = baselines.build(schedule, NOW)
    assert bookings_a_day or slots
    assert list(baselines.bisect(built, REPAIR, 5)) == slots
    assert list(baselines.scan(built, REPAIR, 5)) == slots


def test_the_business_with_every_rule_has_the_slots_of_the_oracle() -> None:
    schedule = with_rules(with_travel(schedule_of(4, 1, bookings_a_day=3)))
    need, morning = need_of(schedule), (NOW + 9 * 60, NOW + 12 * 60)
    slots = find_slots(Availability.of(schedule, NOW_MS), need, *morning)
    assert slots == Oracle(schedule, NOW_MS).slots(need, *morning) != []


def test_rules_leave_most_starts_of_the_measured_business() -> None:
    plain, ruled = schedule_of(50, 7), with_rules(schedule_of(50, 7))
    found, left = (
        find_slots(Availability.of(one, NOW_MS), need_of(one), NOW, end_of(7), best=5) for one in (plain, ruled)
    )
    assert 0.8 * len(found) < len(left) < len(found)


def test_row_names_are_unique() -> None:
    names = [row.name for row in catalog.rows()]
    assert len(names) == len(set(names)) > 20


@pytest.mark.parametrize(
    ("ratio", "target", "expected", "met"),
    [
        (Ratio.SPEEDUP, 4, 5.0, True),
        (Ratio.SPEEDUP, 6, 5.0, False),
        (Ratio.COST, 0.3, 0.2, True),
        (Ratio.COST, 0.1, 0.2, False),
        (Ratio.SHARE, 0.1, 0.2, True),
        (Ratio.SHARE, 0.3, 0.2, False),
        (Ratio.SHARE, None, 0.2, None),
    ],
)
def test_a_result_has_its_median_ratio_and_is_compared_with_its_target(
    ratio: Ratio, target: float | None, expected: float, *, met: bool | None
) -> None:
    outcome = Outcome(row_of(ratio, target), [Result(row_of(ratio, target), [Pair(10, 2), Pair(50, 10), Pair(7, 700)])])
    assert (outcome.ratio, outcome.is_met) == (expected, met)
    (row_json,) = orjson.loads(to_json([outcome]))["rows"]
    assert row_json == {
        "name": "row",
        "measures": "ours",
        "against": "a floor",
        "unit": "ms",
        "floor": 10,
        "ours": 10,
        "ratio": expected,
        "ratioIs": ratio,
        "target": target,
        "met": met,
        "ratios": [expected],
        "pairs": 3,
    }


def test_several_runs_give_a_median_and_a_spread() -> None:
    row = row_of(Ratio.COST, 3)
    outcome = Outcome(row, [Result(row, [Pair(1, ours)]) for ours in (5, 2, 4)])
    assert (outcome.ratio, outcome.is_met) == (4, False)
    assert to_markdown([outcome]).splitlines()[2] == (
        "| `row` | 1 ms | 4 ms | 4 times the time | 2 to 5 | at most 3: **missed** |"
    )


def test_a_row_that_cannot_be_measured_says_why() -> None:
    def measure(_: Effort) -> list[Pair]:
        raise NotMeasuredError("there is no Git history")

    outcome = Outcome(replace(row_of(Ratio.COST, 3), measure=measure))
    outcome.measure(SMOKE)
    assert to_markdown([outcome]).splitlines()[2] == "| `row` | not measured: there is no Git history | | | | |"
    assert orjson.loads(to_json([outcome]))["rows"][0]["skipped"] == "there is no Git history"


def row_of(ratio: Ratio, target: float | None) -> Benchmark:
    return Benchmark(
        name="row", measures="ours", floor="a floor", unit=Measure.MS, ratio=ratio, target=target, measure=lambda _: ()
    )
