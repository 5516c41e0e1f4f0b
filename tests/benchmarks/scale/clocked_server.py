"""`python -m benchmarks.scale.clocked_server ARGUMENTS`: slotmcp's command line on a clock that starts at NOW.

Unlike `benchmarks.clocked`, worker processes share the shift, and so does the store on PostgreSQL, whose own clock
cannot be set. Worker processes run this module again.
"""

import os
import runpy
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from benchmarks.scale.servers import SHIFT_MS
from slotmcp.bootstrap import SystemClock
from slotmcp.store.postgres.store import PostgresStore

NS_PER_MS: Final = 1_000_000
NS_PER_SECOND: Final = 1_000_000_000


def shift_clock(shift_ms: int) -> None:
    """Shift the time of day of this process. Its monotonic clock is unchanged."""
    actual_ns, open_store = time.time_ns, PostgresStore.open

    def time_ns() -> int:
        return actual_ns() + shift_ms * NS_PER_MS

    def opening(*arguments: Any, **options: Any) -> AbstractAsyncContextManager[PostgresStore]:  # noqa: ANN401  passed on
        return open_store(*arguments, clock=SystemClock(), **options)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / NS_PER_SECOND
    setattr(PostgresStore, "open", opening)  # noqa: B010  mypy rejects the assignment of a method


shift_clock(int(os.environ[SHIFT_MS]))
if __name__ == "__main__":
    runpy.run_module("slotmcp", run_name="__main__")
