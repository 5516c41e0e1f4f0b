"""Import and export of 100,000 bookings by the command line, against JSON and sqlite3 alone."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import scratch_folder
from support.big_file import BUSINESS, booking_keys
from support.http_server import TESTS

BOOKINGS = 100_000
START = datetime(2027, 1, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that a process used."""

    cpu_ms: float
    peak_mb: float


def rows() -> list[Benchmark]:
    """Return the rows: processor time and memory of an import and of an export."""
    return [row for command in ("import", "export") for row in (_time_row(command), _memory_row(command))]


def _time_row(command: str) -> Benchmark:
    return Benchmark(
        name=f"file-{command}-sqlite",
        measures=f"processor time of slotmcp {command} with {BOOKINGS:,} bookings in a file of their own",
        floor="JSON lines and sqlite3 alone",
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=None,
        measure=lambda effort: _measure(effort, command, lambda usage: usage.cpu_ms),
    )


def _memory_row(command: str) -> Benchmark:
    return Benchmark(
        name=f"file-{command}-sqlite-memory",
        measures=f"peak memory of slotmcp {command} with {BOOKINGS:,} bookings in a file of their own",
        floor="JSON lines and sqlite3 alone",
        unit=Measure.MB,
        ratio=Ratio.AMOUNT,
        target=None,
        measure=lambda effort: _measure(effort, command, lambda usage: usage.peak_mb),
    )


def _measure(effort: Effort, command: str, figure: Callable[[Usage], float]) -> Sequence[Pair]:
    with scratch_folder() as folder:
        project, bookings = folder / "big.yaml", folder / "big.jsonl"
        project.write_text(BUSINESS, encoding="utf-8")
        with bookings.open("wb") as file:
            file.writelines(map(_line, range(round(BOOKINGS * effort.calls))))
        floor = _floor(folder, "import", bookings)
        ours = _ours(folder, "import", str(project), "--bookings", str(bookings))
        if command == "export":
            exported = folder / "exported.jsonl"
            floor = _floor(folder, "export", folder / "floor.jsonl")
            ours = _ours(folder, "export", "big", "--bookings", str(exported))
            if exported.read_bytes() != bookings.read_bytes():
                raise RuntimeError("the exported bookings differ from the imported ones")
        return [Pair(figure(floor), figure(ours))]


def _line(number: int) -> bytes:
    return orjson.dumps(booking_keys(number, START)) + b"\n"


def _floor(folder: Path, command: str, file: Path) -> Usage:
    return _usage(["benchmarks.large_file_floor", command, str(file), str(folder / "floor.db")], {})


def _ours(folder: Path, *words: str) -> Usage:
    return _usage(["slotmcp", *words], {"SLOTMCP_DATABASE_URL": f"sqlite:///{folder / 'slots.db'}"})


_MEASURED = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print((usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024)
"""
"""Program that runs a command and prints its usage. A direct child would begin with the peak of this process."""


def _usage(module: Sequence[str], variables: dict[str, str]) -> Usage:
    """Run a module in a process of its own."""
    ended = subprocess.run(  # noqa: S603  slotmcp itself, or its floor
        [sys.executable, "-c", _MEASURED, sys.executable, "-m", *module],
        env={**os.environ, **variables},
        cwd=TESTS,
        check=True,
        capture_output=True,
    )
    cpu_ms, peak_mb = map(float, ended.stdout.split())
    return Usage(cpu_ms, peak_mb)
