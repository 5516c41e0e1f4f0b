"""The command: weeks by seed, policies by row, medians and how far they spread."""

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
"""Of the table, at least: it may go to a file."""

Weeks = Sequence[Week]
"""One policy's, a seed each."""


def main() -> None:
    """Compare."""
    typer.run(_compare)


def _compare(seeds: Annotated[int, typer.Option(min=1, help="How many weeks, each with other calls.")] = 10) -> None:
    """Let 60 people around Denver call 12 technicians, and print how far those drive by each policy."""
    console = Console(width=max(Console().width, _WIDTH))
    steps = track(range(seeds), "weeks", console=Console(stderr=True), transient=True)
    by_seed = [[week_of(policy, calls_of(seed)) for policy in policies(seed)] for seed in steps]
    console.print(table_of(list(zip(*by_seed, strict=True))))


def table_of(rows: Sequence[Weeks]) -> Table:
    """All policies, and the bounds of those who go by ETA."""
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
        found = [optimum(week.jobs) for week in by_eta]
        unproved = sum(not one.is_proved for one in found)
        table.add_row(name + (f" ({unproved} not proved)" if unproved else ""), _spread(one.km for one in found))
    return table


def _figures(weeks: Weeks) -> Iterable[str]:
    whole: Sequence[Callable[[Week], float]] = (
        lambda week: week.travelled.km,
        lambda week: week.travelled.minutes,
        lambda week: week.travelled.routes,
    )
    yield from (_spread(figure(week) for week in weeks) for figure in whole)
    yield _spread((week.over_optimum for week in weeks), digits=2)
    yield _spread(week.moved for week in weeks)


def _spread(numbers: Iterable[float], *, digits: int = 0) -> str:
    known = list(numbers)
    middle, least, most = (f"{number:,.{digits}f}" for number in (median(known), min(known), max(known)))
    return f"{middle} ({least} to {most})"
