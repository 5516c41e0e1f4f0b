"""Versions of slotmcp from the Git history, and databases that they have filled with the business."""

import asyncio
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from benchmarks.benchmark import NotMeasuredError
from benchmarks.clocked import clocked
from benchmarks.files import LIFETIME, plan_of, scratch_folder
from benchmarks.postgres import filled_databases
from benchmarks.sales import business
from benchmarks.schedules import NOW_MS
from slotmcp.ports import BookingPages
from slotmcp.project_file import dump_project
from slotmcp.project_file.bookings_file import write_bookings
from support.http_server import TESTS
from support.postgres_databases import Databases, name_of
from support.trip_proxy import delayed_postgres

ROOT: Final = TESTS.parent
TRIP_SECONDS: Final = 0.002

OpenDatabase = Callable[[Path], AbstractContextManager[str]]
"""Yields the URL of a database with the business, filled by the version in a folder."""

SHIFTED_CLOCK: Final = """
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$
SELECT pg_catalog.clock_timestamp() + {shift_ms} * interval '1 ms'
$$
"""
"""Clock that statements find instead of PostgreSQL's own, because its schema is the first in their search path."""


@contextmanager
def on_sqlite(source: Path) -> Iterator[str]:
    """Copy a database file with the business."""
    with scratch_folder() as folder:
        yield f"sqlite:///{shutil.copyfile(_filled_file(source), folder / 'slots.db')}"


@cache
def _filled_file(source: Path) -> Path:
    path = LIFETIME.enter_context(scratch_folder()) / "template.db"
    fill(source, f"sqlite:///{path}")
    return path


@contextmanager
def on_postgres(source: Path) -> Iterator[str]:
    """Copy a PostgreSQL database with the business, whose clock starts at that of the business."""
    databases, _, _ = filled_databases()
    with databases.clone_of(_filled_database(source)) as url:
        _prefer_shifted_clock(databases, url)
        yield url


@contextmanager
def on_distant_postgres(source: Path) -> Iterator[str]:
    """Copy the same database, and delay each trip to it."""
    with on_postgres(source) as url, delayed_postgres(url, trip_seconds=TRIP_SECONDS) as proxy:
        yield proxy.url(url)


@cache
def _filled_database(source: Path) -> str:
    databases, _, _ = filled_databases()
    url = databases.create("version")
    databases.execute(SHIFTED_CLOCK.format(shift_ms=NOW_MS - time.time_ns() // 1_000_000), url=url)
    _prefer_shifted_clock(databases, url)
    fill(source, url)
    return url


def _prefer_shifted_clock(databases: Databases, url: str) -> None:
    databases.execute(f'ALTER DATABASE "{name_of(url)}" SET search_path = public, pg_catalog')


def fill(source: Path, url: str) -> None:
    """Import the business by the command line of a version."""
    project, bookings = _files()
    arguments = ("import", str(project), "--bookings", str(bookings))
    subprocess.run(  # noqa: S603  slotmcp itself
        by(source, f"SLOTMCP_DATABASE_URL={url}", *clocked("slotmcp", *arguments, now_ms=NOW_MS)),
        check=True,
        capture_output=True,
        cwd=TESTS,
    )


def by(source: Path, *command: str) -> list[str]:
    """Return a command that imports slotmcp from a folder."""
    return ["/usr/bin/env", f"PYTHONPATH={source}", *command]


@cache
def _files() -> tuple[Path, Path]:
    """Write the project file of the business, and the file of its bookings."""
    plan = plan_of(business())
    folder = LIFETIME.enter_context(scratch_folder())
    project, bookings = folder / "p.yaml", folder / "p.jsonl"
    project.write_text(dump_project(replace(plan, bookings=())), encoding="utf-8")

    async def pages() -> BookingPages:
        yield plan.bookings

    asyncio.run(write_bookings(pages(), bookings, plan, lambda _: None))
    return project, bookings


@cache
def source_of(revision: str) -> Path:
    """Return a folder with the package of a revision.

    Raises:
        NotMeasuredError: the Git history does not have it.
    """
    command = ["git", "archive", revision, "src"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603  git as it is installed
    if done.returncode:
        raise NotMeasuredError(f"the Git history has no revision {revision}")
    folder = LIFETIME.enter_context(scratch_folder())
    with closing(tarfile.open(fileobj=BytesIO(done.stdout))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"
