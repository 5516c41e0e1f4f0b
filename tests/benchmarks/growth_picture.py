"""Curves of times by size as an SVG picture, which is readable on light and dark pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape

import orjson

WIDTH, HEIGHT = 520, 300
"""Size of a panel."""
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 52, 40
"""Space around the axes of a panel."""
COLUMNS = 2
GRID_LINES = 4
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2933; }
  .title { font-weight: 600; font-size: 14px; } .muted { fill: #52606d; font-size: 12px; }
  .page { fill: #ffffff; } .grid { stroke: #cbd2d9; } .curve { fill: none; stroke-width: 2.5; }
  .c0 { stroke: #0b69a3; } .c1 { stroke: #b44d12; stroke-dasharray: 7 4; }
  text.c0 { fill: #0b69a3; stroke: none; } text.c1 { fill: #b44d12; stroke: none; }
  circle.c0 { fill: #0b69a3; } circle.c1 { fill: #b44d12; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb; } .muted { fill: #9aa5b1; } .page { fill: #102a43; } .grid { stroke: #334e68; }
    .c0, circle.c0 { stroke: #66b3f0; } .c1, circle.c1 { stroke: #ffa36b; }
    text.c0, circle.c0 { fill: #66b3f0; } text.c1, circle.c1 { fill: #ffa36b; }
  }
"""
_DATA = re.compile(r"<metadata>(.*)</metadata>")


@dataclass(frozen=True, slots=True)
class Curve:
    """Milliseconds at each size of a panel."""

    name: str
    times_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves over the same sizes."""

    title: str
    sizes: tuple[int, ...]
    curves: tuple[Curve, ...]


def draw(panels: Sequence[Panel]) -> str:
    """Return the picture, which contains the panels as JSON."""
    width, height = COLUMNS * WIDTH, -(-len(panels) // COLUMNS) * HEIGHT
    rounded = [
        {
            "title": panel.title,
            "sizes": panel.sizes,
            "curves": [{"name": curve.name, "ms": [_rounded(ms) for ms in curve.times_ms]} for curve in panel.curves],
        }
        for panel in panels
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>Milliseconds of processor time by technicians, days, bookings and projects</title>",
        f"<metadata>{escape(orjson.dumps(rounded).decode(), quote=False)}</metadata>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *(line for number, panel in enumerate(panels) for line in _panel(number, panel)),
        "</svg>\n",
    ])  # fmt: skip


def panels_in(picture: str) -> list[Panel]:
    """Return the panels of a picture."""
    found = _DATA.search(picture)
    if found is None:
        raise ValueError("The picture has no data.")
    return [
        Panel(
            panel["title"],
            tuple(panel["sizes"]),
            tuple(Curve(curve["name"], tuple(curve["ms"])) for curve in panel["curves"]),
        )
        for panel in orjson.loads(unescape(found[1]))
    ]


def _panel(number: int, panel: Panel) -> list[str]:
    left, top = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
    highest = _ceiling(max(_rounded(ms) for curve in panel.curves for ms in curve.times_ms))
    lines = [_text(left + 16, top + 22, panel.title, "title")]
    for step in range(GRID_LINES + 1):
        value = highest * step / GRID_LINES
        y = _y(top, value, highest)
        lines += [
            f'<path class="grid" d="M{left + LEFT} {y}H{left + WIDTH - RIGHT}"/>',
            _text(left + LEFT - 8, y + 4, f"{value:.3g} ms", "muted", anchor="end"),
        ]
    for size in panel.sizes:
        lines.append(_text(_x(left, size, panel), top + HEIGHT - 18, f"{size}", "muted", anchor="middle"))
    for index, curve in enumerate(panel.curves):
        times = zip(panel.sizes, curve.times_ms, strict=True)
        lines += _curve(index, [(_x(left, size, panel), _y(top, _rounded(ms), highest)) for size, ms in times])
        lines.append(_text(left + LEFT + 8 + 150 * index, top + 42, curve.name, f"c{index}"))
    return lines


def _curve(index: int, points: Sequence[tuple[float, float]]) -> list[str]:
    path = " ".join(f"{x},{y}" for x, y in points)
    return [
        f'<polyline class="curve c{index}" points="{path}"/>',
        *(f'<circle class="c{index}" cx="{x}" cy="{y}" r="3"/>' for x, y in points),
    ]


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(left: int, size: int, panel: Panel) -> float:
    return round(left + LEFT + (WIDTH - LEFT - RIGHT) * size / panel.sizes[-1], 1)


def _y(top: int, value: float, highest: float) -> float:
    return round(top + HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / highest, 1)


def _ceiling(value: float) -> float:
    """Return the next value of 1, 2 or 5 times a power of ten."""
    magnitude = 10.0 ** (len(f"{int(value)}") - 1) if value >= 1 else 0.001
    while not any(value <= step * magnitude for step in (1, 2, 5)):
        magnitude *= 10
    return next(step * magnitude for step in (1, 2, 5) if value <= step * magnitude)


def _rounded(ms: float) -> float:
    """Return three significant digits."""
    return float(f"{ms:.3g}")
