"""Charts as numbers and words, for templates that draw them: bars, stacked bars, and heat maps in five shades."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from slotmcp.domain.report import HourlyCounts

SHADES: Final = 5
"""From the lightest, 1, to that of the most there is; what is nothing has none: 0."""
WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a bar chart."""

    label: str
    count: int
    percent: int
    """Of the whole that the chart is of."""
    more: str = ""
    """What else is to be said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a stacked bar."""

    name: str
    """Also what its pattern is called."""
    told: str
    start: float
    """From 0 to 100, as its width."""
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """An hour of a weekday."""

    count: int
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Hours by weekday. Hours that are alike at the beginning of the day are one row, and so at its end."""

    rows: Sequence[tuple[str, Sequence[Cell]]]
    """The hours, such as "09" or "00-06", and their seven days from Monday on."""
    least: int
    most: int


def percent_of(count: float, whole: float) -> int:
    """A share, rounded; 0 of nothing."""
    return round(count / whole * WHOLE) if whole else 0


def bars(rows: Iterable[tuple[str, int]], whole: int) -> list[Bar]:
    """A bar for each label and count."""
    return [Bar(label=label, count=count, percent=percent_of(count, whole)) for label, count in rows]


def stack(parts: Sequence[tuple[str, int, str]]) -> list[Part]:
    """A bar of parts, each a name, a size and how that is told; those of no size are left out."""
    whole = sum(size for _, size, _ in parts)
    found: list[Part] = []
    start = 0.0
    for name, size, told in parts:
        if size:
            width = size / whole * WHOLE
            found.append(Part(name=name, told=told, start=round(start, 3), width=round(width, 3)))
            start += width
    return found


def heat_map(hours: HourlyCounts) -> HeatMap | None:
    """None: nothing is counted."""
    least, most = min(map(min, hours)), max(map(max, hours))
    if not most:
        return None
    by_hour = list(zip(*hours, strict=True))
    runs = [list(alike) for _, alike in groupby(range(len(by_hour)), key=by_hour.__getitem__)]
    between = [[hour] for run in runs[1:-1] for hour in run]
    rows = [(_span(run), _cells(by_hour[run[0]], least, most)) for run in (runs[0], *between, *runs[1:][-1:])]
    return HeatMap(rows=rows, least=least, most=most)


def shade(count: int, least: int, most: int) -> int:
    """From 1 for the least there is to SHADES for the most, in steps of the same size; 0 for nothing."""
    if not count:
        return 0
    return max(1, -(-(count - least) * SHADES // (most - least))) if most > least else SHADES


def _span(run: Sequence[int]) -> str:
    return f"{run[0]:02}" if len(run) == 1 else f"{run[0]:02}-{run[-1]:02}"


def _cells(counts: Sequence[int], least: int, most: int) -> list[Cell]:
    return [Cell(count=count, shade=shade(count, least, most)) for count in counts]
