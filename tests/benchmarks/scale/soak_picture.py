"""Picture of a soak: percentiles of the response times of each period, and memory."""

from collections.abc import Sequence
from math import log10
from typing import Final

from benchmarks.scale.percentiles import Percentiles

WIDTH, HEIGHT, MARGIN = 720, 190, 60
COLORS: Final = {"p50": "#2a7f62", "p99": "#c77700", "p999": "#b3261e"}
NAMES: Final = {"p50": "p50", "p99": "p99", "p999": "p99.9"}
TICKS_MS: Final = (1, 10, 100, 1000)
Points = Sequence[tuple[float, float]]
"""Seconds, and a value."""


def draw(periods: Sequence[Percentiles], memory: Points, *, period_seconds: float) -> str:
    """Return an SVG with the response times on a logarithmic scale above, and memory in megabytes below."""
    end = max(len(periods) * period_seconds, memory[-1][0])
    parts = [_text(MARGIN, 16, "Response time, ms"), _text(MARGIN, HEIGHT + 36, "Memory, MB")]
    parts += [_rule(_log_y(ms), str(ms)) for ms in TICKS_MS]
    for number, (name, color) in enumerate(COLORS.items()):
        values = [((at + 0.5) * period_seconds, getattr(each, name)) for at, each in enumerate(periods)]
        parts.append(_line([(_x(seconds, end), _log_y(ms)) for seconds, ms in values], color))
        parts.append(_text(WIDTH - 170 + number * 55, 16, NAMES[name], color))
    most = max(mb for _, mb in memory) * 1.2
    parts += [_rule(_memory_y(most * share, most), f"{most * share:.0f}") for share in (0.0, 0.5, 1.0)]
    parts.append(_line([(_x(seconds, end), _memory_y(mb, most)) for seconds, mb in memory], "#1f4e8c"))
    parts.append(_text(WIDTH - 120, 2 * HEIGHT + 44, f"{end / 60:.1f} minutes"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {2 * HEIGHT + 50}" role="img">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{2 * HEIGHT + 50}" fill="#fff"/>', *parts, "</svg>\n"])


def _x(seconds: float, end: float) -> float:
    return MARGIN + seconds / end * (WIDTH - MARGIN - 20)


def _log_y(ms: float) -> float:
    lowest, highest = log10(TICKS_MS[0]), log10(TICKS_MS[-1])
    share = (min(max(log10(ms), lowest), highest) - lowest) / (highest - lowest)
    return HEIGHT - share * (HEIGHT - 30)


def _memory_y(mb: float, most: float) -> float:
    return 2 * HEIGHT + 24 - mb / most * (HEIGHT - 20)


def _rule(y: float, label: str) -> str:
    line = f'<line x1="{MARGIN}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
    return f"{line}{_text(12, y + 4, label)}"


def _line(points: Points, color: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'


def _text(x: float, y: float, text: str, color: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="12" fill="{color}">{text}</text>'
