"""Calls and reports of a business with a million past bookings, against the same business without them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import plan_of, process_folder, scratch_folder
from benchmarks.scale.bulk_rows import bulk_copy
from benchmarks.scale.databases import fill, opened
from benchmarks.schedules import NOW, REPAIR, schedule_of
from benchmarks.timing import time_async_pairs
from slotmcp.domain.booking import Booking, Customer
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.contacts import phone_reference
from slotmcp.services.lookups import FindRequest
from slotmcp.services.reporting.computation import MARGIN_DAYS
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store.columns import BOOKING_CONTACTS, BOOKINGS, CLAIMS
from slotmcp.store.values import pseudonym_of

TECHNICIANS: Final = 50
BOOKINGS_A_DAY: Final = 18
MILLION: Final = 1_000_000
QUICK_BOOKINGS: Final = 20_000
WEEK: Final = 7
CUSTOMERS: Final = 100_000
PATTERN: Final = "SELECT min(claim_id) FROM booking_contacts"
"""Query of the id of the only booking with a contact, of which the past bookings are copies."""
PHONE: Final = "+13035550142"
_LENGTH_MINUTES: Final = 30
_OPENS_MINUTES: Final = 8 * 60

Call = Callable[[App], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Work:
    """A call, whose responses must be equal with and without the past bookings."""

    name: str
    call: Call
    target: float
    is_read_only: bool = True


async def _get_slots(app: App) -> object:
    return (await app.slots.get_slots(SlotQuery(project_id="p"))).offer.slots


async def _find_bookings(app: App) -> object:
    return await find(app, PHONE)


async def find(app: App, phone: str) -> list[Booking]:
    """Return the bookings of a customer."""
    answer = await app.bookings.find_bookings(FindRequest(project_id="p", phone=phone))
    return [found.booking for found in answer.found]


async def _get_metrics(app: App) -> object:
    report = (await app.reports.get_metrics(ReportRequest(project_id="p", days=1))).report
    return report.funnel, report.fairness


async def _board(app: App) -> object:
    return [day.bookings for day in (await app.board.board("p")).technicians]


async def _report(app: App) -> object:
    """Return what `slotmcp report` reads."""
    metrics, gaps = await app.reports.report_with_gaps(ReportRequest(project_id="p"))
    return metrics.report.fairness, metrics.report.utilization, gaps.gaps


def _booking_call() -> Call:
    """Return a call that books the next start for a new customer."""
    numbers = count()

    async def book(app: App) -> object:
        await _book_first(app, Customer(name="Customer", phone=f"+1 303 {next(numbers):07}"))
        return None

    return book


def rows() -> list[Benchmark]:
    """Return the rows: the calls in the order of their expected growth."""
    works = (
        Work("get_slots", _get_slots, 1.5),
        Work("book_slot", _booking_call(), 1.5, is_read_only=False),
        Work("find_bookings", _find_bookings, 1.5),
        Work("board", _board, 2),
        Work("get_metrics", _get_metrics, 2),
        Work("report", _report, 2),
    )
    return [
        Benchmark(
            name=f"past-{work.name}",
            measures=f"{work.name} with a million past bookings, {TECHNICIANS} technicians",
            floor="the same with the bookings of the past week only",
            unit=Measure.MS,
            ratio=Ratio.COST,
            target=work.target,
            measure=partial(_measure, work),
        )
        for work in works
    ]


def _measure(work: Work, effort: Effort) -> Sequence[Pair]:
    paths = _databases(QUICK_BOOKINGS if effort.is_quick else MILLION)
    if work.is_read_only:
        return asyncio.run(_pairs(work, effort, *paths))
    with scratch_folder() as folder:
        return asyncio.run(_pairs(work, effort, *(Path(shutil.copy(path, folder)) for path in paths)))


async def _pairs(work: Work, effort: Effort, floor: Path, ours: Path) -> Sequence[Pair]:
    async with _opened(floor) as without, _opened(ours) as with_past:
        if await work.call(without) != await work.call(with_past):
            raise AssertionError(f"the past bookings change {work.name}")
        once = Pair(await _ms(work.call(without)), await _ms(work.call(with_past)))
        if once.ours > effort.row_ms:
            return [once]
        return await time_async_pairs(effort, lambda: work.call(without), lambda: work.call(with_past))


async def _ms(call: Awaitable[object]) -> float:
    started = perf_counter()
    await call
    return (perf_counter() - started) * 1000


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[App]:
    async with opened(f"sqlite:///{path}") as app:
        yield app


@cache
def _databases(bookings: int) -> tuple[Path, Path]:
    """Return a file without and one with older bookings, which exist until this process ends."""
    folder = process_folder()
    floor, ours = folder / "week.db", folder / f"past-{bookings}.db"
    asyncio.run(write_business(floor))
    shutil.copyfile(floor, ours)
    add_past_bookings(ours, bookings)
    return floor, ours


async def write_business(path: Path) -> None:
    """Write a business with the bookings of the past and of the next week, one of them booked by slotmcp."""
    plan = plan_of(schedule_of(TECHNICIANS, 2 * WEEK))
    bookings = tuple(replace(booking, claim=_week_earlier(booking.claim)) for booking in plan.bookings)
    project = replace(plan.project, horizon_days=WEEK - 1)
    url = f"sqlite:///{path}"
    await fill(url, [replace(plan, project=project, bookings=bookings)])
    async with opened(url) as app:
        await _book_first(app, Customer(name="Kim Doe", phone=PHONE))


def _week_earlier(claim: Claim) -> Claim:
    minutes = WEEK * MINUTES_PER_DAY
    return replace(claim, start=claim.start - minutes, end=claim.end - minutes)


async def _book_first(app: App, customer: Customer) -> None:
    start = (await app.slots.get_slots(SlotQuery(project_id="p", limit=1))).offer.slots[0].start
    await app.bookings.book_slot(BookRequest(project_id="p", service_id=REPAIR.id, start=start, customer=customer))


def add_past_bookings(path: Path, bookings: int) -> None:
    """Add bookings before the past week, and before the days around it that a report reads.

    There are 18 a day for each of 50 technicians, of customers with several bookings.
    """
    start = f"""(
        {NOW} - (copy.number / {TECHNICIANS * BOOKINGS_A_DAY} + {WEEK + MARGIN_DAYS + 2}) * {MINUTES_PER_DAY}
        + {_OPENS_MINUTES}
        + copy.number / {TECHNICIANS} % {BOOKINGS_A_DAY} * {_LENGTH_MINUTES}
    )"""
    claim_id, phone = "printf('past-%08d', copy.number)", f"printf('+1303%07d', copy.number % {CUSTOMERS})"
    with bulk_copy(path, bookings) as copy:
        salt, first = copy.value("SELECT salt FROM projects"), copy.value("SELECT min(number) FROM technicians")
        assert isinstance(salt, bytes)
        copy.function("contact_key", cache(lambda phone: pseudonym_of(salt, phone_reference(phone))))
        copy.rows(
            CLAIMS,
            f"source.id = ({PATTERN})",
            id=claim_id,
            technician_number=f"{first} + copy.number % {TECHNICIANS}",
            start_minute=start,
            end_minute=f"{start} + {_LENGTH_MINUTES - REPAIR.buffer_after_minutes}",
        )
        copy.rows(BOOKINGS, f"source.claim_id = ({PATTERN})", claim_id=claim_id, customer_phone=phone)
        copy.rows(BOOKING_CONTACTS, f"source.claim_id = ({PATTERN})", claim_id=claim_id, key=f"contact_key({phone})")
