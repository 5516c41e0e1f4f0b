"""Calls of one project while another one is busy, against the same calls while nothing else happens."""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import RESULTS, plan_of, scratch_folder
from benchmarks.schedules import NOW, NOW_MS, REPAIR, end_of, schedule_of
from slotmcp.bootstrap import SystemClock, build_app
from slotmcp.domain.booking import Booking, Customer
from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.ports import BookingPages
from slotmcp.project_file import dump_project
from slotmcp.project_file.bookings_file import write_bookings
from slotmcp.services.app import App
from slotmcp.services.hold_creation import HoldAnswer
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.slots import SlotQuery
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.waitlist_joining import JoinRequest
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.postgres_databases import Databases
from support.postgres_server import started_server

TECHNICIANS, DAYS = 500, 31
WAITS = (60, 300)
CALLS = 1000
WARM_UP_CALLS = 20
ROUNDS = 9
TIMEOUT_MS = 60_000
OTHER = "other"

Opening = Callable[[], AbstractContextManager[str]]
"""Opens an empty database until the block ends, and yields its URL."""


def rows() -> list[Benchmark]:
    """Return the rows: an import beside another project's calls, and calls with long waitlists."""
    waits = [_waits_row(number, name) for number in WAITS for name in ("cancel", "join")]
    return [_import_row("sqlite", 3, _on_sqlite), _import_row("postgres", 2, _on_postgres), *waits]


def _import_row(name: str, target: float, opening: Opening) -> Benchmark:
    return Benchmark(
        name=f"neighbor-import-{name}",
        measures=f"p99 of create_hold and get_slots during another project's import of {TECHNICIANS} technicians",
        floor="p99 of the same calls without it",
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=target,
        measure=lambda effort: _measure_import(effort, opening),
        is_long=True,
    )


def _waits_row(waits: int, name: str) -> Benchmark:
    what = "request to join" if name == "join" else "cancellation"
    return Benchmark(
        name=f"neighbor-{name}-{waits}-waits",
        measures=f"create_hold during another project's {what}, {TECHNICIANS} technicians, {waits} waits",
        floor="the same without waits",
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=None,
        measure=lambda effort: asyncio.run(_measure_waits(effort, waits, is_join=name == "join")),
        is_long=True,
    )


@contextmanager
def _on_sqlite() -> Iterator[str]:
    with scratch_folder() as folder:
        yield f"sqlite:///{folder / 'slots.db'}"


@contextmanager
def _on_postgres() -> Iterator[str]:
    RESULTS.mkdir(exist_ok=True)
    with started_server(fsync=True, parent=RESULTS) as server:
        yield Databases(server.url("postgres")).create("neighbors")


def _measure_import(effort: Effort, opening: Opening) -> Sequence[Pair]:
    logging.basicConfig(level=logging.WARNING)
    with opening() as url, scratch_folder() as folder:
        files = asyncio.run(write_files(folder, plan_of(schedule_of(round(TECHNICIANS * effort.calls), DAYS))))
        return [asyncio.run(_pair(url, files, round(CALLS * effort.calls)))]


async def write_files(folder: Path, plan: ProjectPlan) -> tuple[Path, Path]:
    """Write the project file of a business, and the file of its bookings."""
    project, bookings = folder / "p.yaml", folder / "p.jsonl"
    project.write_text(dump_project(replace(plan, bookings=())), encoding="utf-8")

    async def pages() -> BookingPages:
        yield plan.bookings

    await write_bookings(pages(), bookings, plan, lambda _: None)
    return project, bookings


async def _pair(url: str, files: tuple[Path, Path], calls: int) -> Pair:
    async with _open(url) as app:
        await app.projects.import_project(_other(), prune=False)
        work = _calls(app)
        for _ in range(WARM_UP_CALLS):
            await anext(work)
        quiet = [await anext(work) for _ in range(calls)]
        importing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "slotmcp", "import", str(files[0]), "--bookings", str(files[1])),
            env={**os.environ, "SLOTMCP_DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
        )
        busy = []
        while importing.returncode is None:
            busy.append(await anext(work))
        if importing.returncode:
            raise AssertionError(f"the import ended with {importing.returncode}")
    return Pair(_p99(quiet), _p99(busy))


async def _calls(app: App) -> AsyncIterator[float]:
    """Yield the milliseconds of calls: get_slots, then create_hold of one of the starts, which is then released."""
    for number in count():
        started = perf_counter()
        answer = await app.slots.get_slots(SlotQuery(project_id=OTHER, limit=10))
        yield (perf_counter() - started) * 1000
        started = perf_counter()
        held = await _hold(app, answer.offer.slots[number % 10].start, number)
        yield (perf_counter() - started) * 1000
        await app.holds.release_hold(OTHER, held.hold.token)


async def _hold(app: App, start: Minute, number: int) -> HoldAnswer:
    request = HoldRequest(project_id=OTHER, start=start, customer_reference=f"a caller with number {number}")
    return await app.holds.create_hold(request)


def _p99(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100)[98]


def _other() -> ProjectPlan:
    """Return the business whose calls are measured."""
    schedule = schedule_of(10, DAYS, bookings_a_day=0)
    return plan_of(replace(schedule, project=replace(schedule.project, id=OTHER)))


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[App]:
    opening = (
        SqliteStore.open(Path(url.removeprefix("sqlite:///")), clock=SystemClock(), timeout_ms=TIMEOUT_MS)
        if url.startswith("sqlite")
        else PostgresStore.open(url, timeout_ms=TIMEOUT_MS)
    )
    async with opening as store:
        yield build_app(store)


async def _measure_waits(effort: Effort, waits: int, *, is_join: bool) -> Sequence[Pair]:
    with scratch_folder() as folder:
        template = folder / "template.db"
        async with _open_at_noon(template) as app:
            await app.projects.import_project(_full(round(TECHNICIANS * effort.calls)), prune=False)
            await app.projects.import_project(_other(), prune=False)
        return [
            Pair(
                await _beside(shutil.copyfile(template, folder / f"floor-{number}.db"), 0, is_join=is_join),
                await _beside(shutil.copyfile(template, folder / f"ours-{number}.db"), waits, is_join=is_join),
            )
            for number in range(effort.slow_pairs)
        ]


async def _beside(path: Path, waits: int, *, is_join: bool) -> float:
    """Return the median milliseconds of a hold that is requested right after a cancellation, or a request to join."""
    async with _open_at_noon(path) as app:
        for number in range(waits):
            await _join(app, number)
        slots = (await app.slots.get_slots(SlotQuery(project_id=OTHER, limit=ROUNDS + 1))).offer.slots
        await _hold(app, slots[-1].start, ROUNDS)
        times = []
        for number in range(ROUNDS):
            cancel = CancelRequest(project_id="p", booking_id=f"t00{number % 10}-{number}-0")
            busy = asyncio.ensure_future(_join(app, waits + number) if is_join else app.bookings.cancel_booking(cancel))
            await asyncio.sleep(0)
            started = perf_counter()
            await _hold(app, slots[number].start, number)
            times.append((perf_counter() - started) * 1000)
            await busy
        return median(times)


async def _join(app: App, number: int) -> None:
    """Join with one of different windows and lengths."""
    await app.waitlist.join_waitlist(
        JoinRequest(
            project_id="p",
            customer=Customer(name=f"Customer {number}", phone=f"+1 303 {number:07}"),
            from_=NOW + 60 * (number % 24),
            to=end_of(DAYS) - number % 7,
            duration_minutes=45 + 15 * (number % 4),
        )
    )


@asynccontextmanager
async def _open_at_noon(path: Path) -> AsyncIterator[App]:
    async with SqliteStore.open(path, clock=HandClock(NOW_MS), timeout_ms=TIMEOUT_MS) as store:
        yield build_app(store)


def _full(technicians: int) -> ProjectPlan:
    """Return a business without free time."""
    plan = plan_of(schedule_of(technicians, DAYS, bookings_a_day=0))
    bookings = (
        Booking(claim=claim)
        for technician in plan.technicians
        for day in range(DAYS)
        for claim in _full_day(technician, day)
    )
    return replace(plan, bookings=tuple(bookings))


def _full_day(technician: Technician, day: int) -> Iterator[Claim]:
    opens = technician.shifts[0].span.start_minute
    lunch = technician.breaks[0].span
    for hour, start in enumerate(range(opens, opens + 600, 60)):
        if not lunch.start_minute <= start < lunch.end_minute:
            begins = NOW + day * MINUTES_PER_DAY + start
            yield Claim(
                id=f"{technician.id}-{day}-{hour}",
                technician_id=technician.id,
                service_id=REPAIR.id,
                start=begins,
                end=begins + 45,
                buffer_after_minutes=15,
            )
