"""The committed picture of growth is the one that its command draws."""

from benchmarks.growth import BOOKINGS, DAYS, PICTURE, PROJECTS, TECHNICIANS
from benchmarks.growth_picture import Curve, Panel, draw, panels_in


def test_the_committed_picture_is_drawn_from_the_times_in_it() -> None:
    committed = PICTURE.read_text("utf-8")
    assert draw(panels_in(committed)) == committed


def test_the_committed_picture_has_the_sizes_and_curves_of_the_command() -> None:
    panels = panels_in(PICTURE.read_text("utf-8"))
    assert [panel.sizes for panel in panels] == [TECHNICIANS, DAYS, BOOKINGS, PROJECTS]
    assert [[curve.name for curve in panel.curves] for panel in panels] == [
        *[["first search", "repeated search"]] * 3,
        ["repeated call"],
    ]
    assert all(len(curve.times_ms) == len(panel.sizes) for panel in panels for curve in panel.curves)


def test_a_picture_keeps_three_digits_of_each_time() -> None:
    panel = Panel("a <title>", (1, 2), (Curve("a & b", (0.12345, 7.0)),))
    assert panels_in(draw([panel])) == [Panel("a <title>", (1, 2), (Curve("a & b", (0.123, 7.0)),))]
