"""`python -m benchmarks.scale.clocked_server http ...`: slotmcp on a clock that starts at the benchmarks' NOW.

The clock of PostgreSQL cannot be set, so the store gets the shifted clock of the process. Worker processes run this
module again, and share the shift of their parent.
"""

import os
import runpy
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from benchmarks.schedules import NOW_MS
from slotmcp.bootstrap import SystemClock
from slotmcp.store.postgres.store import PostgresStore

SHIFT_NS: Final = "BENCHMARK_CLOCK_SHIFT_NS"
"""Environment variable with the shift of the clock."""
NS_PER_MS: Final = 1_000_000
NS_PER_SECOND: Final = 1_000_000_000


def shift_clock() -> None:
    """Let the time of day of this process start at NOW."""
    actual_ns, open_store = time.time_ns, PostgresStore.open
    shift_ns = int(os.environ.setdefault(SHIFT_NS, str(NOW_MS * NS_PER_MS - actual_ns())))

    def time_ns() -> int:
        return actual_ns() + shift_ns

    def opening(*arguments: Any, **options: Any) -> AbstractAsyncContextManager[PostgresStore]:  # noqa: ANN401  passed on
        return open_store(*arguments, clock=SystemClock(), **options)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / NS_PER_SECOND
    setattr(PostgresStore, "open", opening)  # noqa: B010  mypy rejects the assignment of a method


shift_clock()
if __name__ == "__main__":
    runpy.run_module("slotmcp", run_name="__main__")
