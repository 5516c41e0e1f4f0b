"""Reports that use too much time or memory, for tests. A process that computes reports can import this module."""

import threading
from datetime import date
from functools import partial

from slotmcp.bootstrap import open_report_store
from slotmcp.domain.report import Period
from slotmcp.services.reporting.computation import Facts, ReportJob
from slotmcp.services.reporting.process_runner import MAX_MEMORY_MB, ProcessRunner
from slotmcp.settings import Settings
from support.shop import MINUTES_PER_DAY, at

DAY, NEXT_DAY = date(2025, 6, 2), date(2025, 6, 3)
JOB = ReportJob(
    project_id="shop",
    period=Period(first_day=DAY, end_day=NEXT_DAY, start=at("00:00"), end=at("00:00") + MINUTES_PER_DAY),
    now_ms=0,
)


def compute_forever(_facts: Facts) -> None:
    """Print a line, and never return."""
    print("computing", flush=True)  # noqa: T201
    threading.Event().wait()


def use_too_much_memory(_facts: Facts) -> None:
    """Allocate more than the process may."""
    bytearray((MAX_MEMORY_MB + 100) * 1_000_000)


def runner_of(settings: Settings, *, max_seconds: float = 60) -> ProcessRunner:
    """Return a runner over the database that the settings name."""
    return ProcessRunner(partial(open_report_store, settings), max_seconds=max_seconds)


async def hang(url: str) -> None:
    """Compute a report that never ends. Its process prints a line when it has begun."""
    await runner_of(Settings.with_database(url, "URL")).run(JOB, compute_forever)
