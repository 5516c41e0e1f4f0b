"""Database files for benchmarks, on the disk of the checkout: the temporary folder may be in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slotmcp.domain.booking import Booking
from slotmcp.domain.schedule import Schedule
from slotmcp.services.imports import ProjectPlan

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create a folder on a real disk until the block ends."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        yield Path(folder)


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
