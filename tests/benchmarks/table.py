"""Results as a table, and as JSON for comparisons of runs."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import orjson
from rich.table import Table

from benchmarks.benchmark import Result

_ROUND_FROM = 100


def new_table() -> Table:
    """Return an empty table."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start"
    table = Table(title=f"Ratios within one run, medians of alternating pairs; {machine}", title_justify="left")
    for heading in ("row", "measures", "against"):
        table.add_column(heading, overflow="fold")
    for heading in ("floor", "ours", "ratio", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def add_row(table: Table, result: Result) -> None:
    """Add a result."""
    row = result.benchmark
    target = "-" if row.target is None else f"{row.ratio.sign} {row.target:.3g}"
    met = {None: "-", True: "yes", False: "[red]no[/]"}[result.is_met]
    floor, ours = (f"{_figure(number)} {row.unit}" for number in (result.floor, result.ours))
    table.add_row(row.name, row.measures, row.floor, floor, ours, f"{_figure(result.ratio)} {row.ratio}", target, met)


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Write the results with a description of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        orjson.dumps({**_machine(), "rows": [_row(result) for result in results]}, option=orjson.OPT_INDENT_2)
    )


def _machine() -> dict[str, object]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "slotmcp": version("slotmcp"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _row(result: Result) -> dict[str, object]:
    row = result.benchmark
    return {
        "name": row.name,
        "measures": row.measures,
        "against": row.floor,
        "unit": row.unit,
        "floor": result.floor,
        "ours": result.ours,
        "ratio": result.ratio,
        "ratioIs": row.ratio,
        "target": row.target,
        "met": result.is_met,
        "pairs": len(result.pairs),
    }


def _figure(number: float) -> str:
    """Format a number with three significant digits."""
    return f"{number:,.0f}" if number >= _ROUND_FROM else f"{number:.3g}"
