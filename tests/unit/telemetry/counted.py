"""What something added to the metrics of this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from slotmcp.telemetry.declared import REGISTRY


def samples() -> dict[str, float]:
    """Each sample's value, by its name and labels as the exposition writes them."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }


@contextmanager
def added() -> Iterator[dict[str, float]]:
    """What is added within, but for the buckets of histograms; filled in at the end."""
    before, difference = samples(), dict[str, float]()
    yield difference
    for name, value in samples().items():
        if value != before.get(name, 0) and "_bucket" not in name:
            difference[name] = round(value - before.get(name, 0), 9)
