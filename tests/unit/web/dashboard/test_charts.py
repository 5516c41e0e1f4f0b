"""Charts as numbers: what is drawn is what is counted."""

import pytest

from slotmcp.domain.report import HourlyCounts
from slotmcp.web.dashboard.charts import HeatMap, heat_map, shade, stack
from slotmcp.web.dashboard.when import ago
from slotmcp.web.dashboard.words import hours_and_minutes

NIGHT = (0,) * 24


def week(monday: tuple[int, ...], others: tuple[int, ...] = NIGHT) -> HourlyCounts:
    return (monday, *(others,) * 6)


def mapped(hours: HourlyCounts) -> HeatMap:
    found = heat_map(hours)
    assert found is not None
    return found


def test_nothing_counted_is_no_map() -> None:
    assert heat_map((NIGHT,) * 7) is None


def test_alike_hours_at_both_ends_of_the_day_are_one_row_each_and_none_between() -> None:
    found = mapped(week((0,) * 8 + (1, 2, 2, 3) + (0,) * 12))
    assert [hours for hours, _ in found.rows] == ["00-07", "08", "09", "10", "11", "12-23"]
    assert [cells[0].count for _, cells in found.rows] == [0, 1, 2, 2, 3, 0]
    assert {len(cells) for _, cells in found.rows} == {7}
    assert (found.least, found.most) == (0, 3)


@pytest.mark.parametrize(
    ("monday", "rows"),
    [
        ((1,) * 24, ["00-23"]),
        ((1,) + (0,) * 23, ["00", "01-23"]),
        ((0,) * 23 + (1,), ["00-22", "23"]),
        (tuple(range(24)), [f"{hour:02}" for hour in range(24)]),
    ],
)
def test_every_hour_is_in_a_row(monday: tuple[int, ...], rows: list[str]) -> None:
    assert [hours for hours, _ in mapped(week(monday)).rows] == rows


def test_shades_go_from_the_least_to_the_most_in_five_steps() -> None:
    assert [shade(count, 0, 10) for count in range(11)] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [shade(count, 20, 25) for count in range(20, 26)] == [1, 1, 2, 3, 4, 5]
    assert shade(7, 7, 7) == 5


def test_a_stack_is_as_long_as_its_parts_and_leaves_out_what_is_nothing() -> None:
    parts = stack([("booked", 30, "30 min"), ("travel", 0, "0 min"), ("free", 90, "1 h 30 min")])
    assert [(one.name, one.start, one.width) for one in parts] == [("booked", 0, 25), ("free", 25, 75)]
    assert stack([("booked", 0, "0 min")]) == []


@pytest.mark.parametrize(
    ("minutes", "told"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"), (10_080, "168 h")]
)
def test_a_length_is_as_short_as_it_can_be(minutes: int, told: str) -> None:
    assert hours_and_minutes(minutes) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "just now"), (59, "just now"), (60, "1 minute ago"), (7199, "1 hour ago"), (200_000, "2 days ago")],
)
def test_how_long_ago_is_told_in_the_largest_unit(seconds: int, told: str) -> None:
    assert ago(seconds * 1000, 0) == told
