"""Chart data and number formats of the dashboard."""

import pytest

from slotmcp.domain.report import HourlyCounts
from slotmcp.web.dashboard.charts import HeatMap, heat_map, shade, stack
from slotmcp.web.dashboard.labels import format_ago, format_duration

NIGHT = (0,) * 24


def week(monday: tuple[int, ...], others: tuple[int, ...] = NIGHT) -> HourlyCounts:
    return (monday, *(others,) * 6)


def heat_map_of(hours: HourlyCounts) -> HeatMap:
    result = heat_map(hours)
    assert result is not None
    return result


def test_zero_counts_have_no_heat_map() -> None:
    assert heat_map((NIGHT,) * 7) is None


def test_equal_hours_share_a_row_only_at_the_ends_of_the_day() -> None:
    heat_map = heat_map_of(week((0,) * 8 + (1, 2, 2, 3) + (0,) * 12))
    assert [hours for hours, _ in heat_map.rows] == ["00-07", "08", "09", "10", "11", "12-23"]
    assert [cells[0].count for _, cells in heat_map.rows] == [0, 1, 2, 2, 3, 0]
    assert {len(cells) for _, cells in heat_map.rows} == {7}
    assert (heat_map.least, heat_map.most) == (0, 3)


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
    assert [hours for hours, _ in heat_map_of(week(monday)).rows] == rows


def test_shades_rise_from_the_lowest_to_the_highest_count_in_five_steps() -> None:
    assert [shade(count, 0, 10) for count in range(11)] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [shade(count, 20, 25) for count in range(20, 26)] == [1, 1, 2, 3, 4, 5]
    assert shade(7, 7, 7) == 5


def test_a_stack_fills_the_bar_and_leaves_out_empty_parts() -> None:
    segments = stack([("booked", 30, "30 min"), ("travel", 0, "0 min"), ("free", 90, "1 h 30 min")])
    assert [(part.name, part.start, part.width) for part in segments] == [
        ("booked", 0, 25),
        ("free", 25, 75),
    ]
    assert stack([("booked", 0, "0 min")]) == []


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"), (10_080, "168 h")]
)
def test_a_duration_leaves_out_zero_units(minutes: int, text: str) -> None:
    assert format_duration(minutes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (59, "just now"), (60, "1 minute ago"), (7199, "1 hour ago"), (200_000, "2 days ago")],
)
def test_an_age_is_formatted_in_its_largest_unit(seconds: int, text: str) -> None:
    assert format_ago(seconds * 1000, 0) == text
