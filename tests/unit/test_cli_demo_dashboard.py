"""Dashboard demo with real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import httpx2
import pytest

from slotmcp.cli.exits import Exit
from slotmcp.demo.sample_business import PROJECT_ID, morning_zone, sample_business_text, sample_plan
from slotmcp.project_file import read_project_file
from support.command_line import Run
from support.keyboard import ignoring_ctrl_c, receiving_ctrl_c

TIMEOUT_SECONDS = 60
STOP_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Demo:
    """Demo process in an empty folder."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def callers_today(self, at_least: int) -> int:
        """Return the dashboard's count of callers, once it is high enough."""
        deadline = monotonic() + TIMEOUT_SECONDS
        with httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as browser:
            assert browser.post(f"{self.url}/login", data={"key": self.key}).status_code == 200
            while True:
                page = browser.get(f"{self.url}/{PROJECT_ID}/today").text
                callers = int(re.sub(r"<[^>]+>", " ", page).split()[0])
                if callers >= at_least or monotonic() > deadline:
                    return callers

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and the errors once the process has ended in time."""
        start = monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=TIMEOUT_SECONDS)
        assert monotonic() - start < STOP_SECONDS
        return self.process.returncode, errors

    def next_line(self) -> str:
        """Return the next line of output, stripped."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "slotmcp", "demo", "--dashboard", *options]
    with subprocess.Popen(  # noqa: S603  slotmcp itself
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            url, key = (line.split()[-1] for line in lines[1:])
            yield Demo(process, url, key)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=TIMEOUT_SECONDS)


def test_the_demo_simulates_calls_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with receiving_ctrl_c(), running_demo(tmp_path) as demo:
        assert "Press Ctrl-C to stop" in (demo.next_line() or demo.next_line())
        counts = re.fullmatch(
            r"(\d+) callers: (\d+) were offered a time, (\d+) held one, (\d+) booked.*", demo.next_line()
        )
        assert counts is not None
        callers, offered, held, booked = map(int, counts.groups())
        assert callers >= offered >= held >= booked > 0
        assert demo.callers_today(callers) >= callers
        assert demo.stop(signal.SIGINT) == (0, "")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(demo.url)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_in_the_background_stops_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    with ignoring_ctrl_c(), running_demo(tmp_path) as demo:
        assert demo.stop(number) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_reported(slotmcp: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = slotmcp("demo", "--dashboard", "--port", str(taken.getsockname()[1]))
    assert ended.code == Exit.REFUSED
    assert "--port: " in ended.err
    assert "give another port" in ended.err


def test_a_port_without_a_dashboard_is_a_usage_error(slotmcp: Run) -> None:
    ended = slotmcp("demo", "--port", "8000")
    assert ended.code == Exit.USAGE
    assert "requires --dashboard" in ended.err


DAYS = [datetime(2026, *day, hour, tzinfo=UTC) for day in ((3, 29), (11, 26), (12, 25)) for hour in range(24)]


def test_the_business_is_where_it_is_morning() -> None:
    hours = {now.astimezone(ZoneInfo(morning_zone(now))).hour for now in DAYS}
    assert hours <= {7, 8, 9, 10}


@pytest.mark.parametrize("now", [DAYS[0], DAYS[37], DAYS[71]])
def test_every_technician_has_bookings_before_the_first_call(now: datetime) -> None:
    now_ms = int(now.timestamp()) * 1000
    assert read_project_file(sample_business_text(now_ms), source="sample_business.yaml", now_ms=now_ms).notes == ()
    plan = sample_plan(now_ms)
    assert all(booking.customer for booking in plan.bookings)
    zone = ZoneInfo(plan.project.timezone)
    today = now.astimezone(zone).date()
    claims = [booking.claim for booking in plan.bookings]
    busy_today = {
        claim.technician_id for claim in claims if datetime.fromtimestamp(claim.start * 60, zone).date() == today
    }
    assert busy_today == {technician.id for technician in plan.technicians}
