"""Processor time of a process, which a busy machine does not stretch as it stretches delays."""

from pathlib import Path
from typing import Final

_NS_PER_MS: Final = 1_000_000


def cpu_ms(pid: int) -> float:
    """Return the processor time of a process's main thread, which runs a server's event loop."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[0]) / _NS_PER_MS
