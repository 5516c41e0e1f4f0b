"""Stored results of a long run, so that the next run continues there."""

import json
import pickle
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from concurrency.table import print_table
from linearizability.rounds import Checked

HEADINGS: Final = (
    "store",
    "calls",
    "calls in stages with faults",
    "failed calls",
    "rounds",
    "with faults",
    "faults",
    "violations",
    "undecided",
    "other problems",
    "duration",
)
FAULT_HEADINGS: Final = ("store", "fault", "times")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of rounds that were played at the same time."""

    store: str
    rounds: int
    rounds_with_faults: int
    faults: Mapping[str, int] = field(default_factory=dict)
    """Number of injections by fault."""
    calls: int
    """Calls with a result."""
    failed: int
    """Calls that failed, so that the caller repeated them."""
    violations: int
    undecided: int
    problems: int
    seconds: float

    @property
    def is_right(self) -> bool:
        return not (self.violations or self.undecided or self.problems)


class Log:
    """File of results, and the histories with problems."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / "results.jsonl"

    def results(self, store: str) -> list[Result]:
        """Return the results on a database."""
        if not self._path.exists():
            return []
        found = [Result(**json.loads(text)) for text in self._path.read_text().splitlines()]
        return [one for one in found if one.store == store]

    def add(self, result: Result) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def keep(self, name: str, checked: Checked) -> None:
        """Store a complete history."""
        (self._folder / f"{name}.pickle").write_bytes(pickle.dumps(list(checked.history)))


def calls_with_faults(results: Sequence[Result]) -> int:
    """Return the number of calls in stages with faults."""
    return sum(one.calls for one in results if one.faults)


def print_results(results: Mapping[str, Sequence[Result]]) -> None:
    """Print a line for each database, and one for each of its faults."""
    print_table(HEADINGS, [_row(store, found) for store, found in results.items()])
    print_table(FAULT_HEADINGS, [row for store, found in results.items() for row in _fault_rows(store, found)])


def _row(store: str, found: Sequence[Result]) -> tuple[object, ...]:
    return (
        store,
        f"{sum(one.calls for one in found):,}",
        f"{calls_with_faults(found):,}",
        f"{sum(one.failed for one in found):,}",
        sum(one.rounds for one in found),
        sum(one.rounds_with_faults for one in found),
        sum(sum(one.faults.values()) for one in found),
        sum(one.violations for one in found),
        sum(one.undecided for one in found),
        sum(one.problems for one in found),
        timedelta(seconds=round(sum(one.seconds for one in found))),
    )


def _fault_rows(store: str, found: Sequence[Result]) -> Iterable[tuple[object, ...]]:
    total = sum((Counter(one.faults) for one in found), Counter[str]())
    return ((store, name, times) for name, times in sorted(total.items()))
