"""`python -m benchmarks.clocked MS MODULE [ARGUMENTS]`: run a module in a process whose wall clock is shifted by MS.

The clock runs on, so that the server behaves as usual. Its monotonic clock is unchanged. The module may be that of an
older revision, so only the standard library is used.
"""

import runpy
import sys
import time
from typing import Final

_NS_PER_MS: Final = 1_000_000


def clocked(*command: str, now_ms: int) -> list[str]:
    """Return a command that runs a module with its arguments, and whose clock is at a time now."""
    return [sys.executable, "-m", "benchmarks.clocked", str(now_ms - time.time_ns() // _NS_PER_MS), *command]


def shift_clock(shift_ms: int) -> None:
    """Shift the time of day of this process. Its monotonic clock is unchanged."""
    shift_ns, time_ns = shift_ms * _NS_PER_MS, time.time_ns
    time.time_ns = lambda: time_ns() + shift_ns
    time.time = lambda: (time_ns() + shift_ns) / 1_000_000_000


def main() -> None:
    """Shift the clock, and run the module."""
    shift_clock(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
