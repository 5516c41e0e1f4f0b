"""Reports that are computed in a process of their own."""

import asyncio
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from slotmcp.bootstrap import open_app, open_report_store
from slotmcp.domain.errors import NotFound, Unavailable
from slotmcp.services.reporting.computation import ReportJob, ThreadRunner, compute_report
from slotmcp.services.reporting.process_runner import NICENESS, JobClock, ProcessRunner
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.settings import Settings
from slotmcp.store.sqlite import SqliteStore
from support.http_server import TESTS
from support.shop import at, booking, plan, technician
from support.slow_reports import DAY, JOB, NEXT_DAY, compute_forever, runner_of, use_too_much_memory

KEY = urlsafe_b64encode(bytes(range(32))).decode()
REQUEST = ReportRequest(project_id="shop", first_day=DAY, end_day=NEXT_DAY)
BUSINESS = plan(technician("ana", "09:00-12:00"), bookings=[booking("b", "ana", at("10:00"))])


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """Settings of a file with encrypted fields and the business."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'shop.db'}", encryption_keys=(KEY,))
    await import_business(settings)
    return settings


async def import_business(settings: Settings) -> None:
    async with open_app(settings) as app:
        await app.projects.import_project(BUSINESS, prune=False)


async def check_same_reports(settings: Settings) -> None:
    """Compare the reports of a process of its own with those of a thread."""
    async with open_app(settings) as usual, open_app(settings, isolates_reports=True) as isolated:
        expected = await usual.reports.report_with_gaps(REQUEST)
        metrics, gaps = await isolated.reports.report_with_gaps(REQUEST)
        assert (metrics.report, gaps.gaps) == (expected[0].report, expected[1].gaps)
        assert metrics.report.utilization[0].booked_minutes > 0
        assert (await isolated.reports.get_metrics(REQUEST)).report == metrics.report
        assert (await isolated.reports.gaps(REQUEST)).gaps == gaps.gaps
        runner = isolated.reports._runner  # noqa: SLF001
        assert isinstance(runner, ProcessRunner)
        process = runner.process
        assert process is not None
        assert KEY.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()  # noqa: ASYNC240
        assert os.getpriority(os.PRIO_PROCESS, process.pid or 0) >= NICENESS
    assert process.exitcode is not None


async def test_reports_of_a_process_of_its_own_are_the_same(settings: Settings) -> None:
    await check_same_reports(settings)


async def test_reports_of_a_process_of_its_own_are_the_same_on_postgresql(postgres_url: str) -> None:
    settings = Settings(database_url=postgres_url, encryption_keys=(KEY,))
    await import_business(settings)
    await check_same_reports(settings)


async def test_a_database_in_memory_has_no_process() -> None:
    async with open_app(Settings().in_memory(), isolates_reports=True) as app:
        assert isinstance(app.reports._runner, ThreadRunner)  # noqa: SLF001


async def test_a_report_in_a_thread_reads_no_schedule_that_is_cached(settings: Settings) -> None:
    async with open_app(settings) as app, open_report_store(settings, JobClock()) as store:
        reports = app.reports.computed_by(ThreadRunner(store))
        metrics, gaps = await reports.report_with_gaps(REQUEST)
        assert (await reports.get_metrics(REQUEST)).report == metrics.report
        assert await reports.gaps(REQUEST) == gaps
        assert isinstance(store, SqliteStore)
        assert store._schedules.get("shop") is None  # noqa: SLF001  a store keeps what it has read


async def test_errors_are_the_same_and_end_no_later_report(settings: Settings) -> None:
    runner, unknown = runner_of(settings), ReportJob(project_id="nowhere", period=JOB.period, now_ms=0)
    async with open_report_store(settings, JobClock()) as store:
        with pytest.raises(NotFound) as expected:
            await ThreadRunner(store).run(unknown, compute_report)
    with pytest.raises(NotFound) as raised:
        await runner.run(unknown, compute_report)
    assert (str(raised.value), vars(raised.value)) == (str(expected.value), vars(expected.value))
    with pytest.raises(Unavailable, match="memory"):
        await runner.run(JOB, use_too_much_memory)
    assert (await runner.run(JOB, compute_report)).project_id == "shop"
    canceled = asyncio.create_task(runner.run(JOB, compute_forever))
    await asyncio.sleep(0)
    canceled.cancel()
    with suppress(asyncio.CancelledError):
        await canceled
    assert runner.process is None
    assert (await runner.run(JOB, compute_report)).project_id == "shop"
    runner.close()


async def test_a_report_that_takes_too_long_is_refused(settings: Settings) -> None:
    runner = runner_of(settings, max_seconds=0.2)
    with pytest.raises(Unavailable, match="took more than"):
        await runner.run(JOB, compute_forever)
    assert runner.process is None


def test_the_process_ends_with_a_server_that_is_killed(settings: Settings) -> None:
    code = f"import asyncio; from support.slow_reports import hang; asyncio.run(hang({settings.database_url!r}))"
    environment = {**os.environ, "SLOTMCP_ENCRYPTION_KEYS": KEY}
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, cwd=TESTS, env=environment, stdout=subprocess.PIPE) as server:  # noqa: S603
        assert server.stdout is not None
        assert server.stdout.readline() == b"computing\n"
        server.kill()
        assert server.stdout.read() == b"", "the process that computes closed it, too"


async def test_an_idle_process_ends(settings: Settings) -> None:
    runner = ProcessRunner(partial(open_report_store, settings), idle_seconds=0)
    await runner.run(JOB, compute_report)
    await until_none(runner)


async def until_none(runner: ProcessRunner) -> None:
    while runner.process is not None:  # noqa: ASYNC110  a timer ends it
        await asyncio.sleep(0.01)
