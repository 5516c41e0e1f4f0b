"""Command line: rounds of random input until the time is over, and a table of the responses."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from hypothesis import HealthCheck, given, seed, settings
from rich.console import Console
from rich.table import Table

from fuzzing.connections import ConnectionFuzzer
from fuzzing.inputs import STEPS, Step
from fuzzing.progress import Progress
from fuzzing.rounds import Fuzzer
from fuzzing.scripts import scripts_of
from fuzzing.stalls import StallWatch, watching
from fuzzing.target import Target, running_target

EXAMPLES_A_ROUND: Final = 300
SCRIPTS_A_ROUND: Final = 120
GROWTH_MIB: Final = 64
"""Maximum growth of the server's memory after the second round."""
STALL_MS: Final = 50
"""Maximum time for which the server may answer no client."""
SECONDS_A_MINUTE: Final = 60
WARM_UP_ROUNDS: Final = 2

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Send random input to a server, and count the responses."
)
Minutes = Annotated[float, typer.Option(help="Duration of this part in minutes.")]
State = Annotated[Path | None, typer.Option(help="File with the progress; an existing one is resumed.")]
Only = Annotated[int | None, typer.Option("--round", help="Repeat only this round, whose number is its seed.")]


@app.command()
def tools(minutes: Minutes = 10, state: State = None, only: Only = None) -> None:
    """Send valid and invalid requests to every route and every tool. A failure ends the run with a minimized input."""
    with _part(state, only) as part:
        fuzzer = Fuzzer(part.target)
        part.run(minutes, lambda number: _play_steps(fuzzer, number), fuzzer.responses)
        fuzzer.check_server()


@app.command("bytes")
def bytes_(
    minutes: Minutes = 10,
    state: State = None,
    only: Only = None,
    kind: Annotated[str, typer.Option(help="Only connections of this kind, such as huge.")] = "",
) -> None:
    """Send invalid, slow, huge and interleaved bytes over many connections at once."""
    with _part(state, only) as part, asyncio.Runner() as runner:
        fuzzer = ConnectionFuzzer(part.target.port)

        def play(number: int) -> None:
            scripts = scripts_of(number, part.target.keys, SCRIPTS_A_ROUND)
            runner.run(fuzzer.run_round(number, (one for one in scripts if kind in {"", one.kind})))
            assert fuzzer.faults == []

        part.run(minutes, play, fuzzer.endings)
        runner.run(fuzzer.finish())
        assert fuzzer.faults == []
        Fuzzer(part.target).check_server()


def _play_steps(fuzzer: Fuzzer, number: int) -> None:
    @seed(number)
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


@contextmanager
def _part(state: Path | None, only: int | None) -> Iterator["Part"]:
    """Run a server and an observer for one part; finally, print the progress of all parts.

    Raises:
        typer.Exit: a stall was too long, or the memory grew too much.
    """
    progress = Progress.load(state)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_target(Path(folder)) as target,
        watching(target.port, target.process.pid) as watch,
    ):
        yield Part(target, watch, progress, state, only)
    Console().print(_table(progress))
    if progress.longest_stall_ms > STALL_MS or progress.largest_growth_mib > GROWTH_MIB:
        raise typer.Exit(1)


class Part:
    """Part of a run, with a server of its own."""

    def __init__(
        self, target: Target, watch: StallWatch, progress: Progress, state: Path | None, only: int | None
    ) -> None:
        self.target = target
        self._watch = watch
        self._progress = progress
        self._state = state
        self._only = only
        self._memory_mib: list[float] = []

    def run(self, minutes: float, play: Callable[[int], None], counts: Counter[str]) -> None:
        """Play rounds until the time is over, and save the progress after each. `counts` are those of this part."""
        ends_at = time.monotonic() + minutes * SECONDS_A_MINUTE
        earlier = Counter(self._progress.counts)
        self._progress.parts += 1
        self._watch.longest()
        is_over = False
        while not is_over:
            began = time.monotonic()
            play(self._progress.rounds if self._only is None else self._only)
            self._progress.counts = earlier + counts
            self._note(time.monotonic() - began)
            is_over = self._only is not None or time.monotonic() >= ends_at

    def _note(self, seconds: float) -> None:
        """Record what the server did in a round, and print a line."""
        progress, stall = self._progress, self._watch.longest()
        progress.seconds += seconds
        progress.note_stall(stall.length_ms)
        self._memory_mib.append(self.target.memory_mib())
        warm_mib = self._memory_mib[min(WARM_UP_ROUNDS, len(self._memory_mib)) - 1]
        progress.largest_growth_mib = max(progress.largest_growth_mib, self._memory_mib[-1] - warm_mib)
        Console().print(
            f"round {progress.rounds:5}  {progress.seconds / SECONDS_A_MINUTE:5.1f} minutes  longest stall "
            f"{stall.length_ms:5.1f} ms (answered after {stall.wall_ms:6.1f} ms)  {self._memory_mib[-1]:6.1f} MiB"
        )
        progress.rounds += 1
        progress.save(self._state)


def _table(progress: Progress) -> Table:
    title = (
        f"{progress.rounds:,} rounds, {progress.seconds / SECONDS_A_MINUTE:.1f} minutes in {progress.parts} parts: "
        f"longest stall {progress.longest_stall_ms:.1f} ms (round {progress.stalled_round}), "
        f"largest growth {progress.largest_growth_mib:.1f} MiB"
    )
    table = Table("Response", "Count", title=title)
    table.columns[1].justify = "right"
    for kind, count in progress.counts.most_common():
        table.add_row(kind, f"{count:,}")
    return table


def main() -> None:
    """Run the command."""
    app()
