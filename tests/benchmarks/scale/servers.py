"""Measured servers: `slotmcp http` with any number of workers over a database that was filled before NOW."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.schedules import NOW_MS
from support.http_server import TESTS, HttpServer, serving

SHIFT_MS: Final = "BENCHMARK_CLOCK_SHIFT_MS"
"""Environment variable with the shift of the clock of measured processes."""
SLOTMCP: Final = (sys.executable, "-m", "benchmarks.scale.clocked_server")
UNLIMITED: Final = {
    "rate_limit_per_call": "0",
    "rate_limit_per_key": "0",
    "max_holds_per_credential": "0",
    "max_connections_per_peer": "0",
    "database_timeout_seconds": "60",
}
_NS_PER_MS: Final = 1_000_000
_KB_PER_MB: Final = 1000


@contextmanager
def measured_server(url: str, *, workers: int = 1) -> Iterator[HttpServer]:
    """Run a server over a database until the block ends. Any request may do everything."""
    _share_shift()
    command = (*SLOTMCP, "http", "--port", "0", "--workers", str(workers), "--no-auth", "--toolset", "operator")
    with serving(Path("unused"), command=command, database_url=url, **UNLIMITED) as server:
        yield server


def start_command(url: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a command of slotmcp over a database, on the same clock as the servers."""
    _share_shift()
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": url}
    return subprocess.Popen([*SLOTMCP, *arguments], env=environment, cwd=TESTS, stdout=subprocess.DEVNULL)  # noqa: S603  slotmcp itself


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1.024 / _KB_PER_MB


@cache
def _share_shift() -> None:
    """Give all processes that are started from now on the same clock, at which it is NOW."""
    os.environ[SHIFT_MS] = str(NOW_MS - time.time_ns() // _NS_PER_MS)
