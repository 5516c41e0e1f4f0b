"""Memory of processes."""

from pathlib import Path
from typing import Final

_KB_PER_MB: Final = 1000


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1.024 / _KB_PER_MB
