"""All rows of `make bench`, in the order of the table."""

from collections.abc import Iterator

from benchmarks import bookings, engine, fleet, large_files, neighbors, over_http, postgres, start, tools, versions
from benchmarks.benchmark import Benchmark
from benchmarks.scale import beside_calls, far_postgres, many_projects, past_bookings, workers

GROUPS = (
    engine,
    tools,
    over_http,
    fleet,
    bookings,
    postgres,
    versions,
    neighbors,
    start,
    far_postgres,
    past_bookings,
    many_projects,
    beside_calls,
    workers,
    large_files,
)
"""Modules with a function `rows`."""


def rows(part: str = "") -> Iterator[Benchmark]:
    """Yield the rows whose name contains a text."""
    for group in GROUPS:
        yield from (row for row in group.rows() if part in row.name)
