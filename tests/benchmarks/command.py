"""Command line of the benchmarks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from benchmarks import bookings, engine, fleet, neighbors, over_http, postgres, start, tools
from benchmarks.benchmark import FULL, QUICK, Benchmark, Result
from benchmarks.table import add_row, new_table, write_json

LATEST = Path(__file__).resolve().parents[2] / "bench-results" / "latest.json"

WIDTH = 168
"""Minimum width of the table, which may be written to a file."""


def main() -> None:
    """Run the command."""
    typer.run(_measure)


def _measure(
    only: Annotated[str, typer.Option(help="Run the rows whose name contains this.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Measure roughly, within seconds.")] = False,  # noqa: FBT002  an option
) -> None:
    """Compare slotmcp with floors in the same run, and print the ratios."""
    table, results = new_table(), []
    with Live(table, console=Console(width=max(Console().width, WIDTH)), vertical_overflow="visible"):
        for row in _rows(only):
            results.append(Result(row, row.measure(QUICK if quick else FULL)))
            add_row(table, results[-1])
    write_json(LATEST, results)


def _rows(only: str) -> Iterator[Benchmark]:
    for group in (engine, tools, over_http, fleet, bookings, postgres, neighbors, start):
        yield from (row for row in group.rows() if only in row.name)
