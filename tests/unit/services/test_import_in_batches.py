"""An import holds the lock only for short transactions, and continues after an interruption."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.errors import HoldWithdrawn, InvalidArgument, Unavailable
from slotmcp.ports import Store, Unit
from slotmcp.services.batch_pace import LARGE_BATCH_ROWS, MAX_BATCH_ROWS, MIN_BATCH_ROWS
from slotmcp.services.imports import ProjectPlan
from support.shop import Shop, at, booking, busy, customer, open_shop, plan, technician
from support.sqlite_file import rows
from support.until import until
from support.wrapped_store import WrappedStore

T = TypeVar("T")

ANA = technician("ana", "09:00-12:00")
TEAM = [technician(f"t{number}", "00:00-24:00") for number in range(30)]
MANY = [booking(f"b-{number}", f"t{number % 30}", at("08:00") + 60 * (number // 30)) for number in range(600)]
BUSY = [busy(f"t{number}", "06:00", "07:00") for number in range(10)]
BIG = plan(*TEAM, id="big", bookings=MANY)
SMALL = plan(ANA, bookings=[booking("first", "ana", "09:00")])


class HookedStore(WrappedStore):
    """Store that runs functions before and after each write to a project."""

    def __init__(self, store: Store, project_id: str) -> None:
        super().__init__(store)
        self.project_id = project_id
        self.writes = 0
        self.before: Callable[[int], Awaitable[object]] | None = None
        self.after: Callable[[int], Awaitable[object]] | None = None

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        if project_id == self.project_id and self.before:
            await self.before(self.writes)
        result = await super().write(project_id, unit, create=create)
        if project_id == self.project_id:
            self.writes += 1
            if self.after:
                await self.after(self.writes)
        return result


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Shop]:
    """Another process on the same file, with a business of its own."""
    async with open_shop(tmp_path / "shop.db", SMALL) as shop:
        yield shop


@pytest.fixture
async def importing(other: Shop) -> AsyncIterator[Callable[[str], tuple[Shop, HookedStore]]]:
    async with open_shop(other.path, clock=other.clock) as shop:

        def hooked(project_id: str) -> tuple[Shop, HookedStore]:
            store = HookedStore(shop.store, project_id)
            return replace(shop, app=build_app(store)), store

        yield hooked


Importing = Callable[[str], tuple[Shop, HookedStore]]


async def bring(shop: Shop, business: ProjectPlan, *, dry_run: bool = False) -> object:
    return await shop.app.projects.import_project(business, prune=False, dry_run=dry_run)


def imported(shop: Shop) -> int:
    """Return the number of imported bookings that are committed."""
    return int(rows(shop.path, "SELECT count(*) FROM bookings WHERE project_id = 'big'")[0][0])


async def test_the_catalog_is_imported_first_and_then_the_bookings_in_batches(importing: Importing) -> None:
    shop, store = importing("big")
    counts: list[int] = []

    async def after(_: int) -> None:
        assert len((await shop.store.schedule("big")).technician_schedules) == len(TEAM), "the catalog is complete"
        counts.append(imported(shop))

    store.after = after
    await bring(shop, BIG)
    assert counts == [0, LARGE_BATCH_ROWS, 2 * LARGE_BATCH_ROWS, len(MANY)]


async def test_batches_are_small_while_another_project_is_written(importing: Importing, other: Shop) -> None:
    shop, store = importing("big")
    counts = [0]

    async def after(writes: int) -> None:
        counts.append(imported(shop))
        with suppress(InvalidArgument):
            await other.store.write("shop", lambda transaction: transaction.save_project(named(writes)))

    store.after = after
    await bring(shop, BIG)
    sizes = [size for size in map(int.__sub__, counts[1:], counts) if size]
    assert sizes[0] == LARGE_BATCH_ROWS
    assert all(MIN_BATCH_ROWS <= size <= MAX_BATCH_ROWS for size in sizes[1:-1])
    assert sum(sizes) == len(MANY)


async def test_an_import_that_fails_after_some_batches_says_so_and_can_be_continued(importing: Importing) -> None:
    shop, store = importing("big")

    async def fail(writes: int) -> None:
        if writes and imported(shop):
            raise Unavailable("Nothing was done: the database is busy.", retry_after_ms=500)

    store.before = fail
    with pytest.raises(Unavailable, match="stopped after 200 of 600 bookings; the same import continues it") as raised:
        await bring(shop, BIG)
    assert raised.value.retry_after_ms == 500
    assert imported(shop) == LARGE_BATCH_ROWS
    store.before = None
    await bring(shop, BIG)
    assert imported(shop) == len(MANY)


def named(number: int):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return the small business under another name."""
    return replace(SMALL.project, name=f"Shop {number}")


async def test_an_import_that_changes_nothing_writes_one_transaction(importing: Importing) -> None:
    shop, store = importing("big")
    await bring(shop, replace(BIG, busy=tuple(BUSY)))
    writes = store.writes
    revision = (await shop.store.head("big")).revision
    await bring(shop, replace(BIG, busy=tuple(BUSY)))
    assert store.writes == writes + 1, "the catalog is compared once more under the lock"
    assert (await shop.store.head("big")).revision == revision


async def test_a_dry_run_takes_no_lock(importing: Importing) -> None:
    shop, store = importing("shop")
    await bring(shop, replace(SMALL, technicians=(technician("ana", "13:00-14:00"),)), dry_run=True)
    assert store.writes == 0


async def test_a_booking_made_during_the_comparison_is_marked(importing: Importing, other: Shop) -> None:
    """The effects are computed before the lock is taken, so a later booking has to be compared under the lock."""
    shop, store = importing("shop")

    async def before(writes: int) -> None:
        if writes == 0:
            await other.book("10:00", customer=customer(1))

    store.before = before
    report = await shop.app.projects.import_project(
        replace(SMALL, technicians=(technician("ana", "13:00-14:00"),)), prune=False
    )
    assert report.effects.marked == 2
    stored = await shop.store.bookings("shop")
    assert [one.attention.causes for one in stored] == [frozenset({AttentionCause.OUTSIDE_HOURS})] * 2


async def test_a_hold_made_during_the_comparison_is_withdrawn(importing: Importing, other: Shop) -> None:
    shop, store = importing("shop")
    tokens: list[str] = []

    async def hold_late(writes: int) -> None:
        if writes == 0:
            tokens.append((await other.hold("10:00")).hold.token)

    store.before = hold_late
    without_ana = replace(SMALL, technicians=(replace(ANA, status=TechnicianStatus.OFF),), bookings=())
    report = await shop.app.projects.import_project(without_ana, prune=False)
    assert report.effects.holds_withdrawn == 1
    with pytest.raises(HoldWithdrawn):
        await other.book(hold_token=tokens[0])


async def test_a_time_taken_after_the_check_is_reported(importing: Importing, other: Shop) -> None:
    shop, store = importing("shop")

    async def after(writes: int) -> None:
        if writes == 1:
            await other.book("10:00", customer=customer(1))

    store.after = after
    late = replace(SMALL, bookings=(*SMALL.bookings, booking("late", "ana", "10:00")))
    with pytest.raises(InvalidArgument, match=r"late of ana overlaps .*may be imported already"):
        await bring(shop, late)


BIG_FILE = """\
project: {id: big, name: Big, timezone: America/Denver}
services: [{id: visit, name: Visit, durationMinutes: 60}]
technicians:
""" + "".join(f"  - {{id: t-{number}, name: T {number}}}\n" for number in range(40))


def line(number: int) -> str:
    """Return a booking as a line of a file."""
    day, hour = divmod(number // 40, 24)
    start = f"2027-01-{day + 1:02}T{hour:02}:00Z"
    return f'{{"id": "b-{number}", "technicianId": "t-{number % 40}", "serviceType": "visit", "start": "{start}"}}\n'


LINES = 1_600


async def test_an_import_continues_after_a_kill(other: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, bookings = tmp_path / "big.yaml", tmp_path / "big.jsonl"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", f"sqlite:///{other.path}")
    file.write_text(BIG_FILE)
    bookings.write_text("".join(map(line, range(LINES))))
    words = [sys.executable, "-m", "slotmcp", "import", str(file), "--bookings", str(bookings)]
    before, output = await asyncio.to_thread(run_twice, words, lambda: imported(other))
    assert 0 < before < LINES
    unchanged = before + 40 + 2
    assert f"Imported big: {LINES - before} created, 0 updated, {unchanged} unchanged" in output
    assert imported(other) == LINES


def run_twice(words: Sequence[str], committed: Callable[[], int]) -> tuple[int, str]:
    """Run an import until something is committed, and again; return the number, and the output of the second one."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as killed:  # noqa: S603  slotmcp itself
        until(lambda: committed() > 0, "a batch is committed")
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    before = committed()
    again = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603  slotmcp itself
    return before, again.stdout
