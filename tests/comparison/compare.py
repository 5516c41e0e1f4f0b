"""`.venv/bin/python tests/comparison/compare.py [--base REVISION] [--pairs 15]`: print what changed since a revision.

It prints three tables: the structure of the source, the counts of get_slots, create_hold and book_slot, and the ratios
of their times in interleaved pairs of runs. The revision is checked out into a temporary folder from the Git history.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from comparison.structure import measures  # tests are found by path, here as under pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = "dde0c0a"
"""Last revision before the code was renamed and its modules were merged."""
CALLS = Path(__file__).with_name("calls.py")
STUDENT_T_95 = {4: 2.776, 9: 2.262, 14: 2.145, 19: 2.093, 29: 2.045}
"""Two-sided 95 % quantiles of Student's t distribution, by degrees of freedom."""


def main() -> None:
    """Run the command line."""
    typer.run(_compare)


def _compare(
    base: Annotated[str, typer.Option(help="Revision to compare with.")] = BASE,
    pairs: Annotated[int, typer.Option(help="Pairs of timed runs: 5, 10, 15, 20 or 30; 0 leaves the times out.")] = 15,
) -> None:
    """Compare the structure, the counts and the times of a revision and of the working tree."""
    console = Console(width=100)
    with _checked_out(base) as before:
        sources = (before / "src", ROOT / "src")
        console.print(_structure(base, *(measures(source) for source in sources)))
        console.print(_counts(base, *(_run("count", source) for source in sources)))
        if pairs:
            console.print(_times(*sources, pairs=pairs))


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "base"
        _git("worktree", "add", "--quiet", "--detach", str(path), revision)
        try:
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)  # noqa: S603, S607  git as it is installed


def _run(mode: str, source: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, str(CALLS), mode]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603  calls.py
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _structure(base: str, before: dict[str, str], after: dict[str, str]) -> Table:
    table = _table("Structure of src/", "measure", base, "now")
    for name, value in after.items():
        table.add_row(name, before[name], value)
    return table


def _counts(base: str, before: dict[str, Any], after: dict[str, Any]) -> Table:
    table = _table("One warm call (least of 15)", "call", "count", base, "now")
    for call, counts in after.items():
        for name, value in counts.items():
            table.add_row(call, name.replace("_", " "), f"{before[call][name]}", f"{value}")
    return table


def _times(before: Path, after: Path, *, pairs: int) -> Table:
    """Return the ratios of times: their geometric mean and its 95 % interval."""
    runs = [(_run("time", before), _run("time", after)) for _ in range(pairs)]
    table = _table(
        f"Time now by time before ({pairs} interleaved pairs)", "call", "before, ms", "ratio", "95 % interval"
    )
    for call in runs[0][0]:
        log_ratios = [log(after_ms[call] / before_ms[call]) for before_ms, after_ms in runs]
        half_width = STUDENT_T_95[pairs - 1] * stdev(log_ratios) / sqrt(pairs)
        mean = fmean(log_ratios)
        interval = f"{exp(mean - half_width):.3f} to {exp(mean + half_width):.3f}"
        mean_before_ms = fmean(before_ms[call] for before_ms, _ in runs)
        table.add_row(call, f"{mean_before_ms:.2f}", f"{exp(mean):.3f}", interval)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


if __name__ == "__main__":
    main()
