"""Command line: rounds of random input until the time is over, and a table of the responses."""

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
"""Maximum growth of the server's memory after the first round."""
SECONDS_A_MINUTE = 60


def main() -> None:
    """Run the command."""
    typer.run(_fuzz)


def _fuzz(minutes: Annotated[float, typer.Option(help="Duration in minutes.")] = 10) -> None:
    """Fuzz every HTTP route and every tool. The first failure ends the run, with a minimized input."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder, running_target(Path(folder)) as target:
        fuzzer = Fuzzer(target)
        memory_mib = _fuzz_for(minutes, fuzzer, target, console)
        fuzzer.check_server()
    console.print(_table(fuzzer))
    if max(memory_mib) > memory_mib[0] + GROWTH_MIB:
        console.print(f"The server grew from {memory_mib[0]:.0f} to {max(memory_mib):.0f} MiB.")
        raise typer.Exit(1)


def _fuzz_for(minutes: float, fuzzer: Fuzzer, target: Target, console: Console) -> list[float]:
    """Return the server's memory in MiB after each round."""
    began = time.monotonic()
    memory_mib: list[float] = []
    while not memory_mib or time.monotonic() < began + minutes * SECONDS_A_MINUTE:
        _round(fuzzer)
        memory_mib.append(target.memory_mib())
        elapsed = (time.monotonic() - began) / SECONDS_A_MINUTE
        console.print(f"{elapsed:5.1f} minutes  {fuzzer.responses.total():7,} responses  {memory_mib[-1]:6.1f} MiB")
    return memory_mib


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
    table = Table("Response", "Count", title="Responses")
    table.columns[1].justify = "right"
    for kind, count in fuzzer.responses.most_common():
        table.add_row(kind, f"{count:,}")
    return table
