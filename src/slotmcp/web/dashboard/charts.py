"""Chart data for templates: bars, stacked bars, and heat maps in five shades."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from slotmcp.domain.report import HourlyCounts

SHADES: Final = 5
"""Number of shades, from 1 (the lowest count) to 5 (the highest). Shade 0 is a count of 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Row of a bar chart."""

    label: str
    count: int
    percent: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSegment:
    """Segment of a stacked bar."""

    name: str
    """Label, and name of its fill pattern."""
    size: str
    """Formatted size, such as "2 h"."""
    start: float
    """Percent of the bar's width."""
    width: float
    """Percent of the bar's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMapCell:
    """Hour of a weekday."""

    count: int
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Counts by hour and weekday. Equal hours at the start of the day share a row, and so do those at its end."""

    rows: Sequence[tuple[str, Sequence[HeatMapCell]]]
    """Hours, such as "09" or "00-06", with their seven days from Monday on."""
    least: int
    most: int


def percent_of(count: float, total: float) -> int:
    """Return a share in percent, rounded; 0 when the total is 0."""
    return round(count / total * 100) if total else 0


def bars(rows: Iterable[tuple[str, int]], total: int) -> list[Bar]:
    """Return a bar for each label and count."""
    return [Bar(label=label, count=count, percent=percent_of(count, total)) for label, count in rows]


def stack(parts: Sequence[tuple[str, int, str]]) -> list[BarSegment]:
    """Return the segments of a bar from names, sizes and formatted sizes. Empty parts are left out."""
    total = sum(size for _, size, _ in parts)
    segments: list[BarSegment] = []
    start = 0.0
    for name, size, formatted in parts:
        if size:
            width = size / total * 100
            segments.append(BarSegment(name=name, size=formatted, start=round(start, 3), width=round(width, 3)))
            start += width
    return segments


def heat_map(hours: HourlyCounts) -> HeatMap | None:
    """Return the heat map of counts by weekday and hour; None when every count is 0."""
    least, most = min(map(min, hours)), max(map(max, hours))
    if not most:
        return None
    by_hour = list(zip(*hours, strict=True))
    runs = [list(equal) for _, equal in groupby(range(len(by_hour)), key=by_hour.__getitem__)]
    between = [[hour] for run in runs[1:-1] for hour in run]
    rows = [(_hour_label(run), _cells(by_hour[run[0]], least, most)) for run in (runs[0], *between, *runs[1:][-1:])]
    return HeatMap(rows=rows, least=least, most=most)


def shade(count: int, least: int, most: int) -> int:
    """Return the shade of a count in steps of equal size; 0 for a count of 0."""
    if not count:
        return 0
    return max(1, -(-(count - least) * SHADES // (most - least))) if most > least else SHADES


def _hour_label(run: Sequence[int]) -> str:
    return f"{run[0]:02}" if len(run) == 1 else f"{run[0]:02}-{run[-1]:02}"


def _cells(counts: Sequence[int], least: int, most: int) -> list[HeatMapCell]:
    return [HeatMapCell(count=count, shade=shade(count, least, most)) for count in counts]
