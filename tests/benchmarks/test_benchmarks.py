"""Without a clock: the floors answer as the engine does, and rows say what they are."""

from pathlib import Path

import orjson
import pytest

from benchmarks import baselines, bookings, engine, fleet, postgres, start, tools
from benchmarks.benchmark import Benchmark, Measure, Pair, Ratio, Result
from benchmarks.schedules import NOW, NOW_MS, REPAIR, book_of, end_of
from benchmarks.table import write_json
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import find_slots


@pytest.mark.parametrize("bookings_a_day", [0, 6, 12])
@pytest.mark.parametrize(("technicians", "days"), [(1, 1), (5, 7), (20, 31)])
def test_the_floors_and_the_engine_give_the_same_answer(technicians: int, days: int, bookings_a_day: int) -> None:
    schedule = book_of(technicians, days, bookings_a_day=bookings_a_day)
    found = find_slots(Availability.of(schedule, NOW_MS), Need.of_service(REPAIR), NOW, end_of(days), best=5)
    built = baselines.build(schedule, NOW)
    assert bookings_a_day or found
    assert list(baselines.bisect(built, REPAIR, 5)) == found
    assert list(baselines.scan(built, REPAIR, 5)) == found


def test_each_row_has_a_name_of_its_own() -> None:
    names = [row.name for group in (engine, tools, fleet, bookings, postgres, start) for row in group.rows()]
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
def test_a_result_tells_its_median_ratio_and_whether_that_will_do(
    tmp_path: Path, ratio: Ratio, target: float | None, expected: float, *, met: bool | None
) -> None:
    row = Benchmark(
        name="row", measures="ours", floor="a floor", unit=Measure.MS, ratio=ratio, target=target, measure=lambda _: ()
    )
    result = Result(row, [Pair(10, 2), Pair(50, 10), Pair(7, 700)])
    assert (result.ratio, result.is_met) == (expected, met)
    write_json(tmp_path / "results" / "latest.json", [result])
    (told,) = orjson.loads((tmp_path / "results" / "latest.json").read_bytes())["rows"]
    assert {key: told[key] for key in ("name", "measures", "against", "floor", "ours", "ratio", "target", "met")} == {
        "name": "row",
        "measures": "ours",
        "against": "a floor",
        "floor": 10,
        "ours": 10,
        "ratio": expected,
        "target": target,
        "met": met,
    }
