"""What a benchmark is: something of ours held against a floor in the same run, and the ratio that is wanted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Measure(StrEnum):
    """What the two numbers of a row are."""

    MS = "ms"
    """Milliseconds: less is better."""
    PER_SECOND = "1/s"
    """How many a second: more is better."""


class Ratio(StrEnum):
    """How ours is put in relation to the floor."""

    SPEEDUP = "times as fast"
    """Floor's time by ours; the target is a least value."""
    COST = "times the time"
    """Our time by the floor's; the target is a most value."""
    SHARE = "of its rate"
    """Our rate by the floor's; the target is a least value."""

    def of(self, floor: float, ours: float) -> float:
        """The ratio of one pair of numbers."""
        return floor / ours if self is Ratio.SPEEDUP else ours / floor

    def is_met(self, ratio: float, target: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio <= target if self is Ratio.COST else ratio >= target

    @property
    def sign(self) -> str:
        """How a target is written."""
        return "≤" if self is Ratio.COST else "≥"


@dataclass(frozen=True, slots=True)
class Pair:
    """The floor and ours, measured one right after the other."""

    floor: float
    ours: float


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    sample_ms: float
    """One number is measured at least so long."""
    row_ms: float
    """Pairs are made for about so long."""
    least_pairs: int
    most_pairs: int
    slow_pairs: int
    """Pairs of what takes seconds each."""
    calls: float
    """A share of the calls that make up one number where many callers are at work."""


FULL = Effort(sample_ms=20, row_ms=1_000, least_pairs=3, most_pairs=21, slow_pairs=3, calls=1)
QUICK = Effort(sample_ms=5, row_ms=150, least_pairs=1, most_pairs=5, slow_pairs=1, calls=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One row: what is measured, against what, and what is wanted."""

    name: str
    """Words with dashes; `--only` picks all rows whose name has what it is given."""
    measures: str
    floor: str
    """What the floor is."""
    unit: Measure
    ratio: Ratio
    target: float | None
    """None: for information."""
    measure: Callable[[Effort], Sequence[Pair]]


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's numbers, each the median over its pairs."""

    benchmark: Benchmark
    pairs: Sequence[Pair]

    @property
    def floor(self) -> float:
        """The floor's number."""
        return median(pair.floor for pair in self.pairs)

    @property
    def ours(self) -> float:
        """Our number."""
        return median(pair.ours for pair in self.pairs)

    @property
    def ratio(self) -> float:
        """The pairs' ratio: what disturbs the machine for a while disturbs both halves of a pair."""
        return median(self.benchmark.ratio.of(pair.floor, pair.ours) for pair in self.pairs)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        target = self.benchmark.target
        return None if target is None else self.benchmark.ratio.is_met(self.ratio, target)
