"""Command line of the benchmarks."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from benchmarks.benchmark import FULL, QUICK, Outcome
from benchmarks.catalog import rows
from benchmarks.table import to_json, to_markdown, to_table

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"
LATEST = RESULTS / "latest.json"
MARKDOWN = RESULTS / "latest.md"

WIDTH = 168
"""Minimum width of the table, which may be written to a file."""


def main() -> None:
    """Run the command. A signal to stop also ends the servers that it has started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    typer.run(_measure)


def _measure(
    only: Annotated[str, typer.Option(help="Run the rows whose name contains this.")] = "",
    runs: Annotated[int, typer.Option(min=1, help="Measure all rows so many times; print medians and spread.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="Measure roughly; without --only, omit long rows.")] = False,  # noqa: FBT002  an option
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,  # noqa: FBT002  an option
) -> None:
    """Compare slotmcp with floors in the same run, and print the ratios."""
    outcomes = [Outcome(row) for row in rows(only) if only or not (quick and row.is_long)]
    if not outcomes:
        raise typer.BadParameter(f"no row has a name that contains {only!r}.", param_hint="--only")
    console = Console(width=max(Console().width, WIDTH), stderr=markdown)
    with Live(to_table(outcomes), console=console, vertical_overflow="visible", auto_refresh=False) as live:
        for _ in range(runs):
            for outcome in outcomes:
                outcome.measure(QUICK if quick else FULL)
                live.update(to_table(outcomes), refresh=True)
    RESULTS.mkdir(exist_ok=True)
    LATEST.write_bytes(to_json(outcomes))
    MARKDOWN.write_text(to_markdown(outcomes), encoding="utf-8")
    if markdown:
        sys.stdout.write(to_markdown(outcomes))
