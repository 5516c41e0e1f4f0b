"""Script that runs rushes of concurrent callers over HTTP on several servers, and prints a table.

.venv/bin/python tests/concurrency/rushes.py --times 50 --on sqlite
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

from concurrency.business import Business, many_kinds, one_kind
from concurrency.callers import Caller, tomorrow, utc
from concurrency.calls import Switchboard, connected
from concurrency.checker import Problem, check
from concurrency.evidence import Rows
from concurrency.grounds import Ground, ground_of
from concurrency.servers import serving_together
from concurrency.table import print_table
from concurrency.wire import Attempt
from linearizability.check import check_rush

SERVERS: Final = 4
CALLERS: Final = 200
CALLERS_OF_ALL_KINDS: Final = 60
"""Number of callers; each calls several times."""
CAPACITY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """A completed rush."""

    history: Sequence[Attempt]
    taken: int
    """Number of times that were ever held or booked."""
    problems: list[Problem]
    undecided: int
    """Number of histories whose search for an order was given up."""
    seconds: float
    """Duration from the first request to the last response to a first request."""

    def lost(self) -> int:
        """Number of attempts whose response a caller could not use."""
        return sum(not one.is_final for one in self.history)


async def on_one_start(ground: Ground, urls: Sequence[str], seed: int, *, callers: int = CALLERS) -> Rush:
    """Let all callers hold or book the same start, with and without a key."""
    business = one_kind(f"one-start-{seed}", technicians=CAPACITY)
    await ground.open(business)
    async with connected(urls, seed) as board:
        day = tomorrow(board.now_ms())
        wish = {"serviceType": "visit", "start": utc(day + 600)}
        people = people_of(callers, seed, board, business)
        began = time.monotonic()
        await asyncio.gather(*(one.want_nothing_else(wish) for one in people))
        seconds = time.monotonic() - began
        won = {one.request for one in board.history if one.has_worked}
        problems = [] if len(won) == CAPACITY else [Problem("sold twice", f"{len(won)} of {CAPACITY} won")]
        await come_to_an_end(people)
        return _checked(business, board, ground.rows(business), problems, seconds)


async def of_all_kinds(ground: Ground, urls: Sequence[str], seed: int, *, callers: int = CALLERS_OF_ALL_KINDS) -> Rush:
    """Let callers use lengths, skills, holds, bookings, moves, cancellations and repeated requests."""
    business = many_kinds(f"all-kinds-{seed}")
    await ground.open(business)
    async with connected(urls, seed) as board:
        people = people_of(callers, seed, board, business)
        began = time.monotonic()
        await asyncio.gather(*(one.call() for one in people))
        seconds = time.monotonic() - began
        await come_to_an_end(people)
        return _checked(business, board, ground.rows(business), [], seconds)


def _checked(business: Business, board: Switchboard, rows: Rows, problems: list[Problem], seconds: float) -> Rush:
    """Return a rush with the results of both checkers, and the problems that were found before."""
    report = check_rush(business, board.history, rows)
    return Rush(
        history=board.history,
        taken=len(rows.entries),
        problems=[*problems, *check(business, board.history, rows), *report.problems],
        undecided=report.undecided,
        seconds=seconds,
    )


def people_of(callers: int, seed: int, board: Switchboard, business: Business) -> list[Caller]:
    day = tomorrow(board.now_ms())
    return [Caller.numbered(number, seed=seed, board=board, business=business, day=day) for number in range(callers)]


async def come_to_an_end(people: Sequence[Caller]) -> None:
    """Book holds and offers that are left; send every request with a key once more; then ask for the results."""
    await asyncio.gather(*(one.confirm(kept) for one in people for kept in one.kept))
    await asyncio.gather(*(one.decide_on_offers() for one in people))
    await people[0].board.ask_all_again()
    await asyncio.gather(*(one.see_the_end() for one in people), people[0].look())


class Run(Protocol):
    """Runner of a rush."""

    async def __call__(self, ground: Ground, urls: Sequence[str], seed: int, *, callers: int) -> Rush: ...


NAMES: Final[Mapping[Run, str]] = {on_one_start: "one start that three can have", of_all_kinds: "all kinds"}


async def _run(ground: Ground, urls: Sequence[str], seeds: Sequence[int], how_many: Mapping[Run, int]) -> bool:
    rows, everything, undecided = [], [], 0
    for run, callers in how_many.items():
        rushes = [await run(ground, urls, seed, callers=callers) for seed in seeds]
        everything += [problem for rush in rushes for problem in rush.problems]
        undecided += sum(rush.undecided for rush in rushes)
        rows.append((NAMES[run], callers, *_summed(rushes)))
        print(*rows[-1], file=sys.stderr)  # noqa: T201  a script
    print_table(HEADINGS, rows)
    for problem in everything:
        print(problem.kind, problem.text)  # noqa: T201  a script
    return not (everything or undecided)


HEADINGS: Final = (
    "rush",
    "callers",
    "times",
    "calls",
    "errors seen",
    "times held or booked",
    "slowest, s",
    "sold twice",
    "promises broken",
    "other problems",
    "undecided",
)


def _summed(rushes: Sequence[Rush]) -> tuple[object, ...]:
    problems = [problem.kind for rush in rushes for problem in rush.problems]
    twice, broken = problems.count("sold twice"), problems.count("promise broken")
    return (
        len(rushes),
        sum(len(rush.history) for rush in rushes),
        sum(rush.lost() for rush in rushes),
        sum(rush.taken for rush in rushes),
        f"{max(rush.seconds for rush in rushes):.1f}",
        twice,
        broken,
        len(problems) - twice - broken,
        sum(rush.undecided for rush in rushes),
    )


def main() -> int:
    """Run the command line; return 0 if no problem was found."""
    parser = argparse.ArgumentParser(description="Rushes on several servers, each checked afterwards.")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--callers", type=int, default=CALLERS, help="who want one start")
    parser.add_argument("--mixed", type=int, default=CALLERS_OF_ALL_KINDS, help="callers of all kinds")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="postgres")
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ground_of(options.on, Path(name)) as ground:  # noqa: SIM117  in this order
        with serving_together(Path(name), SERVERS, **ground.settings) as servers:
            seeds = range(options.seed, options.seed + options.times)
            how_many: dict[Run, int] = {on_one_start: options.callers, of_all_kinds: options.mixed}
            is_fine = asyncio.run(_run(ground, [one.url for one in servers], seeds, how_many))
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
