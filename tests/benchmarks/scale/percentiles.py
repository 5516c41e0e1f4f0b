"""Percentiles of response times."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Response times in milliseconds, by the nearest rank: the smallest that so many responses do not exceed."""

    p50: float
    p99: float
    p999: float
    worst: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Self:
        """Return the percentiles of one or more response times."""
        ordered = sorted(times_ms)
        return cls(*(ordered[ceil(len(ordered) * share) - 1] for share in (0.5, 0.99, 0.999, 1)))
