"""Pace of an import: small batches and long pauses while others are written, large and quick ones otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from slotmcp.services.batch_pace import (
    BATCH_SECONDS,
    BUSY_SECONDS,
    COMMIT_SHARE,
    DISK_PAUSE,
    LARGE_BATCH_ROWS,
    LOCK_PAUSE,
    MAX_BATCH_ROWS,
    MIN_BATCH_ROWS,
    QUIET_PAUSE_SECONDS,
    SOLE_BATCH_ROWS,
    BatchPace,
)
from slotmcp.services.unit_of_work import UnitOfWork
from support.shop import Shop, open_shop, plan, technician
from support.wrapped_store import T, WrappedStore

SHOP = plan(technician("ana", "09:00-12:00"))
OTHER = plan(technician("ben", "09:00-12:00"), id="other")


@dataclass(slots=True)
class HandTime:
    """Clock that only the test moves, and the pauses that were made."""

    seconds: float = 1_000.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Return the time in seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Move the clock, and record the pause."""
        self.pauses.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


class SlowStore(WrappedStore):
    """Store with a lock that takes time to get, and commits that take time."""

    time: HandTime
    wait_seconds = commit_seconds = 0.0

    async def write(self, project_id: str, unit: Callable[..., Awaitable[T]], *, create: bool = False) -> T:
        self.time.seconds += self.wait_seconds
        result = await super().write(project_id, unit, create=create)
        self.time.seconds += self.commit_seconds
        return result


@dataclass(slots=True)
class Importing:
    """Pace of an import into one of two projects."""

    pace: BatchPace
    time: HandTime
    store: SlowStore
    shop: Shop
    revision: int = 0

    async def write_other(self) -> None:
        """Write to the other project."""
        self.revision += 1
        renamed = replace(OTHER.project, name=f"Name {self.revision}")
        await self.shop.store.write("other", lambda transaction: transaction.save_project(renamed))

    async def write_batch(self, rows: int, *, seconds: float, commit: float = 0.0, wait: float = 0.0) -> float:
        """Write a batch whose rows take this long; return the pause after it."""
        self.store.wait_seconds, self.store.commit_seconds = wait, commit

        async def work(_: UnitOfWork) -> None:
            self.time.seconds += seconds

        await self.pace.write(work, rows=rows)
        return self.time.pauses[-1]


def importing_into(shop: Shop, *, is_new: bool = False) -> Importing:
    """Return an import into the first project of a shop."""
    store, time = SlowStore(shop.store), HandTime()
    store.time = time
    writer = replace(shop.app.projects._writer, store=store)  # noqa: SLF001  as the app does it
    pace = BatchPace(writer, SHOP.project.id, is_new=is_new, now=time.now, sleep=time.sleep)
    return Importing(pace, time, store, shop)


@pytest.fixture
async def importing(tmp_path: Path) -> AsyncIterator[Importing]:
    async with open_shop(tmp_path / "shop.db", SHOP) as shop:
        await shop.app.projects.import_project(OTHER, prune=False)
        yield importing_into(shop)


@pytest.fixture
async def busy(importing: Importing) -> Importing:
    """Import that has noticed a write to the other project."""
    await importing.write_batch(LARGE_BATCH_ROWS, seconds=0.02)
    await importing.write_other()
    await importing.write_batch(LARGE_BATCH_ROWS, seconds=0.02)
    return importing


async def test_an_import_that_is_alone_writes_large_batches_with_short_pauses(importing: Importing) -> None:
    for _ in range(3):
        assert importing.pace.rows == LARGE_BATCH_ROWS
        assert await importing.write_batch(LARGE_BATCH_ROWS, seconds=0.5, commit=0.5) == QUIET_PAUSE_SECONDS


@pytest.mark.parametrize("is_new", [True, False])
async def test_only_a_new_project_without_others_is_written_without_pauses(tmp_path: Path, *, is_new: bool) -> None:
    async with open_shop(tmp_path / "shop.db", SHOP) as shop:
        alone = importing_into(shop, is_new=is_new)
        assert alone.pace.rows == LARGE_BATCH_ROWS, "it is not known yet whether there are others"
        rows, pause = (SOLE_BATCH_ROWS, 0) if is_new else (LARGE_BATCH_ROWS, QUIET_PAUSE_SECONDS)
        assert await alone.write_batch(1, seconds=0.01) == pause
        assert alone.pace.rows == rows
        await shop.app.projects.import_project(OTHER, prune=False)
        assert await alone.write_batch(rows, seconds=0.01) > QUIET_PAUSE_SECONDS
        assert alone.pace.rows <= MAX_BATCH_ROWS


async def test_its_own_writes_and_reads_of_others_are_not_writes_of_others(importing: Importing) -> None:
    renamed = replace(SHOP.project, name="Another")
    await importing.write_batch(1, seconds=0.01)
    await importing.shop.store.write(SHOP.project.id, lambda transaction: transaction.save_project(renamed))
    await importing.shop.store.schedule("other")
    await importing.write_batch(1, seconds=0.01)
    assert importing.pace.rows == LARGE_BATCH_ROWS


@pytest.mark.parametrize(
    ("rows", "seconds", "expected"),
    [
        (20, BATCH_SECONDS, 20),
        (30, 2 * BATCH_SECONDS, 15),
        (15, BATCH_SECONDS / 2, 30),
        (LARGE_BATCH_ROWS, 10 * BATCH_SECONDS, 20),
        (20, 100 * BATCH_SECONDS, MIN_BATCH_ROWS),
        (20, BATCH_SECONDS / 100, MAX_BATCH_ROWS),
        (20, 0.0, MAX_BATCH_ROWS),
    ],
)
async def test_a_batch_has_as_many_rows_as_fit_in_its_time(
    busy: Importing, rows: int, seconds: float, expected: int
) -> None:
    """Neither the wait for the lock nor a quick commit depends on the rows."""
    await busy.write_batch(rows, seconds=seconds, commit=BATCH_SECONDS, wait=2.0)
    assert busy.pace.rows == expected


async def test_a_batch_has_more_rows_if_commits_are_slow(busy: Importing) -> None:
    await busy.write_batch(10, seconds=BATCH_SECONDS, commit=3 * BATCH_SECONDS / COMMIT_SHARE)
    assert busy.pace.rows == 30


@pytest.mark.parametrize(
    "held", [LOCK_PAUSE.min_seconds / LOCK_PAUSE.factor, 0.004, LOCK_PAUSE.max_seconds / LOCK_PAUSE.factor]
)
async def test_a_pause_is_proportional_to_the_time_the_lock_was_held(busy: Importing, held: float) -> None:
    pause = await busy.write_batch(20, seconds=held / 4, commit=held * 3 / 4, wait=2.0)
    assert pause == pytest.approx(LOCK_PAUSE.factor * held)


@pytest.mark.parametrize(("held", "expected"), [(0.0, LOCK_PAUSE.min_seconds), (1.0, LOCK_PAUSE.max_seconds)])
async def test_a_pause_is_neither_too_short_nor_too_long(busy: Importing, held: float, expected: float) -> None:
    assert await busy.write_batch(20, seconds=held) == expected


async def test_the_import_is_fast_again_when_the_others_are_done(busy: Importing) -> None:
    noticed = busy.time.seconds - busy.time.pauses[-1]
    while busy.time.seconds < noticed + BUSY_SECONDS:
        assert busy.pace.rows <= MAX_BATCH_ROWS
        await busy.write_batch(busy.pace.rows, seconds=0.001)
    assert busy.pace.rows == LARGE_BATCH_ROWS
    assert await busy.write_batch(LARGE_BATCH_ROWS, seconds=0.02) == QUIET_PAUSE_SECONDS


async def test_it_stays_slow_while_the_others_go_on(busy: Importing) -> None:
    end = busy.time.seconds + 3 * BUSY_SECONDS
    while busy.time.seconds < end:
        await busy.write_other()
        await busy.write_batch(busy.pace.rows, seconds=0.01)
        assert busy.pace.rows <= MAX_BATCH_ROWS


async def test_the_first_batch_after_a_quiet_time_is_not_larger_than_what_fits(importing: Importing) -> None:
    """The rate of the large batches is known, so that the first small one does not take too long."""
    await importing.write_batch(LARGE_BATCH_ROWS, seconds=BATCH_SECONDS * LARGE_BATCH_ROWS / 15)
    await importing.write_other()
    await importing.write_batch(LARGE_BATCH_ROWS, seconds=BATCH_SECONDS * LARGE_BATCH_ROWS / 15)
    assert importing.pace.rows == 15


class ProjectLocks(SlowStore):
    """Store in which each project has a lock of its own, as in PostgreSQL."""

    locks_all_projects = False


@pytest.mark.parametrize(
    ("held", "expected"),
    [(0.0, DISK_PAUSE.min_seconds), (0.05, DISK_PAUSE.factor * 0.05), (60.0, DISK_PAUSE.max_seconds)],
)
async def test_with_a_lock_for_each_project_batches_stay_large_and_pauses_are_long(
    importing: Importing, held: float, expected: float
) -> None:
    """Commits wait for each other, so few large ones delay the others least."""
    store = ProjectLocks(importing.shop.store)
    store.time = importing.time
    writer = replace(importing.shop.app.projects._writer, store=store)  # noqa: SLF001  as the app does it
    pace = BatchPace(writer, SHOP.project.id, now=importing.time.now, sleep=importing.time.sleep)
    own = replace(importing, pace=pace, store=store)
    await own.write_batch(LARGE_BATCH_ROWS, seconds=0.02)
    await own.write_other()
    assert await own.write_batch(LARGE_BATCH_ROWS, seconds=held) == pytest.approx(expected)
    assert own.pace.rows == LARGE_BATCH_ROWS
