"""Database files to measure on: on the disk of the checkout, since a folder for temporary files may be in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slotmcp.domain.book import Book
from slotmcp.domain.booking import Booking
from slotmcp.services.imports import ProjectPlan

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder on a real disk, gone afterwards."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        yield Path(folder)


def imported(book: Book) -> ProjectPlan:
    """A book as an import brings it in."""
    return ProjectPlan(
        project=book.project,
        services=tuple(book.services.values()),
        technicians=tuple(diary.technician for diary in book.diaries.values()),
        bookings=tuple(Booking(claim=claim) for diary in book.diaries.values() for claim in diary.claims),
    )
