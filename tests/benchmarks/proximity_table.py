"""Command line: weeks by seed, policies by row, with medians and ranges."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.proximity_policies import BY_ETA, policies
from benchmarks.proximity_results import Week, optimum_at_same_starts, optimum_in_same_half_days, week_of
from benchmarks.proximity_week import calls_of

_WIDTH = 150
"""Minimum width of the table, which may be written to a file."""

Weeks = Sequence[Week]
"""Weeks of one policy, by seed."""


def main() -> None:
    """Run the command."""
    typer.run(_compare)


def _compare(
    seeds: Annotated[int, typer.Option(min=1, help="Number of weeks, each with different calls.")] = 10,
) -> None:
    """Simulate 60 calls around Denver for 12 technicians, and print the distances under each policy."""
    console = Console(width=max(Console().width, _WIDTH))
    steps = track(range(seeds), "weeks", console=Console(stderr=True), transient=True)
    by_seed = [[week_of(policy, calls_of(seed)) for policy in policies(seed)] for seed in steps]
    console.print(table_of(list(zip(*by_seed, strict=True))))


def table_of(rows: Sequence[Weeks]) -> Table:
    """Return the table of all policies, with the bounds for the ETA policy."""
    table = Table(title=f"12 technicians, 60 jobs in five days; median of {len(rows[0])} weeks (least to most)")
    table.title_justify = "left"
    table.add_column("who goes")
    for heading in ("km", "minutes on the way", "routes", "times its optimum", "moved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for weeks in rows:
        table.add_row(weeks[0].policy.name, *_figures(weeks))
    (by_eta,) = (weeks for weeks in rows if weeks[0].policy.name == BY_ETA.name)
    table.add_section()
    for name, optimum in (
        (f"optimum, at the starts of {BY_ETA.name}", optimum_at_same_starts),
        (f"optimum, in the half days of {BY_ETA.name}", optimum_in_same_half_days),
    ):
        optima = [optimum(week.jobs) for week in by_eta]
        unproved = sum(not each.is_proved for each in optima)
        table.add_row(name + (f" ({unproved} not proved)" if unproved else ""), _spread(each.km for each in optima))
    return table


def _figures(weeks: Weeks) -> Iterable[str]:
    figures: Sequence[Callable[[Week], float]] = (
        lambda week: week.traveled.km,
        lambda week: week.traveled.minutes,
        lambda week: week.traveled.routes,
    )
    yield from (_spread(figure(week) for week in weeks) for figure in figures)
    yield _spread((week.over_optimum for week in weeks), digits=2)
    yield _spread(week.moved for week in weeks)


def _spread(numbers: Iterable[float], *, digits: int = 0) -> str:
    known = list(numbers)
    middle, least, most = (f"{number:,.{digits}f}" for number in (median(known), min(known), max(known)))
    return f"{middle} ({least} to {most})"
