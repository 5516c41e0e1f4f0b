"""What something added to the metrics of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan

from slotmcp.telemetry.metrics import REGISTRY


def samples() -> dict[str, float]:
    """Each sample's value, by its name and labels as the exposition writes them."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }


@contextmanager
def added() -> Iterator[dict[str, float]]:
    """What is added within, but for the buckets of histograms and what is not known (NaN); filled in at the end."""
    before, difference = samples(), dict[str, float]()
    yield difference
    for name, value in samples().items():
        more = value - before.get(name, 0)
        if more and not isnan(more) and "_bucket" not in name:
            difference[name] = round(more, 9)
