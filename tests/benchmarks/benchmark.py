"""Benchmarks: slotmcp compared with a floor in the same run, with a target for the ratio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Measure(StrEnum):
    """Unit of a row's numbers."""

    MS = "ms"
    """Milliseconds; less is better."""
    PER_SECOND = "1/s"
    """Operations per second; more is better."""


class Ratio(StrEnum):
    """Ratio of slotmcp's number to the floor's."""

    SPEEDUP = "times as fast"
    """Floor's time divided by slotmcp's; the target is a minimum."""
    COST = "times the time"
    """Slotmcp's time divided by the floor's; the target is a maximum."""
    SHARE = "of its rate"
    """Slotmcp's rate divided by the floor's; the target is a minimum."""

    def of(self, floor: float, ours: float) -> float:
        """Return the ratio of one pair of numbers."""
        return floor / ours if self is Ratio.SPEEDUP else ours / floor

    def is_met(self, ratio: float, target: float) -> bool:
        """Return whether a ratio meets a target."""
        return ratio <= target if self is Ratio.COST else ratio >= target

    @property
    def sign(self) -> str:
        """Comparison sign of the target."""
        return "≤" if self is Ratio.COST else "≥"


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


FULL = Effort(sample_ms=20, row_ms=1_000, min_pairs=3, max_pairs=21, slow_pairs=3, calls=1)
QUICK = Effort(sample_ms=5, row_ms=150, min_pairs=1, max_pairs=5, slow_pairs=1, calls=0.2)


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


@dataclass(frozen=True, slots=True)
class Result:
    """Numbers of a benchmark, each the median of its pairs."""

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

    @property
    def is_met(self) -> bool | None:
        """True if the target is met; None without a target."""
        target = self.benchmark.target
        return None if target is None else self.benchmark.ratio.is_met(self.ratio, target)
