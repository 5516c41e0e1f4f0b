"""Script that checks many calls for linearizability, on both databases and with faults. It continues where it ended.

.venv/bin/python tests/linearizability/long_run.py --operations 200000
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

from linearizability.results import Log, Result, calls_with_faults, print_results
from linearizability.rounds import Checked
from linearizability.sites import SITES, Site
from linearizability.stages import Faults, play_stage
from support.preloaded import preloading

OPERATIONS: Final = 200_000
CHECKING_PROCESSES: Final = 2
FOLDER: Final = Path("bench-results/linearizability")


async def run(store: str, log: Log, operations: int) -> None:
    """Play stages on one database until so many calls during faults are checked. The first stage has no faults."""
    with tempfile.TemporaryDirectory() as folder, _checking() as pool:
        async with SITES[store](Path(folder)) as site:
            while (checked := calls_with_faults(done := log.results(store))) < operations:
                print(f"{store}: stage {len(done) + 1}, after {checked} of {operations} calls with faults", flush=True)  # noqa: T201  a script
                injected = sum(sum(one.faults.values()) for one in done)
                faults = Faults(available=site.faults, first=injected) if done else None
                await _stage(store, site, log, pool, faults)


async def _stage(store: str, site: Site, log: Log, pool: ProcessPoolExecutor, faults: Faults | None) -> None:
    seed, began = str(time.time_ns()), time.monotonic()
    played = await play_stage(site, seed, pool, faults)
    result = result_of(store, played, faults, time.monotonic() - began)
    log.add(result)
    print(f"{store}: {result}", flush=True)  # noqa: T201  a script
    for number, one in enumerate(played):
        if one.report.violations or one.report.undecided or one.problems:
            log.keep(f"{store}-{seed}-{number}", one)
            _print_problems(one)
    for text in site.tracebacks():
        print(text, flush=True)  # noqa: T201  a script


def _checking() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(CHECKING_PROCESSES, multiprocessing.get_context("spawn"))


def result_of(store: str, played: Sequence[Checked], faults: Faults | None, seconds: float) -> Result:
    answered = sum(attempt.is_final for one in played for attempt in one.history)
    return Result(
        store=store,
        rounds=len(played),
        rounds_with_faults=sum(faults.hit(one) for one in played) if faults else 0,
        faults=dict(Counter(name for name, _, _ in faults.injected)) if faults else {},
        calls=answered,
        failed=sum(len(one.history) for one in played) - answered,
        violations=sum(len(one.report.violations) for one in played),
        undecided=sum(one.report.undecided for one in played),
        problems=sum(len(one.problems) for one in played),
        seconds=round(seconds, 3),
    )


def _print_problems(played: Checked) -> None:
    for text in played.report.violations:
        print(f"VIOLATION\n{text}", flush=True)  # noqa: T201  a script
    for problem in played.problems:
        print(f"PROBLEM: {problem.kind}: {problem.text}", flush=True)  # noqa: T201  a script
    if played.report.undecided:
        print(f"UNDECIDED: {played.report.undecided} histories", flush=True)  # noqa: T201  a script


def main() -> int:
    """Run the command line; return 0 if every history has an order."""
    parser = argparse.ArgumentParser(description="Many calls on both databases, checked for linearizability.")
    parser.add_argument(
        "--operations", type=int, default=OPERATIONS, help="calls in stages with faults, on all chosen databases"
    )
    parser.add_argument("--on", choices=SITES, action="append", help="default: both")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it continues")
    options = parser.parse_args()
    stores, log = options.on or list(SITES), Log(options.folder)
    with preloading():  # a killed server is back soon
        for store in stores:
            asyncio.run(run(store, log, options.operations // len(stores)))
    results = {store: log.results(store) for store in stores}
    print_results(results)
    return 0 if all(one.is_right for found in results.values() for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
