"""Database files to measure on: on the disk of the checkout, since a folder for temporary files may be in memory."""

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
    """A folder on a real disk, gone afterwards."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        yield Path(folder)


def imported(schedule: Schedule) -> ProjectPlan:
    """A book as an import brings it in."""
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
