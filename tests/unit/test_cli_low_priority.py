"""An import reads its files at low priority, and writes at the usual one. Linux has a priority per thread."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slotmcp.cli.common import LOW_PRIORITY, run_at_low_priority
from support.until import until

BUSINESS = "{project: {id: p, name: P, timezone: UTC}, services: [{id: s, name: S, durationMinutes: 60}]}"


def niceness() -> int:
    """Return the niceness of the calling thread."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def niceness_of_threads(pid: int) -> list[int]:
    """Return the niceness of each thread of a process, the lowest first."""
    stats = [path.read_text().rpartition(")")[2].split() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return sorted(int(stat[16]) for stat in stats)


def test_work_runs_at_low_priority_and_its_caller_goes_on_at_the_usual_one() -> None:
    usual = niceness()
    assert run_at_low_priority(niceness) == max(usual, LOW_PRIORITY)
    assert niceness() == usual


@pytest.mark.parametrize("error", [ValueError("a"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_the_caller_gets_an_error_of_the_work(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        run_at_low_priority(work)
    assert raised.value is error


def test_an_import_reads_its_files_at_low_priority(tmp_path: Path) -> None:
    """The command waits for the content of a pipe."""
    file, bookings = tmp_path / "p.yaml", tmp_path / "p.jsonl"
    file.write_text(BUSINESS)
    os.mkfifo(bookings)
    words = [sys.executable, "-m", "slotmcp", "import", str(file), "--bookings", str(bookings)]
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{tmp_path / 'p.db'}"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE) as importing:  # noqa: S603  slotmcp itself
        expected = [niceness(), max(niceness(), LOW_PRIORITY)]
        until(lambda: niceness_of_threads(importing.pid) == expected, "a second thread runs at low priority")
        importing.kill()
