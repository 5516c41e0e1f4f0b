"""The demo with a dashboard: alive in a minute, and gone without a trace."""

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
from slotmcp.demo.sunrise import PROJECT_ID, morning_zone, sunrise_plan, sunrise_text
from slotmcp.project_file import read_project_file
from support.command_line import Run
from support.keyboard import ignoring_ctrl_c, receiving_ctrl_c

LIMIT_SECONDS = 60
ENDS_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo, as a person runs it in an empty folder."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def callers_seen(self, at_least: int) -> int:
        """Whom the dashboard counts today, once there are as many, for whoever has typed the key."""
        until = monotonic() + LIMIT_SECONDS
        with httpx2.Client(timeout=LIMIT_SECONDS, follow_redirects=True) as browser:
            assert browser.post(f"{self.url}/login", data={"key": self.key}).status_code == 200
            while True:
                strip = browser.get(f"{self.url}/{PROJECT_ID}/today").text
                seen = int(re.sub(r"<[^>]+>", " ", strip).split()[0])
                if seen >= at_least or monotonic() > until:
                    return seen

    def ended_by(self, number: signal.Signals) -> tuple[int, str]:
        """Send it a signal; its exit code and what it complained of, once it has ended, soon enough."""
        began = monotonic()
        self.process.send_signal(number)
        _, problems = self.process.communicate(timeout=LIMIT_SECONDS)
        assert monotonic() - began < ENDS_SECONDS
        return self.process.returncode, problems

    def next_line(self) -> str:
        """What it says next, without the space around."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def demonstrating(folder: Path, *options: str) -> Iterator[Demo]:
    environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "slotmcp", "demo", "--dashboard", *options]
    with subprocess.Popen(  # noqa: S603  ourselves
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3)]
            url, key = (line.split()[-1] for line in said[1:])
            yield Demo(process, url, key)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=LIMIT_SECONDS)


def test_it_is_called_and_seen_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with receiving_ctrl_c(), demonstrating(tmp_path) as demo:
        assert "Ctrl-C ends it" in (demo.next_line() or demo.next_line())
        told = re.fullmatch(
            r"(\d+) callers: (\d+) were offered a time, (\d+) held one, (\d+) booked.*", demo.next_line()
        )
        assert told is not None
        asked, offered, held, booked = map(int, told.groups())
        assert asked >= offered >= held >= booked > 0
        assert demo.callers_seen(asked) >= asked
        assert demo.ended_by(signal.SIGINT) == (0, "")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(demo.url)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_whoever_ends_it_in_the_background_leaves_nothing_behind_either(tmp_path: Path, number: signal.Signals) -> None:
    with ignoring_ctrl_c(), demonstrating(tmp_path) as demo:
        assert demo.ended_by(number) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told_in_a_sentence(slotmcp: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = slotmcp("demo", "--dashboard", "--port", str(taken.getsockname()[1]))
    assert ended.code == Exit.REFUSED
    assert "--port: " in ended.err
    assert "cannot be listened on; give another" in ended.err


def test_a_port_without_a_dashboard_is_wrong_usage(slotmcp: Run) -> None:
    ended = slotmcp("demo", "--port", "8000")
    assert ended.code == Exit.USAGE
    assert "goes with --dashboard" in ended.err


DAYS = [datetime(2026, *day, hour, tzinfo=UTC) for day in ((3, 29), (11, 26), (12, 25)) for hour in range(24)]


def test_at_any_hour_it_is_morning_there() -> None:
    hours = {now.astimezone(ZoneInfo(morning_zone(now))).hour for now in DAYS}
    assert hours <= {7, 8, 9, 10}


@pytest.mark.parametrize("now", [DAYS[0], DAYS[37], DAYS[71]])
def test_everybody_has_work_before_the_first_call(now: datetime) -> None:
    now_ms = int(now.timestamp()) * 1000
    assert read_project_file(sunrise_text(now_ms), source="sunrise.yaml", now_ms=now_ms).notes == ()
    plan = sunrise_plan(now_ms)
    assert all(one.customer for one in plan.bookings)
    there = ZoneInfo(plan.project.timezone)
    today = now.astimezone(there).date()
    claims = [one.claim for one in plan.bookings]
    busy_today = {one.technician_id for one in claims if datetime.fromtimestamp(one.start * 60, there).date() == today}
    assert busy_today == {one.id for one in plan.technicians}
