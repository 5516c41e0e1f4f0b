"""`python -m benchmarks.scale.clocked_server ARGUMENTS`: slotmcp's command line on a clock that starts at NOW.

Unlike `benchmarks.clocked`, worker processes share the shift, and so does the store on PostgreSQL, whose own clock
cannot be set. Worker processes run this module again. A server on SQLite does not load the other store, because its
memory is measured.
"""

import os
import runpy
from contextlib import AbstractAsyncContextManager
from typing import Any

from benchmarks.clocked import shift_clock
from benchmarks.scale.servers import SHIFT_MS
from slotmcp.settings import Settings


def use_clock_of_process() -> None:
    """Let stores on PostgreSQL read the time of this process."""
    from slotmcp.bootstrap import SystemClock  # noqa: PLC0415  not on SQLite
    from slotmcp.store.postgres.store import PostgresStore  # noqa: PLC0415  as above

    open_store = PostgresStore.open

    def opening(*arguments: Any, **options: Any) -> AbstractAsyncContextManager[PostgresStore]:  # noqa: ANN401  passed on
        return open_store(*arguments, **{**options, "clock": SystemClock()})

    setattr(PostgresStore, "open", opening)  # noqa: B010  mypy rejects the assignment of a method


shift_clock(int(os.environ[SHIFT_MS]))
if Settings.load().is_postgres:
    use_clock_of_process()
if __name__ == "__main__":
    runpy.run_module("slotmcp", run_name="__main__")
