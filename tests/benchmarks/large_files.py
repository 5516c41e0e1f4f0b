"""Check, import and export of 100,000 bookings by the command line, against JSON and the database's driver alone."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.benchmark import Benchmark, Effort, Measure, Pair, Ratio
from benchmarks.files import RESULTS, scratch_folder
from support.big_file import BUSINESS, booking_keys
from support.http_server import TESTS
from support.postgres_databases import Databases
from support.postgres_server import started_server
from support.processor import family_cpu_ms

BOOKINGS = 100_000
START = datetime(2027, 1, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that a command used."""

    cpu_ms: float
    """Processor time of its process, and of the database server if there is one."""
    peak_mb: float
    """Peak memory of its process."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Databases of one measurement."""

    url: str
    floor: str
    """Database of the floor: a path or a URL."""
    server_ms: Callable[[], float] = lambda: 0.0
    """Processor time of the server so far."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Kind of database."""

    name: str
    driver: str
    processes: str
    """Processes whose time is counted."""
    opening: Callable[[Path], AbstractContextManager[_Place]]


@contextmanager
def _on_sqlite(folder: Path) -> Iterator[_Place]:
    yield _Place(f"sqlite:///{folder / 'slots.db'}", str(folder / "floor.db"))


@contextmanager
def _on_postgres(_: Path) -> Iterator[_Place]:
    with started_server(fsync=True, parent=RESULTS) as server:  # the user of the server cannot enter the other folder
        databases = Databases(server.url("postgres"))
        yield _Place(databases.create("ours"), databases.create("floor"), lambda: family_cpu_ms(server.pid))


_SQLITE = _Kind("sqlite", "sqlite3", "", _on_sqlite)
_POSTGRES = _Kind("postgres", "asyncpg", " and of the database server", _on_postgres)


def rows() -> list[Benchmark]:
    """Return the rows: processor time and memory of a check, and of an import and an export on each database."""
    return [
        row
        for kind, commands in ((_SQLITE, ("import", "export", "check")), (_POSTGRES, ("import", "export")))
        for command in commands
        for row in (_time_row(kind, command), _memory_row(kind, command))
    ]


def _name(kind: _Kind, command: str) -> str:
    return "file-check" if command == "check" else f"file-{command}-{kind.name}"


def _floor_name(kind: _Kind, command: str) -> str:
    return f"JSON lines {'' if command == 'check' else f'and {kind.driver} '}alone"


def _time_row(kind: _Kind, command: str) -> Benchmark:
    return Benchmark(
        name=_name(kind, command),
        measures=f"processor time of slotmcp {command}{kind.processes} with {BOOKINGS:,} bookings in a file",
        floor=_floor_name(kind, command),
        unit=Measure.MS,
        ratio=Ratio.COST,
        target=None,
        measure=lambda effort: _measure(effort, kind, command, lambda usage: usage.cpu_ms),
        is_long=kind is _POSTGRES,
    )


def _memory_row(kind: _Kind, command: str) -> Benchmark:
    return Benchmark(
        name=f"{_name(kind, command)}-memory",
        measures=f"peak memory of slotmcp {command} with {BOOKINGS:,} bookings in a file of their own",
        floor=_floor_name(kind, command),
        unit=Measure.MB,
        ratio=Ratio.AMOUNT,
        target=None,
        measure=lambda effort: _measure(effort, kind, command, lambda usage: usage.peak_mb),
        is_long=kind is _POSTGRES,
    )


def _measure(effort: Effort, kind: _Kind, command: str, figure: Callable[[Usage], float]) -> Sequence[Pair]:
    with scratch_folder() as folder, kind.opening(folder) as place:
        project, bookings = folder / "big.yaml", folder / "big.jsonl"
        project.write_text(BUSINESS, encoding="utf-8")
        with bookings.open("wb") as file:
            file.writelines(map(_line, range(round(BOOKINGS * effort.calls))))
        first = "check" if command == "check" else "import"
        floor = _floor(place, first, bookings)
        ours = _ours(place, first, str(project), "--bookings", str(bookings))
        if command == "export":
            exported = folder / "exported.jsonl"
            floor = _floor(place, "export", folder / "floor.jsonl")
            ours = _ours(place, "export", "big", "--bookings", str(exported))
            if exported.read_bytes() != bookings.read_bytes():
                raise RuntimeError("the exported bookings differ from the imported ones")
        return [Pair(figure(floor), figure(ours))]


def _line(number: int) -> bytes:
    return orjson.dumps(booking_keys(number, START)) + b"\n"


def _floor(place: _Place, command: str, file: Path) -> Usage:
    return _usage(place, ["benchmarks.large_file_floor", command, str(file), place.floor], {})


def _ours(place: _Place, *words: str) -> Usage:
    return _usage(place, ["slotmcp", *words], {"SLOTMCP_DATABASE_URL": place.url})


_MEASURED = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print((usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024)
"""
"""Program that runs a command and prints its usage. A direct child would begin with the peak of this process."""


def _usage(place: _Place, module: Sequence[str], variables: dict[str, str]) -> Usage:
    """Run a module in a process of its own."""
    server_ms = place.server_ms()
    ended = subprocess.run(  # noqa: S603  slotmcp itself, or its floor
        [sys.executable, "-c", _MEASURED, sys.executable, "-m", *module],
        env={**os.environ, **variables},
        cwd=TESTS,
        check=True,
        capture_output=True,
    )
    cpu_ms, peak_mb = map(float, ended.stdout.split())
    return Usage(cpu_ms + place.server_ms() - server_ms, peak_mb)
