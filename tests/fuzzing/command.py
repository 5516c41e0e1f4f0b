"""The command: round after round of new input until the time is over, and a table of what came back."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from hypothesis import HealthCheck, given, settings
from rich.console import Console
from rich.table import Table

from fuzzing.inputs import STEPS, Step
from fuzzing.rounds import Fuzzer
from fuzzing.target import Target, running_target

EXAMPLES_A_ROUND = 300
GROWTH_MIB = 64
"""How much more memory a server may have at the end than after its first round."""
SECONDS_A_MINUTE = 60


def main() -> None:
    """Fuzz."""
    typer.run(_fuzz)


def _fuzz(minutes: Annotated[float, typer.Option(help="For how long.")] = 10) -> None:
    """Fuzz every HTTP route and every tool. It ends with an error at the first failure, made as small as it can be."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder, running_target(Path(folder)) as target:
        fuzzer = Fuzzer(target)
        grown = _play_for(minutes, fuzzer, target, console)
        fuzzer.last_look()
    console.print(_table(fuzzer))
    if max(grown) > grown[0] + GROWTH_MIB:
        console.print(f"The server grew from {grown[0]:.0f} to {max(grown):.0f} MiB.")
        raise typer.Exit(1)


def _play_for(minutes: float, fuzzer: Fuzzer, target: Target, console: Console) -> list[float]:
    """The server's memory in MiB after each round."""
    began = time.monotonic()
    grown: list[float] = []
    while not grown or time.monotonic() < began + minutes * SECONDS_A_MINUTE:
        _round(fuzzer)
        grown.append(target.memory_mib())
        passed = (time.monotonic() - began) / SECONDS_A_MINUTE
        console.print(f"{passed:5.1f} minutes  {fuzzer.answers.total():7,} answers  {grown[-1]:6.1f} MiB")
    return grown


def _round(fuzzer: Fuzzer) -> None:
    @settings(
        max_examples=EXAMPLES_A_ROUND,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def play(steps: list[Step]) -> None:
        fuzzer.play(steps)

    play()


def _table(fuzzer: Fuzzer) -> Table:
    table = Table("Answer", "How often", title="What came back")
    table.columns[1].justify = "right"
    for kind, count in fuzzer.answers.most_common():
        table.add_row(kind, f"{count:,}")
    return table
