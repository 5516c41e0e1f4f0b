"""Metrics of this process, and their increase within a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan

from slotmcp.telemetry.metrics import REGISTRY


def samples() -> dict[str, float]:
    """Return the value of each sample by name and labels."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }


@contextmanager
def added() -> Iterator[dict[str, float]]:
    """Yield the increases within the block, filled in at its end, without histogram buckets and NaN."""
    before, difference = samples(), dict[str, float]()
    yield difference
    for name, value in samples().items():
        more = value - before.get(name, 0)
        if more and not isnan(more) and "_bucket" not in name:
            difference[name] = round(more, 9)
