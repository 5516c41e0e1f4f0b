"""How long calls took."""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

from slotmcp.domain.report import ResponseTimes
from slotmcp.domain.trace import Trace, TracedUse

TOTAL = "total"


def response_times(traces: Sequence[Trace]) -> tuple[ResponseTimes, ...]:
    """By use case, of the calls whose time was taken."""
    taken: dict[TracedUse, list[int]] = defaultdict(list)
    for trace in traces:
        if TOTAL in trace.hops:
            taken[trace.use].append(trace.hops[TOTAL])
    return tuple(_of(use, sorted(taken[use])) for use in TracedUse if use in taken)


def _of(use: TracedUse, ordered: Sequence[int]) -> ResponseTimes:
    p50, p95, p99 = (ordered[ceil(len(ordered) * percent / 100) - 1] for percent in (50, 95, 99))
    return ResponseTimes(use=use, calls=len(ordered), p50_us=p50, p95_us=p95, p99_us=p99)
