"""Script that checks many calls for linearizability, on both databases and with faults. It continues where it ended.

.venv/bin/python tests/linearizability/long_run.py --operations 200000
"""

import argparse
import asyncio
import json
import pickle
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

from concurrency.chaos import fleet_of
from concurrency.faults import OF_PARTS, kill_and_start
from concurrency.grounds import Ground, in_a_file
from concurrency.servers import Server, serving_together
from concurrency.table import print_table
from linearizability.rounds import Fault, Round, play_rounds

TRACEBACK: Final = "Traceback"
STORES: Final = ("sqlite", "postgres")
SERVERS: Final = 3
OPERATIONS: Final = 200_000
AT_ONCE: Final = 6
"""Rounds that are played at the same time, because their callers often wait."""
FOLDER: Final = Path("bench-results/linearizability")
HEADINGS: Final = (
    "store",
    "rounds",
    "with a fault",
    "calls",
    "violations",
    "undecided",
    "other problems",
    "calls a second",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Servers over one database, and the faults that they can have."""

    ground: Ground
    servers: Sequence[Server]
    faults: Mapping[str, Fault]

    @property
    def urls(self) -> list[str]:
        return [one.url for one in self.servers]

    def tracebacks(self) -> list[str]:
        """Return the logs of servers with a traceback, since their start."""
        texts = [one.log.read_text() for one in self.servers]
        return [text[text.index(TRACEBACK) :] for text in texts if TRACEBACK in text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Result of a round, as it is stored."""

    store: str
    fault: str
    calls: int
    violations: int
    undecided: int
    problems: int
    seconds: float


@asynccontextmanager
async def site_of(store: str, folder: Path) -> AsyncIterator[Site]:
    """Start servers over a database of their own."""
    if store == "postgres":
        async with fleet_of(folder, proxies=False) as (ground, world):
            faults: dict[str, Fault] = {name: partial(fault, world) for name, fault in OF_PARTS.items()}
            yield Site(ground=ground, servers=world.servers, faults=faults)
        return
    ground = in_a_file(folder / "slotmcp.db")
    opened = serving_together(folder, SERVERS, **ground.settings)
    servers = await asyncio.to_thread(opened.__enter__)
    try:
        faults = {f"server {number} killed": partial(kill_and_start, one) for number, one in enumerate(servers)}
        yield Site(ground=ground, servers=servers, faults=faults)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


class Log:
    """File of completed rounds, and the histories with violations."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / "rounds.jsonl"

    def lines(self, store: str) -> list[Line]:
        """Return the completed rounds on a database."""
        if not self._path.exists():
            return []
        found = [Line(**json.loads(text)) for text in self._path.read_text().splitlines()]
        return [one for one in found if one.store == store]

    def calls(self, store: str) -> int:
        return sum(one.calls for one in self.lines(store))

    def add(self, line: Line, played: Round) -> None:
        """Append a round. A history with a problem is stored completely."""
        if played.report.violations or played.report.undecided or played.problems:
            name = f"{line.store}-{len(self.lines(line.store))}.pickle"
            (self._folder / name).write_bytes(pickle.dumps(list(played.history)))
        with self._path.open("a") as file:
            file.write(json.dumps({name: getattr(line, name) for name in Line.__slots__}) + "\n")


async def run(store: str, log: Log, operations: int) -> None:
    """Play rounds on one database until so many operations are checked."""
    with tempfile.TemporaryDirectory() as folder:
        async with site_of(store, Path(folder)) as site:
            while log.calls(store) < operations:
                began, before = time.monotonic(), log.calls(store)
                for line, played in await _play(store, site, len(log.lines(store))):
                    log.add(line, played)
                    _print_problems(line, played)
                calls = log.calls(store)
                rate = (calls - before) / (time.monotonic() - began)
                print(f"{store}: {calls} of {operations} calls, {rate:.0f} a second", flush=True)  # noqa: T201
                for text in site.tracebacks():
                    print(text, flush=True)  # noqa: T201  a script


async def _play(store: str, site: Site, number: int) -> list[tuple[Line, Round]]:
    """Play rounds at the same time; half of them have a fault."""
    which, is_faulty = divmod(number // AT_ONCE, 2)
    fault = list(site.faults)[which % len(site.faults)] if is_faulty else ""
    began = time.monotonic()
    seeds = [f"{number + place}-{time.time_ns()}" for place in range(AT_ONCE)]
    rounds = await play_rounds(site.ground, site.urls, seeds, fault=site.faults.get(fault))
    seconds = (time.monotonic() - began) / AT_ONCE
    return [(_line(store, fault, seconds, played), played) for played in rounds]


def _line(store: str, fault: str, seconds: float, played: Round) -> Line:
    return Line(
        store=store,
        fault=fault,
        calls=len(played.history),
        violations=len(played.report.violations),
        undecided=played.report.undecided,
        problems=len(played.problems),
        seconds=round(seconds, 3),
    )


def _print_problems(line: Line, played: Round) -> None:
    for text in played.report.violations:
        print(f"VIOLATION\n{text}", flush=True)  # noqa: T201  a script
    for problem in played.problems:
        print(f"PROBLEM: {problem.kind}: {problem.text}", flush=True)  # noqa: T201  a script
    if line.undecided:
        print(f"UNDECIDED: {line.undecided} histories", flush=True)  # noqa: T201  a script


def _row(store: str, lines: list[Line]) -> tuple[object, ...]:
    calls, seconds = sum(one.calls for one in lines), sum(one.seconds for one in lines)
    return (
        store,
        len(lines),
        sum(bool(one.fault) for one in lines),
        f"{calls:,}",
        sum(one.violations for one in lines),
        sum(one.undecided for one in lines),
        sum(one.problems for one in lines),
        round(calls / seconds) if seconds else 0,
    )


def main() -> int:
    """Run the command line; return 0 if every history has an order."""
    parser = argparse.ArgumentParser(description="Many calls on both databases, checked for linearizability.")
    parser.add_argument("--operations", type=int, default=OPERATIONS, help="calls on all databases together")
    parser.add_argument("--on", choices=STORES, action="append", help="default: both")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it continues")
    options = parser.parse_args()
    stores, log = options.on or STORES, Log(options.folder)
    for store in stores:
        asyncio.run(run(store, log, options.operations // len(stores)))
    lines = {store: log.lines(store) for store in stores}
    print_table(HEADINGS, [_row(store, found) for store, found in lines.items()])
    is_right = all(not (one.violations or one.undecided or one.problems) for found in lines.values() for one in found)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
