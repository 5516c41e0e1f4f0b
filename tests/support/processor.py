"""Processor time of a process, which a busy machine does not stretch as it stretches delays."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_NS_PER_MS: Final = 1_000_000


def cpu_ms(pid: int) -> float:
    """Return the processor time of a process's main thread, which runs a server's event loop."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[0]) / _NS_PER_MS


def family_cpu_ms(pid: int) -> float:
    """Return the processor time of a process and its children, also of those that have ended."""
    _, own_ticks, ended_ticks = _stat(pid)
    total_ticks = own_ticks + ended_ticks
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended meanwhile
            parent, ticks, _ = _stat(int(folder.name))
            total_ticks += ticks if parent == pid else 0
    return total_ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, int, int]:
    """Return the parent of a process, its ticks, and those of its children that have ended."""
    facts = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    user, system, ended_user, ended_system = map(int, facts[11:15])
    return int(facts[1]), user + system, ended_user + ended_system
