"""Results as a table on the terminal, as Markdown, and as JSON for comparisons of runs."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import orjson
from rich.table import Table

from benchmarks.benchmark import Outcome

_ROUND_FROM = 100
_NO_TARGET = "-"


def to_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a table of the rows that were measured or skipped so far."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    table = Table(title=f"Ratios within one run, medians of alternating pairs; {machine}", title_justify="left")
    for heading in ("row", "measures", "against"):
        table.add_column(heading, overflow="fold")
    for heading in ("floor", "ours", "ratio", "spread", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        _add_row(table, outcome)
    return table


def to_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the table of the page on performance."""
    heads = "| row | floor | slotmcp | ratio | spread | target |\n|---|---|---|---|---|---|\n"
    return heads + "".join(_markdown_row(outcome) for outcome in outcomes if outcome.results or outcome.skipped)


def to_json(outcomes: Sequence[Outcome]) -> bytes:
    """Return the results with a description of the machine."""
    rows = [_json_row(outcome) for outcome in outcomes if outcome.results or outcome.skipped]
    return orjson.dumps({**_machine(), "rows": rows}, option=orjson.OPT_INDENT_2)


def _add_row(table: Table, outcome: Outcome) -> None:
    row = outcome.benchmark
    if outcome.results:
        met = {None: "-", True: "yes", False: "[red]no[/]"}[outcome.is_met]
        target = _NO_TARGET if row.target is None else f"{row.ratio.sign} {row.target:.3g}"
        numbers = (_number(outcome, outcome.floor), _number(outcome, outcome.ours), _ratio(outcome), _spread(outcome))
        table.add_row(row.name, row.measures, row.floor, *numbers, target, met)
    elif outcome.skipped:
        table.add_row(row.name, row.measures, f"skipped: {outcome.skipped}")


def _markdown_row(outcome: Outcome) -> str:
    row = outcome.benchmark
    if not outcome.results:
        return f"| `{row.name}` | not measured: {outcome.skipped} | | | | |\n"
    words = "at most" if row.ratio.is_limited else "at least"
    target = "" if row.target is None else f"{words} {row.target:.3g}"
    missed = ": **missed**" if outcome.is_met is False else ""
    numbers = f"{_number(outcome, outcome.floor)} | {_number(outcome, outcome.ours)} | {_ratio(outcome)}"
    return f"| `{row.name}` | {numbers} | {_spread(outcome)} | {target}{missed} |\n"


def _number(outcome: Outcome, number: float) -> str:
    return f"{_figure(number)} {outcome.benchmark.unit}"


def _ratio(outcome: Outcome) -> str:
    return f"{_figure(outcome.ratio)} {outcome.benchmark.ratio}"


def _spread(outcome: Outcome) -> str:
    """Return the smallest and the largest ratio of several runs."""
    ratios = outcome.ratios
    return f"{_figure(min(ratios))} to {_figure(max(ratios))}" if len(ratios) > 1 else ""


def _machine() -> dict[str, object]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "slotmcp": version("slotmcp"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _json_row(outcome: Outcome) -> dict[str, object]:
    row = outcome.benchmark
    described = {"name": row.name, "measures": row.measures, "against": row.floor, "unit": row.unit}
    if not outcome.results:
        return {**described, "skipped": outcome.skipped}
    return {
        **described,
        "floor": outcome.floor,
        "ours": outcome.ours,
        "ratio": outcome.ratio,
        "ratioIs": row.ratio,
        "target": row.target,
        "met": outcome.is_met,
        "ratios": outcome.ratios,
        "pairs": sum(len(result.pairs) for result in outcome.results),
    }


def _figure(number: float) -> str:
    """Format a number with three significant digits."""
    return f"{number:,.0f}" if number >= _ROUND_FROM else f"{number:.3g}"
