"""Benchmarks: slotmcp compared with a floor in the same run, with a target for the ratio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median


class Measure(StrEnum):
    """Unit of a row's numbers."""

    MS = "ms"
    """Milliseconds; less is better."""
    PER_SECOND = "1/s"
    """Operations per second; more is better."""
    MB = "MB"
    """Megabytes of memory; less is better."""
    KB = "kB"
    """Kilobytes of a response; less is better."""
    CONNECTIONS = "connections"
    """Connections of a process; less is better."""
    TRIPS = "trips"
    """Round trips to the database; less is better."""


class Ratio(StrEnum):
    """Ratio of slotmcp's number to the floor's."""

    SPEEDUP = "times as fast"
    """Floor's time divided by slotmcp's; the target is a minimum."""
    COST = "times the time"
    """Slotmcp's time divided by the floor's; the target is a maximum."""
    AMOUNT = "times as much"
    """Slotmcp's amount of something other than time divided by the floor's; the target is a maximum."""
    SHARE = "of its rate"
    """Slotmcp's rate divided by the floor's; the target is a minimum."""

    def of(self, floor: float, ours: float) -> float:
        """Return the ratio of one pair of numbers."""
        return floor / ours if self is Ratio.SPEEDUP else ours / floor

    def is_met(self, ratio: float, target: float) -> bool:
        """Return whether a ratio meets a target."""
        return ratio <= target if self.is_limited else ratio >= target

    @property
    def is_limited(self) -> bool:
        """True if the target is a maximum."""
        return self in {Ratio.COST, Ratio.AMOUNT}

    @property
    def sign(self) -> str:
        """Comparison sign of the target."""
        return "≤" if self.is_limited else "≥"


@dataclass(frozen=True, slots=True)
class Pair:
    """Numbers of the floor and of slotmcp, measured one right after the other."""

    floor: float
    ours: float


@dataclass(frozen=True, slots=True)
class Effort:
    """Amount of measurement."""

    sample_ms: float
    """Minimum duration of one measurement."""
    row_ms: float
    """Approximate duration of all pairs of a row."""
    min_pairs: int
    max_pairs: int
    slow_pairs: int
    """Number of pairs if a measurement takes seconds."""
    calls: float
    """Fraction of the calls to make in measurements with many callers."""

    @property
    def is_quick(self) -> bool:
        """True if some calls are left out."""
        return self.calls < 1


FULL = Effort(sample_ms=20, row_ms=1_000, min_pairs=3, max_pairs=21, slow_pairs=3, calls=1)
QUICK = Effort(sample_ms=5, row_ms=150, min_pairs=1, max_pairs=5, slow_pairs=1, calls=0.2)
SMOKE = Effort(sample_ms=0, row_ms=0, min_pairs=1, max_pairs=1, slow_pairs=1, calls=0.02)
"""Least effort, for tests that only check that a row can be measured."""


class NotMeasuredError(Exception):
    """Raised by a row that cannot be measured here; the message names what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One row: the measurement, its floor, and its target."""

    name: str
    """Words joined by dashes; `--only` selects rows by a part of the name."""
    measures: str
    floor: str
    """Description of the floor."""
    unit: Measure
    ratio: Ratio
    target: float | None
    """None: informational."""
    measure: Callable[[Effort], Sequence[Pair]]
    is_long: bool = False
    """True: quick runs leave the row out, unless --only is given."""


@dataclass(frozen=True, slots=True)
class Result:
    """Numbers of a benchmark in one run, each the median of its pairs."""

    benchmark: Benchmark
    pairs: Sequence[Pair]

    @property
    def floor(self) -> float:
        """Median of the floor."""
        return median(pair.floor for pair in self.pairs)

    @property
    def ours(self) -> float:
        """Median of slotmcp."""
        return median(pair.ours for pair in self.pairs)

    @property
    def ratio(self) -> float:
        """Median of the pairs' ratios: other load on the machine affects both numbers of a pair."""
        return median(self.benchmark.ratio.of(pair.floor, pair.ours) for pair in self.pairs)


@dataclass(slots=True)
class Outcome:
    """Results of a benchmark in all runs so far."""

    benchmark: Benchmark
    results: list[Result] = field(default_factory=list)
    skipped: str = ""
    """Cause why the benchmark was not measured."""

    def measure(self, effort: Effort) -> None:
        """Measure the benchmark in one more run."""
        try:
            self.results.append(Result(self.benchmark, self.benchmark.measure(effort)))
        except NotMeasuredError as error:
            self.skipped = str(error)

    @property
    def floor(self) -> float:
        """Median of the floor in all runs."""
        return median(result.floor for result in self.results)

    @property
    def ours(self) -> float:
        """Median of slotmcp in all runs."""
        return median(result.ours for result in self.results)

    @property
    def ratios(self) -> list[float]:
        """Ratio of each run."""
        return [result.ratio for result in self.results]

    @property
    def ratio(self) -> float:
        """Median of the runs' ratios."""
        return median(self.ratios)

    @property
    def is_met(self) -> bool | None:
        """True if the median ratio meets the target; None without a target."""
        target = self.benchmark.target
        return None if target is None else self.benchmark.ratio.is_met(self.ratio, target)
