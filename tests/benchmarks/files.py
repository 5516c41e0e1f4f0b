"""Database files for benchmarks, on the disk of the checkout: the temporary folder may be in memory."""

import asyncio
import atexit
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from slotmcp.domain.booking import Booking
from slotmcp.domain.schedule import Schedule
from slotmcp.services.imports import ProjectPlan

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"

LIFETIME = ExitStack()
"""Templates that several rows copy. They are closed when the process ends."""
atexit.register(LIFETIME.close)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create a folder on a real disk until the block ends."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        yield Path(folder)


def run_apart(work: Coroutine[object, object, None]) -> None:
    """Run a coroutine on an event loop of its own. Another one may run in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def plan_of(schedule: Schedule) -> ProjectPlan:
    """Return a schedule as a plan to import."""
    return ProjectPlan(
        project=schedule.project,
        services=tuple(schedule.services.values()),
        technicians=tuple(
            technician_schedule.technician for technician_schedule in schedule.technician_schedules.values()
        ),
        bookings=tuple(
            Booking(claim=claim)
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
        ),
    )


@cache
def process_folder() -> Path:
    """Create a folder on a real disk until this process ends."""
    return LIFETIME.enter_context(scratch_folder())
